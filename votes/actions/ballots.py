"""Casting a ballot. The signature is the authentication; the database decides whether it is in time."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db import DatabaseError, IntegrityError, transaction

from chain.signing import BadSignature, keccak256, recover
from power.models import SnapshotPower
from votes.actions.cycles import perform_due
from votes.actions.identity import receipt_seed
from votes.models import Ballot, Cycle, Reason
from votes.record.ballot import Ballot as SignedBallot
from votes.record.ballot import Submission, ballot_digest
from votes.record.receipt import Receipt, sign_receipt
from votes.record.rules import Rules
from votes.refusals import refuse
from votes.tally import largest_line, over_cap

_TRIES = 5
# What the trigger of votes_ballot says, by SQLSTATE.
_TRIGGER = {"TP002": "not_open_yet", "TP003": "closed", "TP004": "cycle_cancelled"}


@dataclass(frozen=True)
class Receipted:
    """An accepted ballot with its receipt and the receipt's Ed25519 signature."""

    ballot: Ballot
    receipt: Receipt
    signature: bytes


@lru_cache(maxsize=8)
def _parse_rules(rules_json: str) -> Rules:
    return Rules.parse(rules_json)


def cast_ballot(*, number: int, submission: Submission, at: datetime) -> Receipted:
    """Accept a signed ballot for cycle `number`; the very same one again gives the very same receipt.

    Raises the refusals of design.md section 5, by name. Whatever was refused is not stored, and whatever was
    stored is in the certificate.
    """
    cycle = _cycle(number, at)
    signed, rules = submission.ballot, _parse_rules(cycle.announcement.rules_json)
    if signed.cycle != str(number) or signed.rules != rules.hash:
        raise refuse("unknown_rules")
    digest = ballot_digest(signed, rules.domain_separator)
    _check_signature(digest, submission)
    options = _check_lines(signed, rules)
    stored = Ballot.objects.filter(cycle=cycle, digest=digest).first()
    if stored is None:
        _check_phase(cycle)
        _check_power(cycle, signed.voter, rules)
        stored = _append(cycle, submission, digest, options, rules)
    return receipt_of(stored, rules)


def receipt_of(ballot: Ballot, rules: Rules) -> Receipted:
    """The receipt of an accepted ballot; the same bytes whenever it is asked for."""
    receipt = Receipt(
        cycle=str(rules.cycle),
        rules=rules.hash,
        digest=bytes(ballot.digest),
        status="accepted",
        received_at=ballot.received_at,
    )
    return Receipted(ballot=ballot, receipt=receipt, signature=sign_receipt(receipt_seed(), receipt))


def _cycle(number: int, at: datetime) -> Cycle:
    """The cycle with its rules and power, frozen first where that is due."""
    cycles = Cycle.objects.at(at).select_related("announcement", "power", "cancellation")
    cycle = cycles.filter(number=number).first()
    if cycle is None:
        raise refuse("unknown_cycle")
    if not hasattr(cycle, "power") and cycle.phase != "cancelled":
        perform_due(cycle, at=at)
        cycle = cycles.get(pk=cycle.pk)
    if not hasattr(cycle, "announcement"):
        raise refuse("cycle_cancelled" if cycle.phase == "cancelled" else "not_open_yet")
    return cycle


def _check_signature(digest: bytes, submission: Submission) -> None:
    try:
        signer = recover(digest, submission.signature)
    except BadSignature as error:
        raise refuse("bad_signature") from error
    if signer != submission.ballot.voter:
        raise refuse("bad_signature")


def _check_lines(signed: SignedBallot, rules: Rules) -> list[int]:
    """The option numbers of the ballot's lines, each line and each contest's sum checked."""
    if len(signed.reason.encode()) > rules.limits.reason_bytes:
        raise refuse(
            "malformed", reason=f"The reason is longer than {rules.limits.reason_bytes} bytes. Shorten it."
        )
    numbers, sums = [], defaultdict[str, int](int)
    for line in signed.lines:
        number = rules.option_numbers.get((line.programme, line.typology))
        if number is None:
            raise refuse("unknown_option", programme=line.programme, typology=line.typology)
        if number in numbers:
            raise refuse("duplicate_line", programme=line.programme, typology=line.typology)
        numbers.append(number)
        sums[line.programme] += line.basis_points
    for programme, total in sums.items():
        if total != 10_000:
            raise refuse("lines_do_not_sum", programme=programme, total=total)
    _check_caps(signed, rules)
    return numbers


def _check_caps(signed: SignedBallot, rules: Rules) -> None:
    contests = {contest.programme: contest for contest in rules.contests}
    for line in signed.lines:
        contest = contests[line.programme]
        place = [option.typology for option in contest.options].index(line.typology)
        if over_cap(line.basis_points, place, contest.bounds):
            raise refuse(
                "over_cap",
                programme=line.programme,
                typology=line.typology,
                most=largest_line(place, contest.bounds),
                given=line.basis_points,
            )


def _check_phase(cycle: Cycle) -> None:
    """Refuse early and in words; the trigger has the last word."""
    if cycle.phase == "cancelled":
        raise refuse("cycle_cancelled")
    if cycle.phase == "announced":
        raise refuse("not_open_yet")
    if cycle.phase != "open":
        raise refuse("closed")


def _check_power(cycle: Cycle, voter: str, rules: Rules) -> None:
    frozen = SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id, address=voter)
    power = frozen.values_list("power", flat=True).first() or 0
    if power < max(1, rules.limits.least_power):
        raise refuse("no_power_at_snapshot")


def _append(cycle: Cycle, submission: Submission, digest: bytes, options: list[int], rules: Rules) -> Ballot:
    """Insert the ballot as the voter's newest; two that meet collide in the database and one tries again."""
    for _ in range(_TRIES):
        newest = (
            Ballot.objects.filter(cycle=cycle, voter=submission.ballot.voter).order_by("-sequence").first()
        )
        if newest is not None:
            _check_follows(newest, submission.ballot, digest, rules)
            if bytes(newest.digest) == digest:
                return newest
        try:
            return append_ballot(
                cycle=cycle,
                signed=submission.ballot,
                digest=digest,
                options=options,
                signature=submission.signature,
                replaces=newest,
            )
        except IntegrityError:
            continue  # another ballot of this voter was there first: look again
        except DatabaseError as error:
            name = _TRIGGER.get(getattr(error.__cause__, "sqlstate", ""))
            if name is None:
                raise
            raise refuse(name) from error
    raise DatabaseError("ballots of one voter kept colliding")


def _check_follows(newest: Ballot, signed: SignedBallot, digest: bytes, rules: Rules) -> None:
    if bytes(newest.digest) == digest:
        return
    if signed.nonce <= newest.nonce:
        raise refuse("stale_nonce", nonce=newest.nonce)
    if newest.sequence >= rules.limits.ballots_per_voter:
        raise refuse("too_many_ballots", most=rules.limits.ballots_per_voter)


def append_ballot(
    *,
    cycle: Cycle,
    signed: SignedBallot,
    digest: bytes,
    options: list[int],
    signature: bytes | None,
    replaces: Ballot | None,
    received_at: datetime | None = None,
) -> Ballot:
    """One row for a checked ballot, with its reason. `received_at` is heeded only in past cycles."""
    when = {} if received_at is None else {"received_at": received_at}
    with transaction.atomic():
        ballot = Ballot.objects.create(
            cycle=cycle,
            voter=signed.voter,
            sequence=1 if replaces is None else replaces.sequence + 1,
            replaces=replaces,
            nonce=signed.nonce,
            options=options,
            shares=[line.basis_points for line in signed.lines],
            reason_hash=keccak256(signed.reason.encode()),
            digest=digest,
            signature=signature,
            **when,
        )
        if signed.reason:
            Reason.objects.create(ballot=ballot, text=signed.reason)
    return ballot
