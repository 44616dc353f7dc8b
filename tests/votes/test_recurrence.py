"""Recurrence rules: read strictly, run in bounded time."""

import time
from datetime import datetime
from itertools import islice

import pytest

from votes.recurrence import BadRecurrence, check_recurrence, wall_times

FIRST = datetime(2026, 1, 1, 18)  # noqa: DTZ001 (a wall time)
NOW = datetime(2026, 11, 23)  # noqa: DTZ001

BAD = {
    "": "is no part",
    "every Wednesday": "is no part",
    "freq=weekly": "is no part",
    "FREQ=WEEKLY;": "is no part",
    "RRULE:FREQ=WEEKLY": "is no part",
    "DTSTART:20260101\nRRULE:FREQ=WEEKLY": "is no part",
    "INTERVAL=2": "FREQ is missing",
    "FREQ=OFTEN": "not possible",
    "FREQ=WEEKLY;FREQ=DAILY": "twice",
    "FREQ=WEEKLY;INTERVAL=0": "from 1 to 9999",
    "FREQ=WEEKLY;INTERVAL=-1": "from 1 to 9999",
    "FREQ=WEEKLY;COUNT=0": "from 1 to 9999",
    "FREQ=WEEKLY;COUNT=2;UNTIL=20270101": "Keep one",
    "FREQ=WEEKLY;UNTIL=someday": "not possible",
    "FREQ=MONTHLY;BYMONTHDAY=32": "from 1 to 31",
    "FREQ=MONTHLY;BYMONTHDAY=0": "from 1 to 31",
    "FREQ=YEARLY;BYMONTH=13": "from 1 to 12",
    "FREQ=DAILY;BYHOUR=24": "from 0 to 23",
    "FREQ=DAILY;BYHOUR=٣": "from 0 to 23",
    "FREQ=WEEKLY;BYDAY=1WE": "needs FREQ=MONTHLY",
    "FREQ=WEEKLY;BYDAY=XX": "not possible",
    "FREQ=YEARLY;BYEASTER=0": "is no part",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30": "without BY",
    "FREQ=MINUTELY;BYHOUR=3": "without BY",
    "FREQ=WEEKLY" + ";WKST=MO" * 50: "at most 200",
    "FREQ=DAILY" + "".join(f";BY{unit}=0,1,2,3,4,5,6,7,8,9,10,11" for unit in ("HOUR", "MINUTE", "SECOND")): "too many",
}  # fmt: skip

NEVER = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30;BYSETPOS=3",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
    "FREQ=MONTHLY;BYDAY=6WE",
    "FREQ=DAILY;BYSETPOS=300;BYHOUR=1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=1,2,3,4,5,6,7,8,9,10",
]

FIRES = {
    "FREQ=WEEKLY": ["2026-11-26 18:00", "2026-12-03 18:00"],
    "FREQ=SECONDLY": ["2026-11-23 00:00", "2026-11-23 00:00"],
    "FREQ=MINUTELY;INTERVAL=20": ["2026-11-23 00:00", "2026-11-23 00:20"],
    "FREQ=HOURLY;COUNT=9999": ["2026-11-23 00:00", "2026-11-23 01:00"],
    "FREQ=HOURLY;COUNT=5": [],
    "FREQ=WEEKLY;COUNT=48": ["2026-11-26 18:00"],
    "FREQ=WEEKLY;UNTIL=20261130T000000Z": ["2026-11-26 18:00"],
    "FREQ=WEEKLY;UNTIL=20260630": [],
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29": ["2028-02-29 18:00", "2032-02-29 18:00"],
    "FREQ=MONTHLY;BYDAY=-1FR": ["2026-11-27 18:00", "2026-12-25 18:00"],
    "FREQ=YEARLY;INTERVAL=9999": [],
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_rule_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadRecurrence, match=BAD[text]):
        check_recurrence(text)


@pytest.mark.parametrize("text", NEVER)
def test_a_rule_that_never_fires_soon_says_so(text: str) -> None:
    began = time.monotonic()
    assert list(wall_times(text, first=FIRST, after=FIRST)) == []
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("text", FIRES)
def test_a_rule_begins_where_one_asks(text: str) -> None:
    found = islice(wall_times(text, first=FIRST, after=NOW), 2)
    assert [f"{wall:%Y-%m-%d %H:%M}" for wall in found] == FIRES[text]
