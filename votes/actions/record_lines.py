"""The lines of a cycle's record, read from the rows that it left. The same rows give the same bytes, always."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from ledger.models import Transfer
from power.models import SnapshotPower
from votes.models import (
    BallotPosition,
    ChallengeAnswer,
    ContestResult,
    Cycle,
    Reason,
    Result,
    TreeHead,
    Verdict,
    WaitingBallot,
)
from votes.record.canonical import canonical
from votes.record.instants import iso
from votes.record.lines import FORMAT, BallotLine, ballot_line, holder_line, line

_AT_ONCE = 5_000  # rows read at a time


def lines_of(cycle: Cycle, kind: str, *, versions: int = 1) -> Iterator[bytes]:
    """Every line of the `kind` record but its seal, read within the caller's transaction in bounded memory.

    `versions`: how many versions of the result a closed one holds. The published one holds the first.
    """
    rules = cycle.announcement.rules
    _have_postgresql_hash_and_sort()
    yield line(
        "header",
        format=FORMAT,
        kind=kind,
        cycle=str(cycle.number),
        origin=cycle.origin,
        deployment="0x" + rules.deployment.hex(),
        software=cycle.results.get(version=1).software,
    )
    yield line(
        "rules",
        json=cycle.announcement.rules_json,
        sha256=_hex(cycle.announcement.rules_hash),
        published_at=iso(cycle.announcement.published_at),
    )
    yield from _power(cycle)
    yield from _heads(cycle)
    yield from _ballots(cycle)
    yield from _waited(cycle)
    yield _certificate(cycle)
    for result in _results(cycle, kind, versions):
        yield from _result(result)
    if kind == "final":
        yield from _challenges(cycle)
        yield from _settlement(cycle)


def text_lines(cycle: Cycle) -> Iterator[bytes]:
    """Reasons in words, each under its hash, in the order of the ballots; what was erased is simply not there."""
    seen: set[bytes] = set()
    rows = Reason.objects.filter(ballot__cycle=cycle, ballot__place__isnull=False)
    found = rows.order_by("ballot__place__position").values_list("ballot__reason_hash", "text")
    for reason_hash, text in found.iterator(chunk_size=_AT_ONCE):
        if bytes(reason_hash) not in seen:
            seen.add(bytes(reason_hash))
            yield line("text", hash=_hex(reason_hash), text=text)


def _have_postgresql_hash_and_sort() -> None:
    """For the rest of the transaction: its statistics lag behind a cycle that filled up quickly (see closing)."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")


def _power(cycle: Cycle) -> Iterator[bytes]:
    snapshot, frozen = cycle.power.snapshot, cycle.announcement.rules.power
    yield line(
        "power",
        source=frozen.source,
        sha256="0x" + frozen.sha256,
        timepoint=iso(snapshot.timepoint),
        taken_at=iso(snapshot.taken_at),
        holders=snapshot.holder_count,
        total=str(snapshot.total_power),
    )
    rows = SnapshotPower.objects.filter(snapshot=snapshot).order_by("address")
    for address, power in rows.values_list("address", "power").iterator(chunk_size=_AT_ONCE):
        yield holder_line(address, power)


def _heads(cycle: Cycle) -> Iterator[bytes]:
    rows = TreeHead.objects.filter(cycle=cycle).order_by("published_at")
    fields = rows.values_list("size", "root", "published_at", "signature")
    for size, root, published_at, signature in fields.iterator(chunk_size=_AT_ONCE):
        yield line(
            "head", size=size, root=_hex(root), published_at=iso(published_at), signature=_hex(signature)
        )


def _ballots(cycle: Cycle) -> Iterator[bytes]:
    rows = BallotPosition.objects.filter(cycle=cycle).order_by("position")
    evidence = evidence_of(cycle)
    fields = (
        "position",
        "ballot__voter",
        "ballot__nonce",
        "ballot__sequence",
        "ballot__replaced_by__pk",
        "ballot__options",
        "ballot__shares",
        "ballot__reason_hash",
        "ballot__digest",
        "ballot__signature",
        "ballot__received_at",
        "ballot__blind__value",
        "ballot__blind__commitment",
    )
    for row in rows.values_list(*fields).iterator(chunk_size=_AT_ONCE):
        position, voter, nonce, sequence, replaced_by, options, shares, reason, digest, signature, at = row[
            :11
        ]
        blind, commitment = row[11:]
        yield ballot_line(
            BallotLine(
                position=position,
                voter=bytes.fromhex(voter[2:]),
                nonce=nonce,
                sequence=sequence,
                replaced=replaced_by is not None,
                options=options,
                shares=shares,
                reason=bytes(reason),
                digest=bytes(digest),
                signature=None if signature is None else bytes(signature),
                received_at=iso(at),
                blind=None if blind is None else bytes(blind),
                commitment=None if commitment is None else bytes(commitment),
                evidence=evidence.get(bytes(digest)),
            )
        )


def evidence_of(cycle: Cycle) -> dict[bytes, dict[str, Any]]:
    """By digest: the block that shows that a contract wallet confirmed a ballot."""
    accepted = Verdict.objects.filter(waiting__cycle=cycle, outcome="accepted").select_related("waiting")
    chain_id = cycle.announcement.rules.token.chain_id
    return {
        bytes(verdict.waiting.digest): {
            "chain_id": chain_id,
            "standard": verdict.standard,
            "block": verdict.block_number,
            "block_hash": verdict.block_hash_hex,
            "block_at": iso(verdict.block_at),
        }
        for verdict in accepted
        if verdict.block_at is not None
    }


def _waited(cycle: Cycle) -> Iterator[bytes]:
    """Ballots in the name of contract wallets that were not found valid, with why."""
    rows = WaitingBallot.objects.filter(cycle=cycle).exclude(verdict__outcome="accepted")
    for waiting in rows.select_related("verdict").order_by("pk").iterator(chunk_size=_AT_ONCE):
        yield line(
            "waiting",
            voter=waiting.voter,
            nonce=waiting.nonce,
            options=waiting.options,
            shares=waiting.shares,
            reason=_hex(waiting.reason_hash),
            digest=waiting.digest_hex,
            signature=_hex(waiting.signature),
            received_at=iso(waiting.received_at),
            verdict="undecided" if waiting.verdict.outcome == "undecided" else "invalid",
            words=waiting.verdict.words,
        )


def _certificate(cycle: Cycle) -> bytes:
    certificate = cycle.certificate
    return line(
        "certificate",
        certified_at=iso(certificate.certified_at),
        ballot_count=certificate.ballot_count,
        merkle_root=_hex(certificate.merkle_root),
        rules_hash=_hex(certificate.rules_hash),
    )


def _results(cycle: Cycle, kind: str, versions: int) -> QuerySet[Result]:
    """Those that the record holds: a closed one the first `versions`, a final one all until settlement."""
    last = versions if kind == "closed" else _settled_version(cycle)
    return cycle.results.filter(version__lte=last).order_by("version")


def _settled_version(cycle: Cycle) -> int:
    return cycle.settlement.result.version


def _result(result: Result) -> Iterator[bytes]:
    yield line(
        "result",
        version=result.version,
        published_at=iso(result.published_at),
        reason=result.reason,
        software=result.software,
        voters=result.voters,
        power=str(result.power),
    )
    rows = (
        ContestResult.objects.filter(result=result)
        .select_related("contest")
        .prefetch_related("options__option")
        .order_by("contest__position", "pk")
    )
    contests = list(rows)
    budgets = result.budgets
    for row in contests:
        options = list(row.options.all())
        yield line(
            "contest_result",
            version=result.version,
            contest=row.contest.key,
            rule=row.rule,
            binding=row.is_binding,
            outcome=row.outcome,
            why=row.why,
            budget=str(budgets[row.contest_id]),
            voters=row.voters,
            power=str(row.power),
            parameter=row.parameter,
            shares=[option.share for option in options],
            amounts=[str(option.amount) for option in options],
        )


def _challenges(cycle: Cycle) -> Iterator[bytes]:
    """Every answer to a challenge, with what the check found; another implementation's words by their hash."""
    rows = ChallengeAnswer.objects.filter(challenge__result__cycle=cycle).order_by("challenge_id", "pk")
    for answer in rows.select_related("challenge__result", "verification").iterator(chunk_size=_AT_ONCE):
        challenge, outcome = answer.challenge, answer.outcome
        other = {} if challenge.other_hash is None else {"other": _hex(challenge.other_hash)}
        yield line(
            "challenge",
            check=challenge.check_name,
            version=challenge.result.version,
            opened_at=iso(challenge.opened_at),
            opened_by=challenge.wallet,
            answered_at=iso(answer.answered_at),
            passed=outcome["status"] == "pass",
            output=canonical(outcome).decode(),
            software=answer.software,
            **other,
        )


def _settlement(cycle: Cycle) -> Iterator[bytes]:
    settlement = cycle.settlement
    yield line("settlement", version=settlement.result.version, settled_at=iso(settlement.settled_at))
    rows = Transfer.objects.filter(key__startswith=f"cycle/{cycle.number}/").order_by("pk")
    for row in rows.select_related("debit", "credit"):
        yield line(
            "transfer",
            key=row.key,
            debit=row.debit.name,
            credit=row.credit.name,
            amount=str(row.amount),
            reason=row.reason,
            happened_at=iso(row.happened_at),
        )


def _hex(data: bytes | memoryview) -> str:
    return "0x" + bytes(data).hex()
