"""Asking wallets about the ballots that wait for them, at final blocks, until one confirms or voting is over.

The rows are the queue: a claim with a lease keeps two workers apart, nothing is asked inside a transaction, and what a
node does not answer is asked again.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q
from psycopg.errors import UniqueViolation

from chain.blocks import Block, block_at, final_block, last_block_before
from chain.client import Node, NodeFailed, Refused
from chain.contract_signatures import Answer, Validity, is_valid_signature, is_wrapped
from chain.nodes import find_node
from journal.clock import database_clock
from journal.refusal import Refusal
from votes.actions.ballots import append_ballot, check_follows
from votes.models import MOST_WAITING, Ballot, Cycle, Verdict, WaitingBallot, WaitingProgress, WaitingReason
from votes.record.ballot import Ballot as SignedBallot
from votes.record.ballot import Line, ballot_digest
from votes.record.rules import Rules
from votes.refusals import refuse

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
BATCH = 50
BATCH_SECONDS = 60.0  # well within the lease, whatever the node takes for one answer
CHECK_EVERY = timedelta(seconds=12)
LATER = timedelta(minutes=1)  # for those that waited an hour
RETRY, LONGEST_RETRY = timedelta(seconds=2), timedelta(seconds=60)
_CLOSED = "TP003"


@dataclass(frozen=True)
class Moment:
    """What a batch is judged by. `block` is final and before closing; `is_last`: no later one is."""

    node: Node
    chain_id: int
    block: Block
    newest: int
    is_last: bool


def cycles_to_judge(*, at: datetime) -> list[int]:
    """Ids of cycles in which a waiting ballot is due for a check."""
    return list(WaitingBallot.objects.due(at).values_list("cycle_id", flat=True).distinct())


def judge_waiting(*, cycle_id: int, at: datetime) -> int:
    """Check the cycle's waiting ballots that are due at `at`; how many got their verdict."""
    claimed = _claim(cycle_id, at)
    if not claimed:
        return 0
    cycle = Cycle.objects.select_related("announcement").get(pk=cycle_id)
    try:
        moment = _find_moment(cycle)
    except (NodeFailed, Refused) as failure:
        logger.warning("waiting ballots of %s: %s", cycle, failure)
        _put_off(claimed, str(failure))
        return 0
    decided, limit = 0, time.monotonic() + BATCH_SECONDS
    for place, waiting in enumerate(claimed):
        if time.monotonic() > limit:
            _release(claimed[place:])
            break
        decided += _judge(waiting, cycle, moment)
    return decided


@transaction.atomic
def _claim(cycle_id: int, at: datetime) -> list[WaitingBallot]:
    due = WaitingProgress.objects.filter(waiting__in=WaitingBallot.objects.filter(cycle=cycle_id).due(at))
    mine = list(
        due.select_for_update(skip_locked=True, of=("self",))
        .order_by("due_at")
        .values_list("pk", flat=True)[:BATCH]
    )
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=at)
    WaitingProgress.objects.filter(free, pk__in=mine).update(claimed_until=at + LEASE)
    waiting = WaitingBallot.objects.filter(pk__in=mine).select_related("progress", "reason")
    return list(waiting.order_by("progress__due_at", "pk"))


def _find_moment(cycle: Cycle) -> Moment:
    chain_id = cycle.announcement.rules.token.chain_id
    node = find_node(chain_id=chain_id)
    final = final_block(node, settings.TPP_FINALITY)
    block = last_block_before(node, cycle.closes_at, final)
    if block is None:
        raise NodeFailed(f"{node.name} has no block before {cycle.closes_at:%Y-%m-%d %H:%M:%S} UTC.")
    newest = block_at(node, "latest").number
    return Moment(node, chain_id, block, newest, is_last=final.at >= cycle.closes_at)


def _judge(waiting: WaitingBallot, cycle: Cycle, moment: Moment) -> bool:
    """Ask about one ballot and do what follows from the answer; whether it got its verdict."""
    rules = cycle.announcement.rules
    signed = _signed(waiting, rules)
    if (
        not cycle.is_sealed
    ):  # there whoever sent it learns that the voter has voted only once the wallet confirms
        try:
            _check_follows(cycle, signed, rules)
        except Refusal as refusal:
            return _reject(waiting, refusal.name, refusal.words)
    answer = _ask(waiting, moment, moment.block.number)
    if answer.validity is Validity.UNKNOWN:
        _put_off([waiting], answer.words)
        return False
    if answer.validity is Validity.VALID:
        return _accept(waiting, cycle, signed, moment.block)
    said = f"At block {moment.block.number:,} {answer.words}."
    if moment.is_last:
        return _reject(waiting, "not_confirmed", f"{said} It was the last one before voting closed.")
    now = answer
    if moment.newest > moment.block.number:
        now = _ask(waiting, moment, moment.newest)
    if answer.name == now.name == "no_contract" and not is_wrapped(bytes(waiting.signature)):
        return _reject(waiting, "bad_signature", f"{refuse('bad_signature').words} {said}")
    if _is_trial(waiting) and now.validity is Validity.INVALID:
        return _reject(waiting, "too_many_waiting", f"{refuse('too_many_waiting').words} {said}")
    _note(waiting, answer, moment, seen=now.validity is Validity.VALID)
    return False


def _ask(waiting: WaitingBallot, moment: Moment, block: int) -> Answer:
    return is_valid_signature(
        moment.node,
        chain_id=moment.chain_id,
        address=waiting.voter,
        digest=bytes(waiting.digest),
        signature=bytes(waiting.signature),
        block=block,
    )


def _signed(waiting: WaitingBallot, rules: Rules) -> SignedBallot:
    """The ballot as it was signed."""
    options = list(rules.option_numbers)
    signed = SignedBallot(
        cycle=str(rules.cycle),
        rules=rules.hash,
        voter=waiting.voter,
        nonce=waiting.nonce,
        reason=waiting.reason.text if hasattr(waiting, "reason") else "",
        lines=tuple(
            Line(*options[option], share)
            for option, share in zip(waiting.options, waiting.shares, strict=True)
        ),
    )
    assert ballot_digest(signed, rules.domain_separator) == bytes(waiting.digest)
    return signed


def _check_follows(cycle: Cycle, signed: SignedBallot, rules: Rules) -> Ballot | None:
    """The voter's newest ballot, which this one can replace. Raises `stale_nonce` or `too_many_ballots`."""
    newest = cycle.ballots.filter(voter=signed.voter).order_by("-sequence").first()
    if newest is not None:
        check_follows(newest, signed, rules)
    return newest


def _is_trial(waiting: WaitingBallot) -> bool:
    """Whether as many as may wait in its voter's name already did when it came."""
    older = WaitingBallot.objects.filter(cycle=waiting.cycle_id, voter=waiting.voter, pk__lt=waiting.pk)
    return older.undecided().count() >= MOST_WAITING


def _accept(waiting: WaitingBallot, cycle: Cycle, signed: SignedBallot, block: Block) -> bool:
    """Write the verdict and the ballot, both or none; ballots of the same voter that meet look again."""
    rules = cycle.announcement.rules
    for _ in range(rules.limits.ballots_per_voter + 1):
        try:
            newest = _check_follows(cycle, signed, rules)
        except Refusal as refusal:
            return _reject(waiting, refusal.name, refusal.words)
        try:
            with transaction.atomic():
                Verdict.objects.create(
                    waiting=waiting,
                    outcome="accepted",
                    name="confirmed",
                    words=f"At block {block.number:,} the wallet confirms it.",
                    standard="erc6492" if is_wrapped(bytes(waiting.signature)) else "eip1271",
                    block_number=block.number,
                    block_hash=block.hash,
                    block_at=block.at,
                )
                append_ballot(
                    cycle=cycle,
                    signed=signed,
                    digest=bytes(waiting.digest),
                    options=waiting.options,
                    signature=bytes(waiting.signature),
                    replaces=newest,
                )
                WaitingReason.objects.filter(waiting=waiting).delete()
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            if Verdict.objects.filter(waiting=waiting).exists():
                return False
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", "") != _CLOSED:
                raise
            return False
        else:
            return True
    raise DatabaseError("a voter's ballots collided more often than a voter may have ballots")


def _reject(waiting: WaitingBallot, name: str, words: str) -> bool:
    try:
        with transaction.atomic():
            Verdict.objects.create(waiting=waiting, outcome="rejected", name=name, words=words)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        return False
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != _CLOSED:
            raise
        return False
    return True


def _note(waiting: WaitingBallot, answer: Answer, moment: Moment, *, seen: bool) -> None:
    """Write down a "not yet", and when to ask again."""
    at = database_clock()
    after = LATER if at - waiting.received_at > timedelta(hours=1) and not seen else CHECK_EVERY
    WaitingProgress.objects.filter(pk=waiting.pk).update(
        due_at=min(at + after, max(at, waiting.cycle.closes_at))
        if at < waiting.cycle.closes_at
        else at + RETRY,
        claimed_until=None,
        checked_at=at,
        block_number=moment.block.number,
        name=answer.name,
        words=answer.words,
        seen_at_number=moment.newest if seen else None,
        failures=0,
        failure="",
    )


def _put_off(claimed: Sequence[WaitingBallot], failure: str) -> None:
    """Ask again a little later, and later each time that no node answers."""
    at = database_clock()
    for waiting in claimed:
        failures = waiting.progress.failures + 1
        WaitingProgress.objects.filter(pk=waiting.pk).update(
            due_at=at + min(LONGEST_RETRY, RETRY * 2 ** min(failures - 1, 6)),
            claimed_until=None,
            failures=F("failures") + 1,
            failure=failure[:500],
        )


def _release(claimed: Sequence[WaitingBallot]) -> None:
    WaitingProgress.objects.filter(pk__in=[waiting.pk for waiting in claimed]).update(claimed_until=None)
