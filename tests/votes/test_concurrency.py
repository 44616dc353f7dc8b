"""What meets in the database: ballots and closing, tabs of one voter, requests and jobs, editors and rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from journal.clock import database_clock
from journal.refusal import Refusal
from power.models import Snapshot
from tests.factories import HOUR, UNIT, Community, make_community, make_cycle, signed
from tests.races import at_once, threads, wait_until_blocked
from votes.actions.ballots import append_ballot, cast_ballot
from votes.actions.closing import close_cycle
from votes.actions.cycles import announce_cycle, freeze_power
from votes.models import Announcement, Ballot, Certificate, Cycle
from votes.record.ballot import Submission, ballot_digest
from votes.record.receipt import Receipt

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = [f"voter {number}" for number in range(32)]
ALICE = CROWD[0]


@pytest.fixture
def community() -> Community:
    return make_community(dict.fromkeys(CROWD, UNIT))


def cast(submission: Submission, at: datetime | None = None) -> Receipt:
    number = int(submission.ballot.cycle)
    return cast_ballot(number=number, submission=submission, at=at or database_clock()).receipt


def answer_to(submission: Submission, at: datetime | None = None) -> str:
    """What the sender is told: accepted, or the name of the refusal."""
    try:
        cast(submission, at)
    except Refusal as refusal:
        return refusal.name
    return "accepted"


def append(cycle: Cycle, submission: Submission) -> Ballot:
    """The insert alone, without the checks before it."""
    rules = cycle.announcement.rules
    return append_ballot(
        cycle=cycle,
        signed=submission.ballot,
        digest=ballot_digest(submission.ballot, rules.domain_separator),
        options=[rules.option_numbers[line.programme, line.typology] for line in submission.ballot.lines],
        signature=submission.signature,
        replaces=None,
    )


# Acceptance and closing


def close_around_a_ballot_in_flight(
    community: Community, superuser: psycopg.Connection, *, closing_waits: bool
) -> tuple[int, int]:
    """Close while a ballot is inserted and not committed; how many ballots are stored and how many certified."""
    cycle = make_cycle(community)
    with threads() as start, transaction.atomic():
        append(cycle, signed(ALICE, cycle))
        closing = start(partial(close_cycle, cycle_id=cycle.pk, at=cycle.closes_at))
        if closing_waits:
            wait_until_blocked(superuser)
            assert not closing.done()
        else:
            closing.result()
    return Ballot.objects.count(), Certificate.objects.get().ballot_count


def test_closing_waits_for_a_ballot_in_flight_and_counts_it(
    community: Community, superuser: psycopg.Connection
) -> None:
    assert close_around_a_ballot_in_flight(community, superuser, closing_waits=True) == (1, 1)


@contextmanager
def without_the_lock(superuser: psycopg.Connection) -> Iterator[None]:
    """Acceptance as it must not be."""
    row = superuser.execute("SELECT pg_get_functiondef('accept_ballot'::regproc)").fetchone()
    assert row is not None
    definition: str = row[0]
    lines = definition.splitlines(keepends=True)
    bare = "".join(line for line in lines if "advisory" not in line)
    assert bare != definition
    superuser.execute(bare.encode())
    yield
    superuser.execute(definition.encode())


def test_without_the_lock_the_same_ballot_would_be_stored_after_the_certificate(
    community: Community, superuser: psycopg.Connection
) -> None:
    with without_the_lock(superuser):
        found = close_around_a_ballot_in_flight(community, superuser, closing_waits=False)
    assert found == (1, 0)


def test_no_sender_is_told_closed_of_a_ballot_that_came_in_time(
    community: Community, superuser: psycopg.Connection
) -> None:
    cycle = make_cycle(community)
    in_time, late = signed(ALICE, cycle), signed(CROWD[1], cycle)
    with threads() as start, transaction.atomic():
        append(cycle, in_time)
        answers = [start(partial(answer_to, ballot, at=cycle.closes_at)) for ballot in (in_time, late)]
        wait_until_blocked(superuser, 2)
    assert [answer.result() for answer in answers] == ["accepted", "closed"]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_ballot_under_another_isolation_level_is_refused(community: Community, level: str) -> None:
    cycle = make_cycle(community)
    submission = signed(ALICE, cycle)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        with pytest.raises(DatabaseError) as refusal:
            append(cycle, submission)
    assert getattr(refusal.value.__cause__, "sqlstate", None) == "TP001"


# One voter, several requests


def test_the_same_bytes_at_once_are_one_row_and_get_one_receipt(community: Community) -> None:
    cycle = make_cycle(community)
    submission = signed(ALICE, cycle, reason="Because.")
    receipts = at_once(*[partial(cast, submission)] * 8)
    assert Ballot.objects.count() == 1
    assert set(receipts) == {cast(submission)}


def test_tabs_of_one_voter_make_one_chain_and_every_answer_has_a_name(
    community: Community, superuser: psycopg.Connection
) -> None:
    cycle = make_cycle(community)
    most = cycle.announcement.rules.limits.ballots_per_voter
    tabs = [signed(ALICE, cycle, nonce=nonce) for nonce in range(1, most + 5)]
    with threads(len(tabs)) as start, transaction.atomic():
        append(cycle, signed(ALICE, cycle, nonce=0))  # so that all of them collide at first
        waiting = [start(partial(answer_to, tab)) for tab in tabs]
        wait_until_blocked(superuser, len(tabs))
    answers = [answer.result() for answer in waiting]
    chain = list(Ballot.objects.order_by("sequence"))
    assert 1 + answers.count("accepted") == len(chain) <= most
    assert set(answers) <= {"accepted", "stale_nonce", "too_many_ballots"}
    assert [ballot.sequence for ballot in chain] == list(range(1, len(chain) + 1))
    assert [ballot.replaces_id for ballot in chain] == [None, *(ballot.pk for ballot in chain[:-1])]
    assert sorted(ballot.nonce for ballot in chain) == [ballot.nonce for ballot in chain]
    assert list(Ballot.objects.counted()) == chain[-1:]


def test_a_ballot_that_waited_for_its_twin_is_accepted_though_a_newer_one_came(
    community: Community, superuser: psycopg.Connection
) -> None:
    cycle = make_cycle(community)
    older, newer = signed(ALICE, cycle, nonce=1), signed(ALICE, cycle, nonce=2)
    with threads() as start, transaction.atomic():
        append(cycle, older)
        answers = [start(partial(answer_to, ballot)) for ballot in (newer, *[older] * 5)]
        wait_until_blocked(superuser, len(answers))
    assert {answer.result() for answer in answers} == {"accepted"}
    assert Ballot.objects.count() == 2


# Requests and jobs


def test_ballots_at_the_opening_perform_an_overdue_freeze_once(community: Community) -> None:
    cycle = make_cycle(community, frozen=False)
    answers = at_once(*(partial(answer_to, signed(name, cycle)) for name in CROWD[:8]))
    assert answers == ["accepted"] * 8
    assert Snapshot.objects.count() == 1


def test_a_request_waits_for_the_job_that_is_freezing_just_now(
    community: Community, superuser: psycopg.Connection
) -> None:
    cycle = make_cycle(community, frozen=False)
    with threads() as start, transaction.atomic():
        assert freeze_power(cycle_id=cycle.pk, at=database_clock())
        answer = start(partial(answer_to, signed(ALICE, cycle)))
        wait_until_blocked(superuser)
    assert answer.result() == "accepted"


# Editors and rules


def test_an_instant_that_is_being_changed_is_changed_before_the_rules_are_frozen(
    community: Community, superuser: psycopg.Connection
) -> None:
    cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)
    with threads() as start, transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(closes_at=cycle.closes_at - HOUR)
        announced = start(partial(announce_cycle, cycle_id=cycle.pk, at=database_clock()))
        wait_until_blocked(superuser)
    assert announced.result()
    assert Announcement.objects.get().rules.instants == Cycle.objects.get().instants
    assert Cycle.objects.get().closes_at == cycle.closes_at - HOUR


def test_an_instant_can_no_longer_change_while_the_rules_are_being_frozen(
    community: Community, superuser: psycopg.Connection
) -> None:
    cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)
    with threads() as start, transaction.atomic():
        assert announce_cycle(cycle_id=cycle.pk, at=database_clock())
        change = start(partial(Cycle.objects.filter(pk=cycle.pk).update, closes_at=cycle.closes_at - HOUR))
        wait_until_blocked(superuser)
    error = change.exception()
    assert error is not None
    assert getattr(error.__cause__, "sqlstate", None) == "TP101"
    assert Announcement.objects.get().rules.instants == Cycle.objects.get().instants
