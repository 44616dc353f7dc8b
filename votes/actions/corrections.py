"""A later version of a result: only where a check fails, with reason, actor and what it changes."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import transaction

from accounts.models import ADMIN, holds_role
from journal.actions import audit
from journal.locks import wait_for_lock
from journal.refusal import Refusal
from votes.actions.cancelling import check_reason
from votes.actions.closing import SETTLE, publish
from votes.actions.cycles import find_cycle
from votes.challenge_refusals import refuse
from votes.models import ContestResult, Correction, Cycle, Recomputation, Result
from votes.models.challenges import has_fault

Changes = list[dict[str, Any]]


def publish_version(*, number: int, reason: str, actor: str, at: datetime) -> Result:
    """Work a result out again by the code of the first version, and publish that as the next one.

    The window starts anew, and the new version is verified by itself. Old versions stay as they are. Raises Refusal:
    `no_reason`, `reason_too_long`, `not_an_admin`, `unknown_cycle`, `no_check_fails`, `nothing_changes`.
    """
    reason = check_reason(reason)
    if not holds_role(actor, ADMIN, at):
        raise Refusal("not_an_admin", "Only an admin publishes a new version.", status=403)
    cycle = find_cycle(number=number, at=at)
    with transaction.atomic():
        return _publish(cycle.pk, reason, actor, at)


def _publish(cycle_id: int, reason: str, actor: str, at: datetime) -> Result:
    wait_for_lock(SETTLE, cycle_id)
    cycle = Cycle.objects.at(at).select_related("announcement", "power__snapshot").get(pk=cycle_id)
    before = cycle.results.order_by("-version").first()
    if before is None or cycle.phase != "challenge" or not has_fault(before):
        raise refuse("no_check_fails")
    result = publish(cycle, version=before.version + 1, reason=reason, at=at)
    changes = changes_between(before, result)
    if not changes:
        raise refuse("nothing_changes")
    Correction.objects.create(result=result, actor=actor, changes=changes)
    Recomputation.objects.create(result=result, asked_at=at)
    audit(
        actor=actor,
        verb="publish_version",
        subject=f"cycle/{cycle.number}",
        before=f"version {before.version}",
        after=f"version {result.version}: {reason}",
        at=at,
    )
    return result


def changes_between(before: Result, after: Result) -> Changes:
    """What a version says otherwise than the one before: first the whole cycle, then each contest by each rule."""
    changes: Changes = []
    whole = _moved({"voters": before.voters, "power": before.power}, after)
    if whole:
        changes.append({"contest": None, "rule": None, "binding": True, "facts": whole, "options": []})
    earlier = {(row.contest_id, row.rule): row for row in _rows(before)}
    for row in _rows(after):
        change = _change(earlier.get((row.contest_id, row.rule)), row)
        if change["facts"] or change["options"]:
            changes.append(change)
    return changes


def _rows(result: Result) -> list[ContestResult]:
    rows = ContestResult.objects.filter(result=result).select_related("contest")
    return list(rows.prefetch_related("options__option").order_by("contest__position", "-is_binding", "pk"))


def _change(before: ContestResult | None, after: ContestResult) -> dict[str, Any]:
    names = ("outcome", "voters", "power", "parameter", "why", "is_binding")
    facts = _moved({name: getattr(before, name, None) for name in names}, after)
    was = {option.option_id: option for option in before.options.all()} if before else {}
    options = []
    for now in after.options.all():
        old = was.get(now.option_id)
        share, amount = (old.share, old.amount) if old else ("0", 0)
        if (share, amount) != (now.share, now.amount):
            moved = Fraction(now.share) - Fraction(share)
            options.append(
                {
                    "option": now.option.key,
                    "name": now.option.name,
                    "share": [share, now.share],
                    "amount": [str(amount), str(now.amount)],
                    "moved_share": str(moved),
                    "moved_amount": str(now.amount - amount),
                }
            )
    return {
        "contest": after.contest.key,
        "name": after.contest.name,
        "rule": after.rule,
        "binding": after.is_binding,
        "facts": facts,
        "options": options,
    }


def _moved(before: dict[str, Any], after: object) -> list[dict[str, Any]]:
    """The named facts that differ, as words."""
    return [
        {"fact": name, "before": str(was), "after": str(getattr(after, name))}
        for name, was in before.items()
        if was != getattr(after, name)
    ]
