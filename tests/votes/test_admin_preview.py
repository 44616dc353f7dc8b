"""What a schedule would do, and the warnings that one should read before keeping it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from votes.models import Schedule
from votes.preview import Span, preview, time_line

DAY = timedelta(days=1)


def schedule(recurrence: str, zone: str, first: str) -> Schedule:
    return Schedule(
        recurrence=recurrence,
        time_zone=zone,
        first_opens_at=datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(zone)),
        announce_before=2 * DAY,
        snapshot_before=DAY,
        notice=timedelta(hours=1),
        voting=timedelta(hours=20),
        window=DAY,
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# recurrence, zone, first opening, seen at; then which of the next cycles says what
WARNINGS: dict[str, tuple[tuple[str, str, str, str], dict[int, str | None]]] = {
    "London goes forward between two openings": (
        ("FREQ=WEEKLY", "Europe/London", "2026-03-11 18:00", "2026-03-15"),
        {1: None, 2: "in UTC it comes that much earlier"},
    ),
    "London goes back": (
        ("FREQ=WEEKLY", "Europe/London", "2026-10-07 18:00", "2026-10-18"),
        {1: "change by 1 hour since the opening before: it keeps its time there, and in UTC it comes that much later"},
    ),
    "New York goes forward": (
        ("FREQ=WEEKLY", "America/New_York", "2026-02-25 09:30", "2026-03-01"),
        {1: "clocks in America/New_York change by 1 hour"},
    ),
    "Lord Howe moves by half an hour": (
        ("FREQ=WEEKLY", "Australia/Lord_Howe", "2026-09-23 12:00", "2026-09-27"),
        {1: "change by 30 minutes"},
    ),
    "a wall time that is skipped": (
        ("FREQ=WEEKLY", "Europe/London", "2026-03-15 01:30", "2026-03-18"),
        {0: None, 1: "skip 01:30 on this day; voting opens at 02:30 there", 2: None},
    ),
    "one that is meant though another is skipped": (
        ("FREQ=WEEKLY", "Europe/London", "2026-03-15 02:30", "2026-03-18"),
        {0: None, 1: "The clocks in Europe/London change by 1 hour since"},
    ),
    "one that comes twice": (
        ("FREQ=WEEKLY", "America/New_York", "2026-10-25 01:30", "2026-10-28"),
        {0: "01:30 comes twice in America/New_York on this day", 1: "change by 1 hour"},
    ),
    "the clocks change while voting is open": (
        ("FREQ=WEEKLY", "Europe/London", "2026-10-24 18:00", "2026-10-20"),
        {0: "it lasts exactly 20 hours and closes at 13:00 there"},
    ),
    "the leap day leaves years out": (
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "UTC", "2092-02-29 12:00", "2091-01-01"),
        {1: None, 2: "pass since the opening before"},
    ),
    "short months are left out": (
        ("FREQ=MONTHLY;BYMONTHDAY=31", "UTC", "2026-07-31 12:00", "2026-07-01"),
        {1: None, 2: "61 days pass since the opening before"},
    ),
    "too late for its own announcement": (
        ("FREQ=WEEKLY", "UTC", "2026-06-03 12:00", "2026-06-02"),
        {0: "should have been published 12 hours ago", 1: None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
def test_a_cycle_is_warned_of(name: str) -> None:
    (recurrence, zone, first, at), expected = WARNINGS[name]
    rows = preview(schedule(recurrence, zone, first), at=utc(at))
    for place, words in expected.items():
        told = " ".join(rows[place].warnings)
        assert words in told if words else told == "", (place, told)


def test_the_next_six_are_shown_in_order_on_both_clocks() -> None:
    rows = preview(
        schedule("FREQ=MONTHLY;BYDAY=1WE", "Europe/London", "2026-01-07 18:00"), at=utc("2026-03-01")
    )
    assert [f"{row.instants.opens_at:%m-%d %H:%M}" for row in rows] == [
        "03-04 18:00", "04-01 17:00", "05-06 17:00", "06-03 17:00", "07-01 17:00", "08-05 17:00",
    ]  # fmt: skip
    assert {row.moments[2][2].split()[-2] for row in rows} == {"18:00"}
    line = time_line(rows)
    assert line is not None
    assert [len(bars) for _, bars, _ in line.lines] == [3] * 6
    assert time_line([]) is None


def test_an_overlap_with_another_cycle_is_told() -> None:
    weekly = schedule("FREQ=WEEKLY", "UTC", "2026-06-03 12:00")
    other = Span(utc("2026-06-10 20:00"), utc("2026-06-11 20:00"), "cycle 9")
    rows = preview(weekly, at=utc("2026-05-01"), existing=[other])
    assert [bool(row.warnings) for row in rows] == [False, True, False, False, False, False]
    assert "would overlap cycle 9" in rows[1].warnings[0]
