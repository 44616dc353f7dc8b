"""Contract wallets in records, held against a real node."""

from datetime import timedelta
from typing import Any

import pytest

from journal.clock import database_clock
from tests.evm import Chain
from tests.factories import UNIT, address, make_community, make_cycle, signed
from tests.records import check, failed, file_of, finish, names, objects, sealed_again
from tests.votes.record.tampering import ZERO, the
from votes.actions.judging import judge_waiting
from votes.actions.waiting import send_ballot
from votes.models import Cycle
from votes.record.ballot import Submission, ballot_digest
from votes.record.verify import Options, Status
from votes.record.verify.node import Node

pytestmark = [pytest.mark.node, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cycle(evm: Chain, settings: Any) -> Cycle:
    """One with a ballot of a wallet that two of its owners approved, and one that nobody approved."""
    wallet = evm.wallet([*evm.accounts[:2], address("cleo")], 2)
    settings.TPP_RPC_URLS = [evm.embedded.url]
    settings.TPP_FINALITY = "2"
    cycle = make_cycle(make_community({wallet: 50 * UNIT, "alice": 30 * UNIT}, chain_id=31337))
    for nonce, is_approved in ((1, True), (2, False)):
        ballot = signed(wallet, cycle, nonce=nonce).ballot
        send_ballot(number=cycle.number, submission=Submission(ballot, b""), at=database_clock())
        if is_approved:
            digest = ballot_digest(ballot, cycle.announcement.rules.domain_separator)
            for owner in (0, 1):
                evm.call(wallet, "approve(bytes32)", digest, by=owner)
            evm.mine(3)
            assert judge_waiting(cycle_id=cycle.pk, at=database_clock() + timedelta(hours=30)) == 1
    evm.ask("evm_setNextBlockTimestamp", int(cycle.closes_at.timestamp()) + 1)
    evm.mine(4)
    judge_waiting(cycle_id=cycle.pk, at=cycle.closes_at + timedelta(hours=30))
    return finish(cycle)


def test_a_node_confirms_the_wallet_at_its_block_and_no_other(cycle: Cycle, evm: Chain) -> None:
    data = file_of(cycle, "final")
    asked = Options(workers=1, node=Node(evm.embedded.url))
    without, verdict = check(data), check(data, asked)
    assert names(without, Status.UNKNOWN) == ["contract_signatures"]
    assert verdict.has_passed, failed(verdict)
    assert {"contract_signatures", "waiting"} <= set(names(verdict, Status.PASSED))
    for field, value in (("block_hash", ZERO), ("block", 1)):
        lines = objects(data)
        the(lines, "ballot")["evidence"][field] = value
        assert "contract_signatures" in failed(check(sealed_again(lines), asked))


def test_a_node_that_is_another_chains_or_does_not_answer_leaves_it_open(cycle: Cycle, evm: Chain) -> None:
    data = file_of(cycle, "final")
    nobody = check(data, Options(workers=1, node=Node("http://127.0.0.1:1/")))
    assert names(nobody, Status.UNKNOWN) == ["contract_signatures"]
    lines = objects(data)
    the(lines, "ballot")["evidence"]["chain_id"] = 5
    other = check(sealed_again(lines), Options(workers=1, node=Node(evm.embedded.url)))
    assert names(other, Status.UNKNOWN) == ["contract_signatures"]


def test_a_signature_that_the_wallet_did_not_confirm_is_caught(cycle: Cycle, evm: Chain) -> None:
    """The ballot that waited in vain, slipped in for the one that was approved."""
    lines = objects(file_of(cycle, "final"))
    ballot, waited = the(lines, "ballot"), the(lines, "waiting")
    ballot.update(nonce=waited["nonce"], digest=waited["digest"])
    verdict = check(sealed_again(lines), Options(workers=1, node=Node(evm.embedded.url)))
    assert {"contract_signatures", "certificate"} <= set(failed(verdict))
    assert "digests" not in failed(verdict)
