"""The way of nearly every ballot: what needs no row is checked here, everything else in one statement.

Whatever is not taken so goes the long way of `votes.actions.waiting.send_ballot`, which takes it or says why not:
nothing is refused here. Both ways insert the same rows, past the same triggers and constraints.
"""

import secrets
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction

from journal.refusal import Refusal
from votes.actions.ballots import TRIGGER, Receipted, check_lines, is_signed_by_key, known_rules, receipt_of
from votes.models import Ballot, Blind
from votes.record.ballot import Submission, ballot_digest, reason_hash
from votes.record.rules import Rules
from votes.record.sealing import commitment_of

_AT_ONCE = (
    "SELECT * FROM accept_at_once(%s, %s, %s, %s, %s, %s, %s, %s::smallint[], %s::smallint[], %s, %s, %s)"
)


def accept_at_once(*, number: int, submission: Submission) -> Receipted | None:
    """Accept a ballot that its voter's key signed, committed when this returns; None where it must go the long way.

    Without a valid signature under rules that this process knows, the database is not asked at all.
    """
    signed = submission.ballot
    rules = known_rules(signed.rules)
    if rules is None or not str(number) == signed.cycle == str(rules.cycle):
        return None
    try:
        options = check_lines(signed, rules)
    except Refusal:
        return None
    digest = ballot_digest(signed, rules.domain_separator)
    if not is_signed_by_key(submission, digest):
        return None
    ballot = _store(submission, rules, digest, options)
    return None if ballot is None else receipt_of(ballot, rules)


def _store(submission: Submission, rules: Rules, digest: bytes, options: list[int]) -> Ballot | None:
    signed, limits = submission.ballot, rules.limits
    row: dict[str, Any] = {
        "voter": signed.voter,
        "nonce": signed.nonce,
        "options": options,
        "shares": [line.basis_points for line in signed.lines],
        "reason_hash": reason_hash(signed.reason),
        "digest": digest,
        "signature": submission.signature,
    }
    blind = None if rules.live_results else secrets.token_bytes(32)
    try:
        found = _ask(
            [
                rules.hash,
                max(1, limits.least_power),
                limits.ballots_per_voter,
                signed.reason,
                blind,
                *row.values(),
            ]
        )
    except IntegrityError:
        return None
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") not in TRIGGER:
            raise
        return None
    if found is None:
        return None
    pk, cycle_id, sequence, received_at, replaces_id, replaced = found
    ballot = Ballot(pk=pk, cycle_id=cycle_id, sequence=sequence, received_at=received_at, **row)
    ballot.replaces = Ballot(pk=replaces_id, digest=replaced) if replaces_id else None
    if blind is not None:
        ballot.blind = Blind(ballot=ballot, value=blind, commitment=commitment_of(blind, digest))
    return ballot


def _ask(values: list[Any]) -> tuple[Any, ...] | None:
    """One statement that commits by itself; within a transaction, what it refuses spoils nothing.

    Nobody asks beforehand whether the connection still stands: where it was lost, the ballot goes the long way over
    a new one, which finds it if it is in already.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            return _answer_to(values)
    connection.health_check_done = True  # type: ignore[attr-defined]  # Django's own; its stubs lack it
    try:
        return _answer_to(values)
    except (OperationalError, InterfaceError):
        if connection.connection is None or not connection.connection.closed:
            raise
        connection.close()
        return None


def _answer_to(values: list[Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_AT_ONCE, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
