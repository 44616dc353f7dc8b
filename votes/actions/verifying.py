"""Running the verifier over a result's record, and answering by it whatever was asked about that result."""

import hashlib
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from journal.actions import raise_alarm
from journal.locks import STEP, try_lock
from journal.version import SOFTWARE
from votes.actions.record_lines import lines_of
from votes.models import (
    Challenge,
    ChallengeAnswer,
    Cycle,
    Recomputation,
    RecomputationAnswer,
    Record,
    Result,
    Verification,
)
from votes.models.challenges import FAILED, results_to_verify
from votes.record.lines import sealed
from votes.record.verify import Options, verify
from votes.record_files import plain

VERIFY = STEP + 31

Outcomes = list[dict[str, Any]]


@transaction.atomic
def verify_result(*, cycle_id: int, at: datetime) -> bool:
    """Verify the newest result of a cycle and answer by it what was asked until `at`; False where nothing was.

    One at a time in the whole deployment. Where a check fails, nothing is paid and an alarm says so.
    """
    if not try_lock(VERIFY, 0):
        return False
    asked = results_to_verify(SOFTWARE).filter(cycle=cycle_id)
    result = asked.select_related("cycle__announcement", "cycle__certificate").first()
    if result is None:
        return False
    verification = _verified(result, at)
    challenges = _unanswered(result).filter(opened_at__lte=at)
    recomputations = Recomputation.objects.filter(result=result, answer__isnull=True, asked_at__lte=at)
    ChallengeAnswer.objects.bulk_create(
        ChallengeAnswer(challenge=challenge, verification=verification, software=SOFTWARE, answered_at=at)
        for challenge in challenges
    )
    RecomputationAnswer.objects.bulk_create(
        RecomputationAnswer(recomputation=recomputation, verification=verification, answered_at=at)
        for recomputation in recomputations
    )
    return True


def asked_at(cycle: Cycle) -> datetime:
    """Since when a verification of the cycle's newest result is asked for."""
    result = cycle.results.latest()
    instants = [challenge.opened_at for challenge in _unanswered(result)[:1]]
    instants += [
        asked.asked_at for asked in Recomputation.objects.filter(result=result, answer__isnull=True)[:1]
    ]
    return min(instants, default=result.published_at)


def _unanswered(result: Result) -> QuerySet[Challenge]:
    answered = ChallengeAnswer.objects.filter(challenge=OuterRef("pk"), software=SOFTWARE)
    return Challenge.objects.filter(~Exists(answered), result=result)


def _verified(result: Result, at: datetime) -> Verification:
    """What the verifier says of the record as today's rows give it; kept by the record's hash and our version."""
    with tempfile.TemporaryFile() as file:
        digest = _write(file, sealed(lines_of(result.cycle, "closed", versions=result.version)))
        newest = Verification.objects.filter(result=result).last()
        known = Verification.objects.filter(result=result, sha256=digest, software=SOFTWARE).last()
        if known is not None and newest == known:
            return known
        started = time.monotonic()
        outcomes = known.outcomes if known is not None else _outcomes(result, file, digest)
    made = Verification.objects.create(
        result=result,
        sha256=digest,
        software=SOFTWARE,
        has_failed=any(outcome["status"] == FAILED for outcome in outcomes),
        outcomes=outcomes,
        seconds=known.seconds if known is not None else time.monotonic() - started,
        verified_at=at,
    )
    if made.has_failed:
        _alarm(made, at)
    return made


def _outcomes(result: Result, file: IO[bytes], digest: bytes) -> Outcomes:
    found = _verify(file)
    record = Record.objects.filter(cycle=result.cycle, kind="closed").exclude(sha256=digest).first()
    if result.version > 1 or record is None:
        return found
    with tempfile.TemporaryFile() as published:  # the rows have changed since: neither may have a fault
        _write(published, plain(record, 0, record.size))
        return _worse(found, _verify(published))


def _verify(file: IO[bytes]) -> Outcomes:
    """By the code of `tpp-verify`, in this process alone."""
    file.seek(0)
    return [outcome.document() for outcome in verify(file, Options(workers=1)).outcomes]  # type: ignore[arg-type]


def _worse(ours: Outcomes, theirs: Outcomes) -> Outcomes:
    """Of each check the outcome that failed, where one did."""
    pairs = zip(ours, theirs, strict=True)
    return [published if published["status"] == FAILED else rows for rows, published in pairs]


def _write(file: IO[bytes], parts: Iterable[bytes]) -> bytes:
    """Write the parts, and give the SHA-256 of them all."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part)
        file.write(part)
    return hashed.digest()


def _alarm(verification: Verification, at: datetime) -> None:
    result = verification.result
    names: Sequence[str] = [f"{outcome['number']} {outcome['name']}" for outcome in verification.failed]
    words = (
        f"The record of version {result.version} of cycle {result.cycle.number}'s result fails at"
        f" {'check' if len(names) == 1 else 'checks'} {', '.join(names)} ({verification.software}, record"
        f" {verification.hash_hex}). Nothing is paid while this stands. An admin can publish a new version, or, where"
        " none mends it, cancel the cycle."
    )
    raise_alarm(
        name="check_failed", subject=f"cycle/{result.cycle.number}/v{result.version}", words=words, at=at
    )
