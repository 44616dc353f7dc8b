"""Nearly every ballot is taken by one statement; whatever that does not take is taken, or refused, the long way."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.factories import EVEN, HOUR, address, make_community, make_cycle, signed
from votes.actions.accepting import accept_at_once
from votes.actions.ballots import remember
from votes.models import Ballot, Cycle
from votes.record.receipt import Receipt, verify_receipt

pytestmark = pytest.mark.django_db

LENDING = {"ignite": {"lending": 10_000}}


@pytest.fixture(params=[True, False], ids=["live", "sealed"])
def cycle(request: pytest.FixtureRequest) -> Cycle:
    cycle = make_cycle(make_community(live_results=request.param))
    remember(cycle.announcement.rules)
    return cycle


def post(client: Client, cycle: Cycle, body: bytes) -> Any:
    return client.post(f"/api/v1/cycles/{cycle.number}/ballots/", body, content_type="application/json")


def test_an_accepted_ballot_costs_one_statement(
    client: Client, cycle: Cycle, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first, second = (
        signed("alice", cycle, nonce=1),
        signed("alice", cycle, LENDING, nonce=2, reason="Better so."),
    )
    for submission in (first, second):
        with django_assert_num_queries(
            3
        ) as asked:  # a savepoint and its release, only within a test's transaction
            assert post(client, cycle, submission.body()).status_code == 201
        assert "accept_at_once" in asked.captured_queries[1]["sql"]


def test_both_ways_answer_and_store_alike(client: Client, cycle: Cycle) -> None:
    for nonce, reason in ((1, ""), (2, "Better so.")):
        submission = signed("alice", cycle, nonce=nonce, reason=reason)
        told = post(client, cycle, submission.body()).json()
        stored = Ballot.objects.latest("pk")
        assert (stored.voter, stored.nonce, stored.sequence) == (address("alice"), nonce, nonce)
        assert stored.shares == [6000, 4000, 5000, 5000]
        assert stored.reason_words == reason
        assert bytes(stored.signature or b"") == submission.signature
        assert hasattr(stored, "blind") == cycle.is_sealed
        again = post(
            client, cycle, submission.body()
        )  # the newest one has this nonce, so it goes the long way
        assert (again.status_code, again.json()) == (201, told)
        receipt = Receipt(
            cycle=str(cycle.number),
            rules=cycle.announcement.rules.hash,
            digest=bytes(stored.digest),
            received_at=stored.received_at,
            commitment=stored.tree_key if cycle.is_sealed else None,
        )
        assert receipt.content() == told["receipt"]
        assert verify_receipt(
            cycle.announcement.rules.receipt_key, receipt, bytes.fromhex(told["signature"][2:])
        )
    assert told["replaces"] == Ballot.objects.earliest("pk").digest_hex
    assert Ballot.objects.count() == 2


def test_the_statement_takes_nothing_that_the_long_way_refuses(cycle: Cycle) -> None:
    good = signed("alice", cycle)
    most = cycle.announcement.rules.limits.ballots_per_voter
    refused = {
        "no power": signed("stranger", cycle),
        "another's signature": replace(good, signature=signed("bob", cycle).signature),
        "another cycle": replace(good, ballot=replace(good.ballot, cycle="99")),
        "other rules": replace(good, ballot=replace(good.ballot, rules=bytes(32))),
        "sum": signed("alice", cycle, {"ignite": {"lending": 9_999}}),
    }
    for what, submission in refused.items():
        assert accept_at_once(number=cycle.number, submission=submission) is None, what
    assert accept_at_once(number=99, submission=good) is None
    assert Ballot.objects.count() == 0
    for nonce in range(2, most + 2):
        assert accept_at_once(number=cycle.number, submission=signed("alice", cycle, nonce=nonce)) is not None
    assert accept_at_once(number=cycle.number, submission=signed("alice", cycle, nonce=most)) is None  # stale
    assert (
        accept_at_once(number=cycle.number, submission=signed("alice", cycle, nonce=most + 2)) is None
    )  # too many
    assert Ballot.objects.count() == most


@pytest.mark.parametrize(("opens_in", "voting"), [(HOUR, HOUR), (-2 * HOUR, HOUR)], ids=["before", "after"])
def test_nothing_is_taken_out_of_time(client: Client, opens_in: Any, voting: Any) -> None:
    cycle = make_cycle(make_community(), opens_in=opens_in, voting=voting)
    remember(cycle.announcement.rules)
    submission = signed("alice", cycle)
    assert accept_at_once(number=cycle.number, submission=submission) is None
    answer = post(client, cycle, submission.body())
    assert (answer.status_code, answer.json()["refusal"]) == (
        409,
        "closed" if opens_in < 0 * HOUR else "not_open_yet",
    )
    assert Ballot.objects.count() == 0


def test_whoever_cannot_sign_makes_the_database_do_nothing(
    cycle: Cycle, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    good = signed("alice", cycle, EVEN)
    with django_assert_num_queries(0):
        assert accept_at_once(number=cycle.number, submission=replace(good, signature=bytes(65))) is None


@pytest.mark.django_db(transaction=True)
def test_it_is_committed_with_one_statement_and_no_transaction_around(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cycle = make_cycle(make_community())
    remember(cycle.announcement.rules)
    body = signed("alice", cycle).body()
    with django_assert_num_queries(1):
        told = json.loads(post(client, cycle, body).content)
    with connection.cursor() as cursor:  # whoever else looks finds it
        cursor.execute(
            "SELECT count(*) FROM votes_ballot WHERE digest = %s", [bytes.fromhex(told["digest"][2:])]
        )
        assert cursor.fetchone() == (1,)
