"""Ballots of contract wallets on a real node: they wait unseen, count once confirmed in time, and never by mistake."""

import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from eth_abi.abi import encode

from chain.blocks import block_at
from chain.signing import sign_digest
from journal.clock import database_clock
from journal.refusal import Refusal
from tests.evm import Chain
from tests.factories import EVEN, UNIT, Community, address, key_of, make_community, make_cycle, signed
from tests.races import at_once, threads, wait_until_blocked
from tests.waiting import approve, digest_of, end_on_chain, for_wallet, judge, outcome, send
from tpp.processes import free_port
from votes.actions.closing import close_cycle, publish_result
from votes.actions.judging import LEASE, cycles_to_judge, judge_waiting
from votes.actions.waiting import send_ballot
from votes.models import Ballot, Certificate, Cycle, Result, Verdict, WaitingBallot, WaitingProgress
from votes.record.ballot import Submission
from votes.record.instants import iso

pytestmark = [pytest.mark.node, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def wallet(evm: Chain) -> str:
    """Two of its three owners must agree, by signatures or on the chain; the first two are the node's accounts."""
    return evm.wallet([*evm.accounts[:2], address("cleo")], 2)


@pytest.fixture
def future(evm: Chain) -> tuple[str, str, bytes]:
    """A wallet of ann and ben that is not deployed yet, its factory, and what makes it."""
    return evm.future_wallet([address("ann"), address("ben")], 2)


@pytest.fixture
def community(evm: Chain, wallet: str, future: tuple[str, str, bytes], settings: Any) -> Community:
    settings.TPP_RPC_URLS = [evm.embedded.url]
    settings.TPP_FINALITY = "2"
    return make_community({wallet: 50 * UNIT, "alice": 30 * UNIT, future[0]: UNIT}, chain_id=31337)


@pytest.fixture
def cycle(community: Community) -> Cycle:
    return make_cycle(community)


# What the sender is told


def test_a_ballot_waits_unseen_and_is_in_once_its_wallet_confirms_it(
    client: Client, evm: Chain, wallet: str, cycle: Cycle
) -> None:
    submission = for_wallet(wallet, cycle, reason="Because.")
    answer = send(client, cycle, submission)
    waits = answer.json()
    assert (answer.status_code, waits["status"], waits["verdict"]) == (202, "waiting", None)
    assert waits["confirm_before"] == iso(cycle.closes_at)
    assert waits["decided_by"] == iso(cycle.closes_at + timedelta(seconds=3600))
    assert send(client, cycle, submission).json() == waits
    assert client.get(f"/api/v1/cycles/{cycle.number}/ballots/").json()["ballots"] == []
    assert client.get(f"/api/v1/cycles/{cycle.number}/voters/{wallet}/").json()["newest"] is None
    assert client.get(f"/api/v1/cycles/{cycle.number}/waiting/").json()["waiting"] == []
    assert judge(cycle) == 0

    approve(evm, wallet, cycle, submission)
    assert judge(cycle) == 1
    answer = send(client, cycle, submission)
    receipt = answer.json()
    assert answer.status_code == 201
    assert receipt["receipt"]["received_at"] == waits["received_at"]
    (ballot,) = client.get(f"/api/v1/cycles/{cycle.number}/ballots/").json()["ballots"]
    assert (ballot["digest"], ballot["reason"], ballot["signature"]) == (receipt["digest"], "Because.", "0x")
    told = client.get(f"/api/v1/cycles/{cycle.number}/waiting/{waits['key']}/").json()
    verdict = told["verdict"]
    assert (told["status"], verdict["standard"]) == ("accepted", "eip1271")
    block = block_at(evm.node, verdict["block_number"])
    assert verdict["block_hash"] == "0x" + block.hash.hex()
    assert verdict["block_number"] <= evm.newest() - 2
    assert judge(cycle) == 0
    assert Ballot.objects.count() == 1


def test_a_wallet_that_is_not_deployed_yet_confirms_by_erc_6492(
    client: Client, evm: Chain, cycle: Cycle, future: tuple[str, str, bytes]
) -> None:
    wallet, factory, making = future
    digest = digest_of(for_wallet(wallet, cycle), cycle)
    both = sign_digest(key_of("ann"), digest) + sign_digest(key_of("ben"), digest)
    wrapped = encode(["address", "bytes", "bytes"], [factory, making, both]) + bytes.fromhex("6492" * 16)
    submission = for_wallet(wallet, cycle, signature=wrapped)
    assert send(client, cycle, submission).status_code == 202
    assert judge(cycle) == 1
    assert send(client, cycle, submission).status_code == 201
    assert Verdict.objects.get().standard == "erc6492"
    assert evm.ask("eth_getCode", wallet, "latest") == "0x"


def test_a_key_that_is_not_the_voters_is_refused_at_the_first_check(client: Client, cycle: Cycle) -> None:
    """Nobody knows at once that alice's address is no contract."""
    right = signed("alice", cycle)
    wrong = Submission(right.ballot, sign_digest(key_of("bob"), digest_of(right, cycle)))
    assert send(client, cycle, wrong).status_code == 202
    assert judge(cycle) == 1
    answer = send(client, cycle, wrong)
    assert (answer.status_code, answer.json()["refusal"]) == (422, "bad_signature")
    assert send(client, cycle, right).status_code == 201


def test_without_a_node_a_contract_cannot_vote_and_is_told_at_once(
    client: Client, community: Community, wallet: str, settings: Any
) -> None:
    settings.TPP_RPC_URLS = []
    cycle = make_cycle(community)
    assert b"waiting_seconds" not in cycle.announcement.rules.data
    answer = send(client, cycle, for_wallet(wallet, cycle))
    assert (answer.status_code, answer.json()["refusal"]) == (422, "bad_signature")


@pytest.mark.parametrize(("size", "status"), [(8_192, 202), (8_193, 400)])
def test_a_contract_signature_has_a_limit(
    client: Client, cycle: Cycle, wallet: str, size: int, status: int
) -> None:
    assert send(client, cycle, for_wallet(wallet, cycle, signature=bytes(size))).status_code == status


def test_no_power_no_waiting(client: Client, cycle: Cycle) -> None:
    answer = send(client, cycle, for_wallet("0x" + "77" * 20, cycle))
    assert (answer.status_code, answer.json()["refusal"]) == (422, "no_power_at_snapshot")


# How many may wait


def test_three_wait_and_one_more_is_tried_so_that_strangers_cannot_keep_a_wallet_out(
    client: Client, evm: Chain, cycle: Cycle, wallet: str
) -> None:
    junk = [for_wallet(wallet, cycle, signature=bytes([number])) for number in range(5)]
    assert [send(client, cycle, one).status_code for one in junk] == [202] * 4 + [409]
    assert send(client, cycle, junk[4]).json()["refusal"] == "too_many_waiting"
    assert judge(cycle) == 1
    answer = send(client, cycle, junk[3])
    assert (answer.status_code, answer.json()["refusal"]) == (409, "too_many_waiting")
    assert send(client, cycle, junk[0]).status_code == 202

    ready = for_wallet(wallet, cycle, nonce=7)
    approve(evm, wallet, cycle, ready)
    assert send(client, cycle, ready).status_code == 202
    assert judge(cycle) == 4  # it is in; the three junk ballots have an older nonce now
    assert send(client, cycle, ready).status_code == 201
    assert {outcome(one, cycle) for one in junk[:3]} == {("rejected", "stale_nonce")}


def test_places_are_given_out_one_at_a_time(cycle: Cycle, wallet: str) -> None:
    def try_to_wait(number: int) -> str:
        submission = for_wallet(wallet, cycle, signature=bytes([number]))
        try:
            send_ballot(number=cycle.number, submission=submission, at=database_clock())
        except Refusal as refusal:
            return refusal.name
        return "waits"

    answers = at_once(*(partial(try_to_wait, number) for number in range(8)))
    assert sorted(answers) == ["too_many_waiting"] * 4 + ["waits"] * 4
    assert WaitingBallot.objects.count() == 4


def test_the_same_bytes_at_once_wait_once(cycle: Cycle, wallet: str) -> None:
    submission = for_wallet(wallet, cycle)
    call = partial(send_ballot, number=cycle.number, submission=submission, at=database_clock())
    found = at_once(*[call] * 6)
    assert WaitingBallot.objects.count() == 1
    assert {type(one) for one in found} == {WaitingBallot}


# Until when


def test_a_late_co_signer_is_in_time_at_the_last_block_before_closing_and_not_a_block_later(
    client: Client, evm: Chain, community: Community, wallet: str
) -> None:
    cycle = make_cycle(community)
    in_time, late = for_wallet(wallet, cycle), for_wallet(wallet, cycle, nonce=2)
    for submission in (in_time, late):
        assert send(client, cycle, submission).status_code == 202
    evm.call(wallet, "approve(bytes32)", digest_of(in_time, cycle), by=0)
    evm.call(wallet, "approve(bytes32)", digest_of(late, cycle), by=0)
    evm.ask("evm_setNextBlockTimestamp", int(cycle.closes_at.timestamp()) - 1)
    evm.call(wallet, "approve(bytes32)", digest_of(in_time, cycle), by=1)
    last = evm.newest()
    assert judge(cycle) == 0  # not final yet
    assert WaitingProgress.objects.get(waiting__nonce=1).seen_at_number == last
    evm.ask("evm_setNextBlockTimestamp", int(cycle.closes_at.timestamp()) + 1)
    evm.call(wallet, "takeBack(bytes32)", digest_of(in_time, cycle), by=1)
    evm.call(wallet, "approve(bytes32)", digest_of(late, cycle), by=1)
    evm.mine(4)

    at = cycle.closes_at + timedelta(seconds=30)
    assert not close_cycle(cycle_id=cycle.pk, at=at)
    assert judge(cycle) == 2
    assert outcome(in_time, cycle) == ("accepted", "confirmed")
    assert outcome(late, cycle) == ("rejected", "not_confirmed")
    assert Verdict.objects.get(outcome="accepted").block_number == last
    assert close_cycle(cycle_id=cycle.pk, at=at)
    assert publish_result(cycle_id=cycle.pk, at=at)
    assert Certificate.objects.get().ballot_count == Result.objects.get().voters == 1
    answers = [send(client, cycle, submission) for submission in (in_time, late)]
    assert [answer.status_code for answer in answers] == [201, 409]
    listed = client.get(f"/api/v1/cycles/{cycle.number}/waiting/").json()["waiting"]
    assert [row["verdict"]["outcome"] for row in listed] == ["accepted", "rejected"]


def test_a_newer_ballot_of_the_wallet_makes_an_older_one_that_waits_stale(
    client: Client, evm: Chain, cycle: Cycle, wallet: str
) -> None:
    older, newer = for_wallet(wallet, cycle, nonce=3), for_wallet(wallet, cycle, nonce=5)
    for submission in (older, newer):
        send(client, cycle, submission)
    approve(evm, wallet, cycle, newer)
    assert judge(cycle) == 1
    approve(evm, wallet, cycle, older)
    assert judge(cycle) == 1
    assert outcome(older, cycle) == ("rejected", "stale_nonce")
    assert send(client, cycle, older).status_code == 409
    assert [ballot.nonce for ballot in Ballot.objects.all()] == [5]


def test_a_wallet_replaces_its_ballot(client: Client, evm: Chain, cycle: Cycle, wallet: str) -> None:
    first = for_wallet(wallet, cycle)
    second = for_wallet(wallet, cycle, nonce=2, split={"ignite": EVEN["ignite"]})
    for submission in (first, second):
        send(client, cycle, submission)
        approve(evm, wallet, cycle, submission)
    assert judge(cycle) == 2
    assert [ballot.nonce for ballot in Ballot.objects.filter(cycle=cycle).counted()] == [2]
    assert send(client, cycle, second).json()["replaces"] == send(client, cycle, first).json()["digest"]


# Nodes that fail


def test_a_dead_node_keeps_the_count_waiting_until_the_frozen_time_ends_and_then_lists_what_is_undecided(
    client: Client, evm: Chain, cycle: Cycle, wallet: str, settings: Any
) -> None:
    submission = for_wallet(wallet, cycle)
    key = send(client, cycle, submission).json()["key"]
    approve(evm, wallet, cycle, submission)
    settings.TPP_RPC_URLS = [f"http://127.0.0.1:{free_port()}"]
    assert judge(cycle) == 0
    told = client.get(f"/api/v1/cycles/{cycle.number}/waiting/{key}/").json()
    assert (told["status"], told["progress"]["failures"]) == ("waiting", 1)
    ends = cycle.closes_at + timedelta(seconds=cycle.announcement.rules.waiting_seconds)
    assert not close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert not close_cycle(cycle_id=cycle.pk, at=ends - timedelta(microseconds=1))
    assert close_cycle(cycle_id=cycle.pk, at=ends)
    assert Certificate.objects.get().ballot_count == 0
    settings.TPP_RPC_URLS = [evm.embedded.url]
    assert judge(cycle) == 0
    answer = send(client, cycle, submission)
    assert (answer.status_code, answer.json()["refusal"]) == (409, "undecided")
    assert (
        client.get(f"/api/v1/cycles/{cycle.number}/waiting/").json()["waiting"][0]["verdict"]["name"]
        == "undecided"
    )
    page = client.get(f"/cycles/{cycle.number}/waiting/").content.decode()
    assert "Nobody could say in time" in page


def test_a_node_that_dies_and_comes_back_delays_the_verdict_and_changes_nothing(
    own_node: Chain, tmp_path: Path, client: Client, settings: Any
) -> None:
    own_node.restart(tmp_path / "state.json")
    wallet = own_node.wallet(own_node.accounts[:2], 2)
    settings.TPP_RPC_URLS, settings.TPP_RPC_SECONDS = [own_node.embedded.url], 0.5
    settings.TPP_FINALITY = "2"
    cycle = make_cycle(make_community({wallet: UNIT}, chain_id=31337))
    submission = for_wallet(wallet, cycle)
    send(client, cycle, submission)
    approve(own_node, wallet, cycle, submission)
    own_node.freeze()
    assert judge(cycle) == 0
    own_node.thaw()
    own_node.stop()
    assert judge(cycle) == 0
    assert WaitingProgress.objects.get().failures == 2
    assert not close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    own_node.restart(tmp_path / "state.json")
    own_node.mine(3)
    assert judge(cycle) == 1
    assert outcome(submission, cycle) == ("accepted", "confirmed")
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)


def test_hostile_wallets_wait_like_others_and_are_never_in(client: Client, evm: Chain, settings: Any) -> None:
    hostile = [evm.deploy("Hostile", ["uint8"], mode) for mode in range(9)]
    evm.mine(3)
    settings.TPP_RPC_URLS, settings.TPP_FINALITY = [evm.embedded.url], "2"
    cycle = make_cycle(make_community(dict.fromkeys(hostile, UNIT), chain_id=31337))
    for wallet in hostile:
        assert send(client, cycle, for_wallet(wallet, cycle)).status_code == 202
    assert judge(cycle) == 0
    end_on_chain(evm, cycle)
    assert judge(cycle) == len(hostile)
    assert set(Verdict.objects.values_list("outcome", "name")) == {("rejected", "not_confirmed")}


# Who meets whom


def test_two_workers_share_the_ballots_and_a_lost_claim_is_taken_over(
    client: Client, evm: Chain, cycle: Cycle, wallet: str
) -> None:
    submission = for_wallet(wallet, cycle)
    send(client, cycle, submission)
    approve(evm, wallet, cycle, submission)
    at = database_clock()
    WaitingProgress.objects.update(claimed_until=at + LEASE)  # by a worker that was killed
    assert cycles_to_judge(at=at) == []
    assert judge_waiting(cycle_id=cycle.pk, at=at) == 0
    later = at + LEASE
    assert cycles_to_judge(at=later) == [cycle.pk]
    decided = at_once(*[partial(judge_waiting, cycle_id=cycle.pk, at=later)] * 4)
    assert sorted(decided) == [0, 0, 0, 1]
    assert Ballot.objects.count() == 1


def test_closing_and_verdicts_exclude_each_other(
    client: Client, evm: Chain, community: Community, wallet: str
) -> None:
    """At the very end of the waiting, both at once, again and again: what is in is counted, what is not is listed."""
    outcomes = set()
    for number in range(10):
        cycle = make_cycle(community, opens_in=timedelta(0), voting=timedelta(seconds=1.2))
        submission = for_wallet(wallet, cycle)
        send(client, cycle, submission)
        approve(evm, wallet, cycle, submission)
        ends = cycle.closes_at + timedelta(seconds=3600)

        def close(cycle: Cycle = cycle, ends: datetime = ends, number: int = number) -> bool:
            time.sleep(number * 0.004)
            return close_cycle(cycle_id=cycle.pk, at=ends)

        at_once(close, partial(judge, cycle))
        close_cycle(cycle_id=cycle.pk, at=ends)
        verdict = Verdict.objects.get(waiting__cycle=cycle)
        ballots = Ballot.objects.filter(cycle=cycle).count()
        assert ballots == Certificate.objects.get(cycle=cycle).ballot_count == (verdict.outcome == "accepted")
        outcomes.add(verdict.outcome)
        while database_clock() < cycle.closes_at:  # cycles do not overlap
            time.sleep(0.01)
    assert outcomes == {"accepted", "undecided"}


def test_closing_waits_for_a_verdict_in_flight(
    client: Client, evm: Chain, cycle: Cycle, wallet: str, superuser: psycopg.Connection
) -> None:
    submission = for_wallet(wallet, cycle)
    send(client, cycle, submission)
    approve(evm, wallet, cycle, submission)
    ends = cycle.closes_at + timedelta(seconds=3600)
    with threads() as start:
        with transaction.atomic():
            assert judge(cycle) == 1
            closing = start(partial(close_cycle, cycle_id=cycle.pk, at=ends))
            wait_until_blocked(superuser)
        assert closing.result()
    assert Certificate.objects.get().ballot_count == 1


# What the database holds


def test_the_database_refuses_verdicts_that_nothing_stands_behind(
    client: Client, cycle: Cycle, wallet: str
) -> None:
    send(client, cycle, for_wallet(wallet, cycle))
    waiting = WaitingBallot.objects.get()
    facts = {"outcome": "accepted", "name": "confirmed", "words": ".", "standard": "eip1271"}
    block = {"block_number": 1, "block_hash": bytes(32), "block_at": cycle.closes_at}
    before = {**block, "block_at": cycle.closes_at - timedelta(seconds=1)}
    for sqlstate, parts in (("23514", facts), ("TP012", facts | block), ("TP013", facts | before)):
        with pytest.raises(DatabaseError) as refused:
            Verdict.objects.create(waiting=waiting, **parts)
        assert getattr(refused.value.__cause__, "sqlstate", "") == sqlstate
    with pytest.raises(DatabaseError):
        WaitingBallot.objects.update(nonce=9)
    assert Verdict.objects.count() == 0


def test_what_is_judged_never_changes(client: Client, evm: Chain, cycle: Cycle, wallet: str) -> None:
    submission = for_wallet(wallet, cycle)
    send(client, cycle, submission)
    approve(evm, wallet, cycle, submission)
    judge(cycle)
    for change in (Verdict.objects.all().delete, partial(Verdict.objects.update, outcome="rejected")):
        with pytest.raises(DatabaseError):
            change()


def test_a_sealed_cycle_seals_them_too(client: Client, evm: Chain, wallet: str, settings: Any) -> None:
    settings.TPP_RPC_URLS, settings.TPP_FINALITY = [evm.embedded.url], "2"
    cycle = make_cycle(make_community({wallet: UNIT}, chain_id=31337, live_results=False))
    submission = for_wallet(wallet, cycle, reason="A secret.")
    page = send(client, cycle, submission).json()["page"]
    approve(evm, wallet, cycle, submission)
    assert judge(cycle) == 1
    answer = send(client, cycle, submission).json()
    assert answer["receipt"]["commitment"]
    shown = client.get(page).content.decode()
    assert "is in" in shown
    assert answer["blind"][2:] not in shown
    assert "A secret." not in shown


# What people see


def test_the_page_says_what_is_missing_and_until_when(
    client: Client, evm: Chain, cycle: Cycle, wallet: str
) -> None:
    submission = for_wallet(wallet, cycle)
    page = send(client, cycle, submission).json()["page"]
    assert "has not been asked yet" in client.get(page).content.decode()
    judge(cycle)
    shown = client.get(page).content.decode()
    assert "the wallet does not confirm the signature" in shown
    assert "Confirm it before" in shown
    assert "0x" + digest_of(submission, cycle).hex() in shown
    approve(evm, wallet, cycle, submission, final=False)
    judge(cycle)
    assert "as soon as that block is final" in client.get(page).content.decode()
    evm.mine(3)
    judge(cycle)
    assert "this ballot is in" in client.get(page).content.decode()
    assert client.get(page.replace(page[-10:-1], "0" * 9)).status_code == 404
