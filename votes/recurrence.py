"""RFC 5545 recurrence rules on a wall clock: read strictly, and run in bounded time.

Pure. What dateutil takes literally and would search for until the year 9999, or for ever, is refused when read.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from dateutil.rrule import rrule, rrulestr

LONGEST = 200  # characters, as the database stores them
_MOST_TIMES_A_DAY = 1_000
_CALENDAR = 400  # years after which days of the month, days of the week and leap years come again
_SHORT = {
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
    "SECONDLY": timedelta(seconds=1),
}
_FREQUENCIES = {"YEARLY", "MONTHLY", "WEEKLY", "DAILY", *_SHORT}
_DAY = r"(?:MO|TU|WE|TH|FR|SA|SU)"
_RANGES: dict[str, tuple[int, int, bool]] = {  # least, most, whether it may count from the end
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYSETPOS": (1, 366, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "INTERVAL": (1, 9_999, False),
    "COUNT": (1, 9_999, False),
}
_PATTERNS = {
    "FREQ": "|".join(sorted(_FREQUENCIES)),
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "WKST": _DAY,
    "BYDAY": rf"([+-]?\d{{1,2}})?{_DAY}(,([+-]?\d{{1,2}})?{_DAY})*",
}


class BadRecurrence(ValueError):
    """A rule that is not taken; the text says why and what would be."""


def check_recurrence(text: str) -> Mapping[str, str]:
    """The parts of the rule `text` by name, such as {"FREQ": "WEEKLY"}. Raises BadRecurrence.

    >>> dict(check_recurrence("FREQ=MONTHLY;BYDAY=1WE"))
    {'FREQ': 'MONTHLY', 'BYDAY': '1WE'}
    >>> check_recurrence("FREQ=WEEKLY;INTERVAL=0")
    Traceback (most recent call last):
    votes.recurrence.BadRecurrence: INTERVAL=0 is not possible: it takes numbers from 1 to 9999.
    """
    if len(text) > LONGEST:
        raise BadRecurrence(f"A rule has at most {LONGEST} characters.")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or (name not in _RANGES and name not in _PATTERNS):
            raise BadRecurrence(
                f"“{part[:40]}” is no part of a recurrence rule. A rule looks like FREQ=MONTHLY;BYDAY=1WE"
                " (the first Wednesday of each month), in capital letters and without spaces."
            )
        if name in parts:
            raise BadRecurrence(f"{name} stands in the rule twice. Write it once.")
        _check_part(name, value)
        parts[name] = value
    _check_together(parts)
    return parts


def _check_part(name: str, value: str) -> None:
    if name in _PATTERNS:
        if re.fullmatch(_PATTERNS[name], value, re.ASCII) is None:
            raise BadRecurrence(f"{name}={value[:40]} is not possible. FREQ=MONTHLY;BYDAY=1WE is an example.")
        return
    least, most, signed = _RANGES[name]
    is_list = name.startswith("BY")
    for number in value.split(",") if is_list else [value]:
        written = number.lstrip("+-") if signed and number[:1] in {"+", "-"} else number
        if re.fullmatch(r"\d{1,4}", written, re.ASCII) is None or not least <= int(written) <= most:
            counted = ", or from the end with a minus" if signed else ""
            raise BadRecurrence(
                f"{name}={value[:40]} is not possible: it takes numbers from {least} to {most}{counted}."
            )


def _check_together(parts: Mapping[str, str]) -> None:
    frequency = parts.get("FREQ")
    if frequency is None:
        raise BadRecurrence("FREQ is missing: begin with FREQ=WEEKLY or FREQ=MONTHLY.")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise BadRecurrence("COUNT and UNTIL both say when the rule ends. Keep one of them.")
    if frequency in _SHORT and any(name.startswith("BY") for name in parts):
        raise BadRecurrence(f"FREQ={frequency} is taken without BY… parts only. Use FREQ=DAILY with BYHOUR.")
    if frequency in {"WEEKLY", "DAILY"} and re.search(r"\d", parts.get("BYDAY", "")):
        raise BadRecurrence(f"A numbered weekday such as 1WE needs FREQ=MONTHLY or YEARLY, not {frequency}.")
    times = 1
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= parts.get(name, "").count(",") + 1
    if times > _MOST_TIMES_A_DAY:
        raise BadRecurrence("BYHOUR, BYMINUTE and BYSECOND name too many times a day. Name one.")


def wall_times(text: str, *, first: datetime, after: datetime) -> Iterator[datetime]:
    """The times of the rule `text` from `after` on, on a clock that never changes; `first` is its DTSTART.

    Ends by itself: where the rule does, and for one that never fires after searching some three centuries.
    Raises BadRecurrence.
    """
    parts = check_recurrence(text)
    try:
        rule = rrulestr(text, dtstart=first, ignoretz=True)
    except (ValueError, OverflowError, IndexError, TypeError) as error:
        raise BadRecurrence(f"This is no recurrence rule ({error}).") from error
    assert isinstance(rule, rrule)
    if parts["FREQ"] in _SHORT:
        yield from _short_times(rule, parts, first, after)
    else:
        yield from _times_near_the_end_of_time(rule, first, after)


def _short_times(
    rule: rrule, parts: Mapping[str, str], first: datetime, after: datetime
) -> Iterator[datetime]:
    """Of a rule by hour, minute or second: begins at `after`, without counting up to it."""
    period = _SHORT[parts["FREQ"]] * int(parts.get("INTERVAL", 1))
    skipped = max(0, (after - first) // period)
    left = int(parts["COUNT"]) - skipped if "COUNT" in parts else None
    if left is None or left > 0:
        later = rule.replace(dtstart=first + skipped * period, count=left)
        yield from later.xafter(after, inc=True)


def _times_near_the_end_of_time(rule: rrule, first: datetime, after: datetime) -> Iterator[datetime]:
    """The calendar repeats every 400 years: so look in its last run, where the search soon ends."""
    shift = max(0, (9_998 - first.year) // _CALENDAR * _CALENDAR)
    until = rule._until  # type: ignore[attr-defined]
    if until is not None:
        until = until.replace(year=min(9_999, until.year + shift))
    for time in rule.replace(dtstart=first.replace(year=first.year + shift), until=until):
        wall = time.replace(year=time.year - shift)
        if wall >= after:
            yield wall
