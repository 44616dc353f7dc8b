"""Challenging a published result: whoever doubts it names a check, and the check answers."""

import hashlib
from datetime import datetime

from django.db import DatabaseError, IntegrityError, transaction

from journal.refusal import Refusal
from votes.actions.cycles import find_cycle
from votes.challenge_refusals import refuse
from votes.models import Challenge, OtherOutput, Recomputation, Result
from votes.models.challenges import window_ends
from votes.record.verify import CHECKS

MOST_BYTES = 20_000  # of what another implementation says
_TOO_LATE, _ONE_OPEN = "TP123", "TP124"  # what the trigger raises; see votes/migrations


def open_challenge(*, number: int, check: str, wallet: str, other: str = "", at: datetime) -> Challenge:
    """Challenge the newest result of a cycle at `check` (its name or number), with what another implementation says.

    Raises Refusal: `unknown_cycle`, `unknown_check`, `output_too_long`, `nothing_to_challenge`, `window_over`,
    `one_open_challenge`, `challenged_already`.
    """
    name, other = _name_of(check), other.strip()
    if len(other.encode()) > MOST_BYTES or "\0" in other:
        raise refuse("output_too_long", most=f"{MOST_BYTES:,}")
    result = _newest(number, at)
    if result.cycle.phase != "challenge" or at >= window_ends(result.cycle, result):
        raise refuse("window_over")
    try:
        with transaction.atomic():
            challenge = Challenge.objects.create(
                result=result,
                check_name=name,
                wallet=wallet,
                other_hash=hashlib.sha256(other.encode()).digest() if other else None,
                opened_at=at,
            )
            if other:
                OtherOutput.objects.create(challenge=challenge, text=other)
    except DatabaseError as error:
        raise _refusal_for(error, challenge_of(result, wallet, name)) from error
    return challenge


def challenge_of(result: Result, wallet: str, check: str) -> Challenge | None:
    """The wallet's challenge of a check, if there is one."""
    return Challenge.objects.filter(result=result, wallet=wallet, check_name=check).first()


def ask_again(*, number: int, at: datetime) -> Recomputation:
    """Ask, whoever one is, to have the newest result worked out again; one that waits already serves everybody.

    Raises Refusal: `unknown_cycle`, `nothing_to_challenge`.
    """
    result = _newest(number, at)
    waiting = Recomputation.objects.filter(result=result, answer__isnull=True).first()
    return waiting or Recomputation.objects.create(result=result, asked_at=at)


def _newest(number: int, at: datetime) -> Result:
    cycle = find_cycle(number=number, at=at)
    result = cycle.results.order_by("-version").first()
    if result is None:
        raise refuse("nothing_to_challenge")
    result.cycle = cycle
    return result


def _name_of(check: str) -> str:
    for known in CHECKS.values():
        if check in {known.name, str(known.number)}:
            return known.name
    raise refuse("unknown_check", most=len(CHECKS))


def _refusal_for(error: DatabaseError, earlier: Challenge | None) -> Refusal | DatabaseError:
    state = getattr(error.__cause__, "sqlstate", None)
    if state == _TOO_LATE:
        return refuse("window_over")
    if state == _ONE_OPEN:
        return refuse("one_open_challenge")
    if isinstance(error, IntegrityError) and earlier is not None:
        return refuse("challenged_already")
    return error
