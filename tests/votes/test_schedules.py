"""When cycles open: on the zone's wall clock, through every change of the clocks."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from journal.clock import database_clock
from tests.factories import HOUR, make_community, make_cycle
from votes.actions.cycles import plan_cycle, plan_cycles
from votes.models import Cycle, Schedule

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def schedule(recurrence: str, zone: str, first: str) -> Schedule:
    """A schedule from the wall time `first` in `zone` on; not stored."""
    return Schedule(
        name="Any",
        recurrence=recurrence,
        time_zone=zone,
        first_opens_at=datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(zone)),
        announce_before=7 * DAY,
        snapshot_before=DAY,
        notice=2 * DAY,
        voting=3 * DAY,
        window=DAY,
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def written(openings: Iterable[datetime]) -> list[str]:
    assert all(opening.utcoffset() == timedelta(0) for opening in openings)
    return [f"{opening:%Y-%m-%d %H:%M}" for opening in openings]


# recurrence, zone, first opening on the wall, then openings after which instant, in UTC
OPENINGS = {
    "a meeting at 18:00 stays at 18:00 when London's clocks go forward": (
        ("FREQ=WEEKLY", "Europe/London", "2026-03-18 18:00", "2026-03-20"),
        ["2026-03-25 18:00", "2026-04-01 17:00"],
    ),
    "and when they go back": (
        ("FREQ=WEEKLY", "Europe/London", "2026-10-14 18:00", "2026-10-15"),
        ["2026-10-21 17:00", "2026-10-28 18:00"],
    ),
    "New York forward": (
        ("FREQ=DAILY", "America/New_York", "2026-03-01 09:30", "2026-03-07"),
        ["2026-03-07 14:30", "2026-03-08 13:30"],
    ),
    "New York back": (
        ("FREQ=DAILY", "America/New_York", "2026-10-01 09:30", "2026-10-31"),
        ["2026-10-31 13:30", "2026-11-01 14:30"],
    ),
    "Lord Howe moves by half an hour, forward in October": (
        ("FREQ=DAILY", "Australia/Lord_Howe", "2026-10-01 12:00", "2026-10-03"),
        ["2026-10-03 01:30", "2026-10-04 01:00"],
    ),
    "and back in April": (
        ("FREQ=DAILY", "Australia/Lord_Howe", "2026-04-01 12:00", "2026-04-04"),
        ["2026-04-04 01:00", "2026-04-05 01:30"],
    ),
    "London's 01:30 that is skipped is the instant that it would have been": (
        ("FREQ=DAILY", "Europe/London", "2026-03-01 01:30", "2026-03-28"),
        ["2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30"],
    ),
    "New York's 02:30 that is skipped": (
        ("FREQ=DAILY", "America/New_York", "2026-03-01 02:30", "2026-03-07"),
        ["2026-03-07 07:30", "2026-03-08 07:30", "2026-03-09 06:30"],
    ),
    "Lord Howe's 02:15 that is skipped": (
        ("FREQ=DAILY", "Australia/Lord_Howe", "2026-09-01 02:15", "2026-10-02"),
        ["2026-10-02 15:45", "2026-10-03 15:45", "2026-10-04 15:15"],
    ),
    "London's 01:30 that comes twice is the first of the two": (
        ("FREQ=DAILY", "Europe/London", "2026-10-01 01:30", "2026-10-24"),
        ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"],
    ),
    "New York's 01:30 that comes twice": (
        ("FREQ=DAILY", "America/New_York", "2026-10-01 01:30", "2026-10-31"),
        ["2026-10-31 05:30", "2026-11-01 05:30", "2026-11-02 06:30"],
    ),
    "hourly openings that a skipped hour would double come once": (
        ("FREQ=HOURLY", "Europe/London", "2026-03-01 00:30", "2026-03-29 00:00"),
        ["2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"],
    ),
    "the first Wednesday of a month": (
        ("FREQ=MONTHLY;BYDAY=1WE", "UTC", "2026-01-07 18:00", "2026-01-07 18:00"),
        ["2026-02-04 18:00", "2026-03-04 18:00", "2026-04-01 18:00"],
    ),
    "the last Friday": (
        ("FREQ=MONTHLY;BYDAY=-1FR", "Europe/London", "2026-02-27 18:00", "2026-02-27"),
        ["2026-02-27 18:00", "2026-03-27 18:00", "2026-04-24 17:00"],
    ),
    "the 31st leaves short months out": (
        ("FREQ=MONTHLY;BYMONTHDAY=31", "UTC", "2026-01-31 12:00", "2026-01-01"),
        ["2026-01-31 12:00", "2026-03-31 12:00", "2026-05-31 12:00"],
    ),
    "the leap day comes in leap years": (
        ("FREQ=YEARLY", "UTC", "2028-02-29 12:00", "2026-01-01"),
        ["2028-02-29 12:00", "2032-02-29 12:00"],
    ),
    "the century is no leap year": (
        ("FREQ=YEARLY", "UTC", "2096-02-29 12:00", "2096-03-01"),
        ["2104-02-29 12:00"],
    ),
}


@pytest.mark.parametrize("name", OPENINGS)
def test_an_opening_keeps_its_wall_time(name: str) -> None:
    (recurrence, zone, first, after), openings = OPENINGS[name]
    found = schedule(recurrence, zone, first).openings_after(utc(after), len(openings))
    assert written(found) == openings


def test_openings_are_strictly_after_and_from_wherever_one_asks() -> None:
    weekly = schedule("FREQ=WEEKLY", "Europe/London", "2026-01-07 18:00")
    every = weekly.openings_after(utc("2026-01-01"), 60)
    assert len(set(every)) == 60
    assert sorted(every) == every
    for place, opening in enumerate(every[:-1]):
        assert weekly.openings_after(opening, 1) == [every[place + 1]]
        assert weekly.openings_after(opening - timedelta(microseconds=1), 1) == [opening]


def test_a_recurrence_that_ends_gives_what_is_left() -> None:
    twice = schedule("FREQ=WEEKLY;COUNT=2", "UTC", "2026-01-07 18:00")
    assert len(twice.openings_after(utc("2026-01-01"), 5)) == 2
    assert twice.openings_after(utc("2026-02-01"), 5) == []


@pytest.mark.parametrize("window", [DAY, timedelta(0)])
def test_the_instants_of_a_cycle_follow_from_its_opening(window: timedelta) -> None:
    opens_at = utc("2026-03-04 18:00")
    any_schedule = schedule("FREQ=WEEKLY", "UTC", "2026-03-04 18:00")
    any_schedule.window = window
    instants = any_schedule.instants(opens_at)
    assert instants.announced_at == opens_at - 7 * DAY
    assert instants.snapshot_at == opens_at - DAY
    assert (instants.opens_at, instants.closes_at) == (opens_at, opens_at + 3 * DAY)
    assert instants.settles_at == opens_at + 3 * DAY + max(window, timedelta(microseconds=1))


# Planning


@pytest.mark.django_db
def test_planning_makes_the_coming_cycles_once_with_account_and_thread() -> None:
    weekly = make_community().schedule
    at = database_clock()
    assert [plan_cycles(schedule_id=weekly.pk, at=at) for _ in range(3)] == [2, 0, 0]
    cycles = list(Cycle.objects.all())
    assert [cycle.number for cycle in cycles] == [1, 2]
    assert [cycle.opens_at for cycle in cycles] == weekly.openings_after(at, 2)
    assert [cycle.instants for cycle in cycles] == [weekly.instants(cycle.opens_at) for cycle in cycles]
    for cycle in cycles:
        assert cycle.account is not None
        assert (cycle.account.name, cycle.account.balance) == (f"cycle/{cycle.number}", 0)
        assert cycle.thread.address == cycle.get_absolute_url()
    assert plan_cycles(schedule_id=weekly.pk, at=at + 7 * DAY) == 1


@pytest.mark.django_db
def test_an_opening_too_near_to_be_published_in_time_is_not_planned() -> None:
    weekly = make_community().schedule
    (opening,) = weekly.openings_after(database_clock(), 1)
    too_late = opening - weekly.notice
    plan_cycles(schedule_id=weekly.pk, at=too_late)
    assert not Cycle.objects.filter(opens_at=opening).exists()
    plan_cycles(schedule_id=weekly.pk, at=too_late - timedelta(microseconds=1))
    assert Cycle.objects.filter(opens_at=opening).exists()


@pytest.mark.django_db
def test_an_opening_that_would_overlap_another_cycle_is_left_out_and_later_ones_are_planned() -> None:
    community = make_community()
    weekly = community.schedule
    at = database_clock()
    first, second = weekly.openings_after(at, 2)
    make_cycle(community, opens_in=first - at - HOUR, voting=2 * HOUR, announced=False)
    assert plan_cycles(schedule_id=weekly.pk, at=at) == 1
    assert Cycle.objects.latest("opens_at").opens_at == second
    adjacent = weekly.instants(second + weekly.voting)
    plan_cycle(schedule=weekly, instants=adjacent, at=at)


@pytest.mark.django_db
def test_a_schedule_whose_voting_outlasts_its_period_skips_openings() -> None:
    weekly = make_community().schedule
    weekly.voting, weekly.ahead = 8 * DAY, 4
    weekly.save()
    at = database_clock()
    assert plan_cycles(schedule_id=weekly.pk, at=at) == 2
    openings = weekly.openings_after(at, 4)
    assert [cycle.opens_at for cycle in Cycle.objects.all()] == openings[::2]


@pytest.mark.django_db
def test_a_new_number_is_above_all_others_imports_included() -> None:
    community = make_community()
    at = database_clock()
    instants = community.schedule.instants(at - 30 * DAY)
    plan_cycle(schedule=community.schedule, instants=instants, at=at, origin="imported", number=41)
    assert make_cycle(community).number == 42
