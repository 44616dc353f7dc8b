"""Casting a ballot. The signature is the authentication; the database decides whether it is in time."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from psycopg.errors import UniqueViolation

from chain.signing import BadSignature, keccak256, recover
from journal.locks import BALLOTS, wait_for_lock
from journal.refusal import Refusal
from power.models import SnapshotPower
from votes.actions.cycles import find_cycle
from votes.actions.identity import receipt_seed_of
from votes.models import Ballot, Blind, Cycle, Reason
from votes.record.ballot import Ballot as SignedBallot
from votes.record.ballot import Submission, ballot_digest
from votes.record.receipt import Receipt, sign_receipt
from votes.record.rules import Rules
from votes.refusals import refuse

# What the trigger of votes_ballot says, by SQLSTATE.
TRIGGER = {"TP002": "not_open_yet", "TP003": "closed", "TP004": "cycle_cancelled"}


@dataclass(frozen=True)
class Receipted:
    """An accepted ballot with its receipt, the receipt's Ed25519 signature, and the key to verify that with."""

    ballot: Ballot
    receipt: Receipt
    signature: bytes
    receipt_key: bytes

    def document(self) -> dict[str, Any]:
        """What an accepted ballot is answered with; its receipt page offers it as a file."""
        ballot = self.ballot
        return {
            "digest": ballot.digest_hex,
            "replaces": ballot.replaces.digest_hex if ballot.replaces else None,
            "receipt": self.receipt.content(),
            "signature": "0x" + self.signature.hex(),
            "receipt_key": "0x" + self.receipt_key.hex(),
            **({"blind": "0x" + bytes(ballot.blind.value).hex()} if self.receipt.commitment else {}),
        }


def cast_ballot(*, number: int, submission: Submission, at: datetime) -> Receipted:
    """Accept a signed ballot for cycle `number`; the very same one again gives the very same receipt.

    Raises the refusals of design.md section 5, by name. Whatever was refused is not stored, and whatever was
    stored is in the certificate.
    """
    examined = examine(number=number, submission=submission, at=at)
    if not examined.is_signed_by_key:
        raise refuse("bad_signature")
    return take(examined)


@dataclass(frozen=True)
class Examined:
    """A ballot that fits the frozen rules of its cycle. `options` are the numbers of its lines' options."""

    cycle: Cycle
    rules: Rules
    submission: Submission
    digest: bytes
    options: list[int]

    @property
    def is_signed_by_key(self) -> bool:
        """Whether the key of the voter's address signed it; otherwise only a contract there can stand behind it."""
        return is_signed_by_key(self.submission, self.digest)


def is_signed_by_key(submission: Submission, digest: bytes) -> bool:
    try:
        return recover(digest, submission.signature) == submission.ballot.voter
    except BadSignature:
        return False


def examine(*, number: int, submission: Submission, at: datetime) -> Examined:
    """What can be said of a ballot from itself and the rules alone. Raises the refusals of design.md section 5."""
    cycle = find_cycle(number=number, at=at)
    if not hasattr(cycle, "announcement"):
        raise refuse("cycle_cancelled" if cycle.phase == "cancelled" else "not_open_yet")
    signed, rules = submission.ballot, cycle.announcement.rules
    if signed.cycle != str(number) or signed.rules != rules.hash:
        raise refuse("unknown_rules")
    remember(rules)
    options = check_lines(signed, rules)
    return Examined(cycle, rules, submission, ballot_digest(signed, rules.domain_separator), options)


_known_rules: dict[bytes, Rules] = {}
_MOST_KNOWN = 8


def remember(rules: Rules) -> None:
    """Keep announced rules for `known_rules`. Their hash is the key, so what is kept is never stale."""
    if rules.hash not in _known_rules and len(_known_rules) >= _MOST_KNOWN:
        _known_rules.clear()
    _known_rules[rules.hash] = rules


def known_rules(rules_hash: bytes) -> Rules | None:
    """The rules of a cycle for which this process has seen a ballot; nothing is asked for them."""
    return _known_rules.get(rules_hash)


def take(examined: Examined) -> Receipted:
    """Accept a ballot that its voter's key signed."""
    cycle, rules, digest = examined.cycle, examined.rules, examined.digest
    try:
        ballot = _accept(cycle, examined.submission, digest, examined.options, rules)
    except Refusal as refusal:
        stored = _stored_before_closing(cycle, digest) if refusal.name == "closed" else None
        if stored is None:
            raise
        ballot = stored
    return receipt_of(ballot, rules)


def receipt_of(ballot: Ballot, rules: Rules) -> Receipted:
    """The receipt of an accepted ballot; the same bytes whenever it is asked for."""
    receipt = Receipt(
        cycle=str(rules.cycle),
        rules=rules.hash,
        digest=bytes(ballot.digest),
        status="accepted",
        received_at=ballot.received_at,
        commitment=None if rules.live_results else ballot.tree_key,
    )
    signature = sign_receipt(receipt_seed_of(rules.receipt_key), receipt)
    return Receipted(ballot=ballot, receipt=receipt, signature=signature, receipt_key=rules.receipt_key)


def check_lines(signed: SignedBallot, rules: Rules) -> list[int]:
    """The option numbers of the ballot's lines, each line and each contest's sum checked."""
    if len(signed.reason.encode()) > rules.limits.reason_bytes:
        raise refuse(
            "malformed", reason=f"The reason is longer than {rules.limits.reason_bytes} bytes. Shorten it."
        )
    if rules.limits.lines is not None and len(signed.lines) > rules.limits.lines:
        raise refuse("malformed", reason=f"A ballot of this cycle has at most {rules.limits.lines} lines.")
    numbers, sums = dict[int, None](), defaultdict[str, int](int)
    for line in signed.lines:
        number = rules.option_numbers.get((line.programme, line.typology))
        if number is None:
            raise refuse("unknown_option", programme=line.programme, typology=line.typology)
        if number in numbers:
            raise refuse("duplicate_line", programme=line.programme, typology=line.typology)
        numbers[number] = None
        sums[line.programme] += line.basis_points
    for programme, total in sums.items():
        if total != 10_000:
            raise refuse("lines_do_not_sum", programme=programme, total=total)
    _check_caps(signed, rules)
    return list(numbers)


def _check_caps(signed: SignedBallot, rules: Rules) -> None:
    for line in signed.lines:
        most = rules.largest_lines[line.programme, line.typology]
        if line.basis_points > most:
            raise refuse(
                "over_cap",
                programme=line.programme,
                typology=line.typology,
                most=most,
                given=line.basis_points,
            )


def check_phase(cycle: Cycle) -> None:
    """Refuse early and in words; the trigger has the last word."""
    if cycle.phase == "cancelled":
        raise refuse("cycle_cancelled")
    if cycle.phase == "announced":
        raise refuse("not_open_yet")
    if cycle.phase != "open":
        raise refuse("closed")


def check_power(cycle: Cycle, voter: str, rules: Rules) -> None:
    frozen = SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id, address=voter)
    power = frozen.values_list("power", flat=True).first() or 0
    if power < max(1, rules.limits.least_power):
        raise refuse("no_power_at_snapshot")


def _accept(cycle: Cycle, submission: Submission, digest: bytes, options: list[int], rules: Rules) -> Ballot:
    """The ballot as the voter's newest, or the stored one if it is in already.

    Two of one voter that meet collide in the database, and one looks again. Every collision means that one more
    of the voter's ballots is stored, so their greatest number bounds the tries.
    """
    signed = submission.ballot
    for _ in range(rules.limits.ballots_per_voter + 1):
        earlier = list(
            cycle.ballots.filter(voter=signed.voter).select_related("replaces", "blind").order_by("-sequence")
        )
        for ballot in earlier:
            if bytes(ballot.digest) == digest:
                return ballot
        check_phase(cycle)
        check_power(cycle, signed.voter, rules)
        newest = earlier[0] if earlier else None
        if newest is not None:
            check_follows(newest, signed, rules)
        try:
            return append_ballot(
                cycle=cycle,
                signed=signed,
                digest=digest,
                options=options,
                signature=submission.signature,
                replaces=newest,
            )
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                # its own words hold the whole row, which no log may show
                raise DatabaseError("the database refused a ballot") from None
        except DatabaseError as error:
            name = TRIGGER.get(getattr(error.__cause__, "sqlstate", ""))
            if name is None:
                raise
            raise refuse(name) from error
    raise DatabaseError("a voter's ballots collided more often than a voter may have ballots")


def check_follows(newest: Ballot, signed: SignedBallot, rules: Rules) -> None:
    if signed.nonce <= newest.nonce:
        raise refuse("stale_nonce", nonce=newest.nonce)
    if newest.sequence >= rules.limits.ballots_per_voter:
        raise refuse("too_many_ballots", most=rules.limits.ballots_per_voter)


def _stored_before_closing(cycle: Cycle, digest: bytes) -> Ballot | None:
    """The ballot if it was stored after all.

    The same bytes may have come in time by a request whose answer was lost and which commits only now. Whoever
    holds the cycle's lock knows that nothing of the kind is under way any more.
    """
    with transaction.atomic():
        wait_for_lock(BALLOTS, cycle.pk)
        return cycle.ballots.filter(digest=digest).select_related("replaces", "blind").first()


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
    """One row for a checked ballot, with its reason and, in a sealed cycle, its blind.

    `received_at` is heeded only in past cycles.
    """
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
        if cycle.is_sealed:
            Blind.over(ballot).save(force_insert=True)
        if signed.reason:
            Reason.objects.create(ballot=ballot, text=signed.reason)
    return ballot
