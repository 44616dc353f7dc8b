"""Ballots hammer a cycle from many connections while it is closed and its heads are signed, again and again."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from pytest_django import Settings

from journal.clock import database_clock
from journal.refusal import Refusal
from tests.factories import UNIT, make_community, make_cycle, signed
from tests.races import at_once, threads
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle
from votes.actions.heads import publish_head
from votes.models import Ballot, BallotPosition, Certificate, Cycle, TreeHead

VOTING = timedelta(milliseconds=80)
THREADS = 4
CROWD = [f"voter {number}" for number in range(THREADS * 8)]


def vote_until_closed(cycle: Cycle, names: list[str]) -> list[bytes]:
    """The digests of the ballots for which a receipt was returned."""
    receipts: list[bytes] = []
    refusal = None
    while refusal is None:
        turn, voter = divmod(len(receipts), len(names))
        submission = signed(names[voter], cycle, nonce=turn + 1, reason="Because.")
        try:
            cast = cast_ballot(number=cycle.number, submission=submission, at=database_clock())
            receipts.append(cast.receipt.digest)
        except Refusal as error:
            refusal = error.name
    assert refusal == "closed"
    return receipts


def sign_heads(cycle: Cycle) -> int:
    """Sign heads as fast as they are due until the cycle has its certificate; how many were signed."""
    signed_heads = 0
    while not Certificate.objects.filter(cycle=cycle).exists():
        signed_heads += publish_head(cycle_id=cycle.pk, at=database_clock())
    return signed_heads


def close_when_due(cycle: Cycle, early: timedelta = timedelta(0)) -> float:
    """Close as soon as can be, by a clock that is `early`; how long that took [seconds]."""
    due = cycle.closes_at - early
    while database_clock() < due:
        time.sleep(0.001)
    while not close_cycle(cycle_id=cycle.pk, at=cycle.closes_at):
        time.sleep(0.001)
    return (database_clock() - due).total_seconds()


@pytest.mark.django_db(transaction=True)
def test_over_many_closings_no_ballot_comes_late_and_none_that_was_accepted_is_missing(
    rounds: Callable[[int, int], int], figure: Callable[[str], None], settings: Settings
) -> None:
    """Every second closing comes by a clock that is ahead, so that the crowd is in full swing."""
    settings.TPP_HEAD_SECONDS = 0
    community = make_community(dict.fromkeys(CROWD, UNIT))
    closings, total, heads, making = rounds(40, 300), 0, 0, timedelta(seconds=1)
    for number in range(closings):
        cycle = make_cycle(community, opens_in=timedelta(0), voting=making + VOTING)
        making = 2 * (database_clock() - cycle.opens_at)  # whatever the machine, the crowd has its time
        close = partial(close_when_due, cycle, early=VOTING / 2 if number % 2 else timedelta(0))
        votes = [partial(vote_until_closed, cycle, CROWD[thread::THREADS]) for thread in range(THREADS)]
        with threads() as start:
            lateness, signing = start(close), start(partial(sign_heads, cycle))
            receipts = [digest for answer in at_once(*votes) for digest in answer]
        ballots = Ballot.objects.filter(cycle=cycle)
        stored = {bytes(digest) for digest in ballots.values_list("digest", flat=True)}
        positions = BallotPosition.objects.filter(cycle=cycle)
        certified = {bytes(digest) for digest in positions.values_list("ballot__digest", flat=True)}
        assert stored == certified == set(receipts)
        assert Certificate.objects.get(cycle=cycle).ballot_count == len(stored)
        assert not ballots.filter(received_at__gte=cycle.closes_at).exists()
        assert lateness.result() < 5, "ballots starved the closing"
        assert TreeHead.objects.filter(cycle=cycle).count() == signing.result()
        total, heads = total + len(stored), heads + signing.result()
        while database_clock() < cycle.closes_at:
            time.sleep(0.001)
    assert total > closings
    assert heads > closings / 2
    figure(
        f"closing: {closings} closings, {THREADS} connections voting and one signing, {total} ballots,"
        f" {heads} heads: none after a certificate, none that was accepted missing"
    )
