"""What is due runs once: twice, by two workers at once, after a crash at any statement, after a pause."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

import psycopg
import pytest
from django.db import DatabaseError, OperationalError

from journal.clock import database_clock
from journal.models import JobRun
from ledger.models import Transfer
from power.models import Snapshot
from programmes.models import Typology
from tests.factories import EVEN, HOUR, UNIT, make_community, make_cycle, signed
from tests.races import at_once, threads, wait_until_blocked
from votes.actions.ballots import cast_ballot
from votes.actions.cycles import plan_cycles
from votes.actions.steps import due_steps, run_everything_due, run_step, schedules_to_plan
from votes.models import (
    Announcement,
    BallotPosition,
    Cancellation,
    Certificate,
    Contest,
    Counterfactual,
    Cycle,
    Option,
    OptionResult,
    Record,
    RecordPart,
    Result,
    Settlement,
    TreeHead,
)

MOMENT = timedelta(microseconds=1)


def due_at(cycle: Cycle) -> dict[str, datetime]:
    """When each step of the normal course is due, the result being published at once."""
    return {
        "announce": cycle.announced_at,
        "freeze": cycle.snapshot_at,
        "head": cycle.opens_at,
        "close": cycle.closes_at,
        "tally": cycle.closes_at,
        "record": cycle.closes_at,
        "counterfactuals": cycle.closes_at,
        "settle": cycle.settles_at,
        "final_record": cycle.settles_at,
    }


FOLLOWING = ("tally", "record", "counterfactuals", "final_record")  # due as soon as there is what they read


def names_due(at: datetime) -> list[str]:
    return [step.name for step, _ in due_steps(at=at)]


def run(name: str, cycle: Cycle, at: datetime) -> bool:
    return run_step(name=name, cycle_id=cycle.pk, at=at)


def planned() -> Cycle:
    return make_cycle(make_community(), opens_in=24 * HOUR, announced=False)


# The normal course


@pytest.mark.django_db
def test_every_step_is_due_from_its_instant_until_it_is_done_and_twice_is_once() -> None:
    cycle = planned()
    for name, at in due_at(cycle).items():
        if name not in FOLLOWING:
            assert names_due(at - MOMENT) == (["head"] if name == "close" else [])
            assert not run(name, cycle, at - MOMENT)
        assert names_due(at) == [name]
        assert [run(name, cycle, at), run(name, cycle, at)] == [True, False]
    assert names_due(cycle.settles_at + 1000 * HOUR) == []
    runs = JobRun.objects.order_by("pk").values_list("step", "subject", "due_at", "failure")
    assert list(runs) == [(name, f"cycle/{cycle.number}", at, "") for name, at in due_at(cycle).items()]


@pytest.mark.django_db
def test_a_schedule_runs_itself_from_planning_to_money() -> None:
    community = make_community()
    at = database_clock()
    assert schedules_to_plan(at=at) == [community.schedule.pk]
    assert run_everything_due(at=at) == 0
    assert schedules_to_plan(at=at) == []
    cycle = Cycle.objects.earliest("opens_at")
    phases = []
    for instant in sorted(set(due_at(cycle).values())):
        run_everything_due(at=instant)
        phases.append(Cycle.objects.at(instant).get(pk=cycle.pk).phase)
    assert phases == ["announced", "announced", "open", "challenge", "settled"]


@pytest.mark.django_db
def test_a_cycle_without_announcement_in_time_is_cancelled_and_nothing_more_is_due() -> None:
    cycle = planned()
    last = cycle.opens_at - cycle.notice
    assert names_due(last) == ["announce"]
    assert names_due(last + MOMENT) == ["cancel"]
    assert run_everything_due(at=cycle.settles_at) == 1
    assert Cancellation.objects.get().cycle == cycle
    assert names_due(cycle.settles_at) == []


@pytest.mark.django_db
def test_a_scheduler_that_was_down_changes_only_when_not_what() -> None:
    cycle = make_cycle(make_community(), frozen=False)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    back = cycle.settles_at + 24 * HOUR
    assert run_everything_due(at=back) == 4
    assert Certificate.objects.get().lateness == back - cycle.closes_at
    assert Result.objects.get().published_at == back
    assert run_everything_due(at=back + cycle.window - MOMENT) == 0
    assert run_everything_due(at=back + cycle.window) == 2
    assert Typology.objects.get(slug="lending").account.balance == 600 * UNIT
    lateness = {run.step: run.finished_at - run.due_at for run in JobRun.objects.all()}
    assert lateness["close"] == back - cycle.closes_at


@pytest.mark.django_db
def test_a_switched_off_schedule_plans_nothing() -> None:
    schedule = make_community().schedule
    schedule.is_active = False
    schedule.save()
    assert schedules_to_plan(at=database_clock()) == []


@pytest.mark.django_db
def test_a_refused_step_is_written_down_once_and_no_row_more(caplog: pytest.LogCaptureFixture) -> None:
    cycle = planned()
    Typology.objects.update(floor=6_000)
    for second in range(5):
        assert not run("announce", cycle, cycle.announced_at + timedelta(seconds=second))
    (failed,) = JobRun.objects.all()
    assert failed.failure.startswith("Ignite: the floors sum to 12000")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert names_due(cycle.announced_at) == ["announce"]
    Typology.objects.update(floor=0, cap=10)
    assert not run("announce", cycle, cycle.announced_at)
    Typology.objects.update(cap=10_000)
    assert run("announce", cycle, cycle.announced_at)
    assert [bool(run.failure) for run in JobRun.objects.order_by("pk")] == [True, True, False]


# Two workers, and crashes

at_all = pytest.mark.django_db(transaction=True)

# What a step writes last, but for the journal.
LAST_TABLE = {
    "announce": "votes_option",
    "freeze": "votes_cyclepower",
    "head": "votes_treehead",
    "close": "votes_certificate",
    "tally": "votes_optionresult",
    "record": "votes_record",
    "counterfactuals": "votes_counterfactual",
    "settle": "votes_settlement",
    "final_record": "votes_record",
}


def rows() -> dict[str, int]:
    """How many rows there are of everything that steps write."""
    models = (Announcement, Contest, Option, Snapshot, BallotPosition, TreeHead, Certificate, Result)
    later = (OptionResult, Counterfactual, Transfer, Settlement, Record, RecordPart, JobRun)
    return {model.__name__: model.objects.count() for model in (*models, *later)}


def brought_to(name: str) -> tuple[Cycle, datetime]:
    """A cycle, with a ballot where it can have one, for which step `name` is due, and the instant at which it is."""
    cycle = make_cycle(make_community(), announced=False, opens_in=(-2 if name != "announce" else 24) * HOUR)
    steps = due_at(cycle)
    for earlier, at in steps.items():
        if earlier == name:
            break
        assert run(earlier, cycle, at)
        if earlier == "freeze":
            submission = signed("alice", Cycle.objects.get(), EVEN)
            cast_ballot(number=cycle.number, submission=submission, at=database_clock())
    return cycle, steps[name]


@at_all
@pytest.mark.parametrize("name", LAST_TABLE)
def test_workers_at_once_do_a_step_once(name: str) -> None:
    cycle, at = brought_to(name)
    assert sorted(at_once(*[partial(run, name, cycle, at)] * 4)) == [False, False, False, True]
    after = rows()
    assert not run(name, cycle, at)
    assert rows() == after
    assert JobRun.objects.filter(step=name).count() == 1


@at_all
def test_workers_at_once_plan_each_cycle_once() -> None:
    schedule = make_community().schedule
    made = at_once(*[partial(plan_cycles, schedule_id=schedule.pk, at=database_clock())] * 4)
    assert sum(made) == Cycle.objects.count() == schedule.ahead
    assert set(Cycle.objects.values_list("number", flat=True)) == {1, 2}


@contextmanager
def crash_at(superuser: psycopg.Connection, table: str) -> Iterator[None]:
    """Let every insert into `table` fail after its row was written."""
    superuser.execute(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'crash'; END $$"
    )
    superuser.execute(f"CREATE TRIGGER crash AFTER INSERT ON {table} EXECUTE FUNCTION crash()".encode())
    try:
        yield
    finally:
        superuser.execute("DROP FUNCTION crash CASCADE")


@at_all
@pytest.mark.parametrize("name", LAST_TABLE)
def test_a_crash_leaves_nothing_behind_and_the_next_run_completes(
    superuser: psycopg.Connection, name: str
) -> None:
    cycle, at = brought_to(name)
    before = rows()
    for table in (LAST_TABLE[name], "journal_jobrun"):
        with crash_at(superuser, table), pytest.raises(DatabaseError, match="crash"):
            run(name, cycle, at)
        assert rows() == before
        assert names_due(at) == [name]
    assert run(name, cycle, at)
    assert rows() != before


@at_all
@pytest.mark.parametrize("name", LAST_TABLE)
def test_a_worker_killed_in_the_middle_leaves_nothing_behind(
    superuser: psycopg.Connection, name: str
) -> None:
    cycle, at = brought_to(name)
    before = rows()
    with threads() as start, superuser.transaction():
        superuser.execute(f"LOCK TABLE {LAST_TABLE[name]} IN SHARE MODE".encode())
        worker = start(partial(run, name, cycle, at))
        wait_until_blocked(superuser)
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        assert isinstance(worker.exception(), OperationalError)
    assert rows() == before
    assert run(name, cycle, at)
