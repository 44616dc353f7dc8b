"""Ballots in the name of contract wallets: made, sent, approved on a node, judged."""

from datetime import timedelta
from typing import Any

from django.test import Client

from journal.clock import database_clock
from tests.evm import Chain
from tests.factories import signed
from votes.actions.judging import judge_waiting
from votes.models import Cycle, Verdict
from votes.record.ballot import Submission, ballot_digest

LATER = timedelta(hours=30)  # after every delay between checks


def for_wallet(wallet: str, cycle: Cycle, *, signature: bytes = b"", **parts: Any) -> Submission:
    """A ballot in the wallet's name, with whatever signature."""
    return Submission(signed(wallet, cycle, **parts).ballot, signature)


def digest_of(submission: Submission, cycle: Cycle) -> bytes:
    return ballot_digest(submission.ballot, cycle.announcement.rules.domain_separator)


def send(client: Client, cycle: Cycle, submission: Submission) -> Any:
    url = f"/api/v1/cycles/{cycle.number}/ballots/"
    return client.post(url, submission.body(), content_type="application/json")


def approve(evm: Chain, wallet: str, cycle: Cycle, submission: Submission, *, final: bool = True) -> None:
    """Two owners approve on the chain."""
    for owner in (0, 1):
        evm.call(wallet, "approve(bytes32)", digest_of(submission, cycle), by=owner)
    if final:
        evm.mine(3)


def judge(cycle: Cycle) -> int:
    """Check everything, however short a while ago it was checked last."""
    return judge_waiting(cycle_id=cycle.pk, at=database_clock() + LATER)


def end_on_chain(evm: Chain, cycle: Cycle) -> None:
    """Blocks after closing, enough for the last one before it to be final."""
    evm.ask("evm_setNextBlockTimestamp", int(cycle.closes_at.timestamp()) + 1)
    evm.mine(4)


def outcome(submission: Submission, cycle: Cycle) -> tuple[str, str]:
    verdict = Verdict.objects.get(
        waiting__signature=submission.signature, waiting__nonce=submission.ballot.nonce
    )
    return verdict.outcome, verdict.name
