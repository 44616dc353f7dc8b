"""Sending a ballot whoever signed it: a key's is taken at once, one for a contract to confirm waits."""

from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, transaction

from journal.locks import BALLOTS, wait_for_lock
from journal.refusal import Refusal
from votes.actions.ballots import (
    TRIGGER,
    Examined,
    Receipted,
    check_follows,
    check_phase,
    check_power,
    examine,
    receipt_of,
    take,
)
from votes.models import Ballot, Cycle, Verdict, WaitingBallot, WaitingProgress, WaitingReason, waiting_key
from votes.record.ballot import Submission, reason_hash
from votes.refusals import refuse, status_of

_TRIGGER = {**TRIGGER, "TP011": "too_many_waiting"}
UNDECIDED = (
    "Whether the wallet confirms it was not known when the waiting ended, so the result goes without it."
)


def send_ballot(*, number: int, submission: Submission, at: datetime) -> Receipted | WaitingBallot:
    """Take a ballot, or let it wait for its wallet; the very same bytes again tell what became of it.

    Raises the refusals of design.md section 5, by name.
    """
    examined = examine(number=number, submission=submission, at=at)
    if examined.is_signed_by_key:
        return take(examined)
    if not examined.rules.waiting_seconds:
        raise refuse("bad_signature")
    waiting = _stored(examined) or _let_wait(examined, at)
    return state_of(waiting)


def state_of(waiting: WaitingBallot) -> Receipted | WaitingBallot:
    """The receipt of a waiting ballot that was accepted, itself while it waits. Raises what it was refused for."""
    verdict = verdict_of(waiting)
    if verdict is None:
        return waiting
    if verdict.outcome != "accepted":
        raise Refusal(verdict.name, verdict.words, status=status_of(verdict.name))
    ballots = Ballot.objects.select_related("cycle__announcement", "replaces", "blind")
    ballot = ballots.get(cycle=waiting.cycle_id, digest=waiting.digest)
    return receipt_of(ballot, ballot.cycle.announcement.rules)


def verdict_of(waiting: WaitingBallot) -> Verdict | None:
    return Verdict.objects.filter(waiting=waiting).first()


def _stored(examined: Examined) -> WaitingBallot | None:
    key = waiting_key(examined.digest, examined.submission.signature)
    return examined.cycle.waiting_ballots.filter(key=key).first()


def _let_wait(examined: Examined, at: datetime) -> WaitingBallot:
    try:
        return _append(examined, at)
    except Refusal as refusal:
        # Twins may have come in time, by a request that commits only now.
        with transaction.atomic():
            if refusal.name == "closed":
                wait_for_lock(BALLOTS, examined.cycle.pk)
            stored = _stored(examined)
        if stored is None:
            raise
        return stored


def _append(examined: Examined, at: datetime) -> WaitingBallot:
    cycle, signed = examined.cycle, examined.submission.ballot
    check_phase(cycle)
    check_power(cycle, signed.voter, examined.rules)
    newest = cycle.ballots.filter(voter=signed.voter).order_by("-sequence").first()
    if newest is not None and not cycle.is_sealed:  # nobody's wallet said yet that the voter may learn of it
        check_follows(newest, signed, examined.rules)
    signature = examined.submission.signature
    try:
        with transaction.atomic():
            waiting = WaitingBallot.objects.create(
                cycle=cycle,
                key=waiting_key(examined.digest, signature),
                voter=signed.voter,
                nonce=signed.nonce,
                options=examined.options,
                shares=[line.basis_points for line in signed.lines],
                reason_hash=reason_hash(signed.reason),
                digest=examined.digest,
                signature=signature,
            )
            WaitingProgress.objects.create(waiting=waiting, due_at=at)
            if signed.reason:
                WaitingReason.objects.create(waiting=waiting, text=signed.reason)
    except IntegrityError:
        stored = _stored(examined)
        if stored is None:
            raise
        return stored
    except DatabaseError as error:
        name = _TRIGGER.get(getattr(error.__cause__, "sqlstate", ""))
        if name is None:
            raise
        raise refuse(name) from error
    return waiting


def end_waiting(*, cycle: Cycle, at: datetime) -> bool:
    """Whether a closed cycle need not wait for any ballot any more; what is undecided at the last is written down.

    Called by the closing, which holds the ballots' lock exclusively: no verdict and no ballot comes beside it.
    """
    undecided = WaitingBallot.objects.filter(cycle=cycle).undecided()
    if not undecided.exists():
        return True
    if at < cycle.closes_at + timedelta(seconds=cycle.announcement.rules.waiting_seconds):
        return False
    Verdict.objects.bulk_create(
        Verdict(waiting=waiting, outcome="undecided", name="undecided", words=UNDECIDED)
        for waiting in undecided
    )
    return True
