"""Cancelling a cycle in public, until it opens or while a check of its record fails; the database decides which."""

from datetime import datetime

from django.db import DatabaseError, transaction

from accounts.models import ADMIN, holds_role
from journal.actions import audit
from journal.locks import BALLOTS, wait_for_lock
from journal.refusal import Refusal
from votes.actions.cycles import ANNOUNCE, find_cycle
from votes.models import Cancellation, Cycle
from votes.models.challenges import has_fault

LONGEST_REASON = 1_000
_TOO_LATE = "TP007"  # what the trigger raises; see votes/migrations
_OPENED = (
    "Voting has opened, and what people vote on is not called off: this cycle can no longer be cancelled, unless a"
    " numbered check of its record fails."
    " Nothing was changed."
)


def cancel_cycle(*, number: int, actor: str, reason: str, at: datetime) -> Cancellation:
    """Cancel a planned or announced cycle for a public `reason`, after the freezes of it that are due.

    Takes the ballots' lock exclusively: no ballot is accepted beside it, and of two admins one does it.
    Raises Refusal: `not_an_admin`, `no_reason`, `reason_too_long`, `unknown_cycle`, `already_cancelled`,
    `voting_has_opened`.
    """
    reason = check_reason(reason)
    if not holds_role(actor, ADMIN, at):
        raise Refusal("not_an_admin", "Only an admin cancels a cycle.", status=403)
    cycle = find_cycle(number=number, at=at)
    try:
        return _cancel(cycle.pk, actor, reason, at)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != _TOO_LATE:
            raise
        raise Refusal("voting_has_opened", _OPENED, status=409) from error


@transaction.atomic
def _cancel(cycle_id: int, actor: str, reason: str, at: datetime) -> Cancellation:
    wait_for_lock(ANNOUNCE, cycle_id)
    wait_for_lock(BALLOTS, cycle_id)
    cycle = Cycle.objects.at(at).get(pk=cycle_id)
    if cycle.phase == "cancelled":
        raise Refusal("already_cancelled", "This cycle is cancelled already; its page says why.", status=409)
    if not may_cancel(cycle, at):
        raise Refusal("voting_has_opened", _OPENED, status=409)
    cancellation = Cancellation.objects.create(cycle=cycle, cancelled_at=at, reason=reason, actor=actor)
    audit(
        actor=actor,
        verb="cancel_cycle",
        subject=f"cycle/{cycle.number}",
        before=cycle.phase,
        after=f"cancelled: {reason}",
        at=at,
    )
    return cancellation


def may_cancel(cycle: Cycle, at: datetime) -> bool:
    """Whether an admin may cancel a cycle: until voting opens, and later only while a check of its record fails."""
    if cycle.phase == "challenge":
        return has_fault(cycle.results.latest())
    return cycle.phase in {"planned", "announced"} and at < cycle.opens_at


def check_reason(reason: str) -> str:
    """A public reason as it is kept. Raises Refusal: `no_reason`, `reason_too_long`."""
    reason = reason.strip()
    if not reason:
        raise Refusal("no_reason", "Say why, in public: this is not done without a reason.")
    if len(reason) > LONGEST_REASON or "\0" in reason:
        raise Refusal("reason_too_long", f"A reason is plain text of at most {LONGEST_REASON} characters.")
    return reason
