"""What a schedule would do: its next cycles with everything that one should know before keeping it. Stores nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from votes.models import Schedule
from votes.record.rules import Instants
from votes.recurrence import wall_times

CYCLES = 6
_LINE = 40  # pixels that a cycle takes on the time line
_LONG_GAP = 1.75  # times the usual gap


@dataclass(frozen=True)
class Span:
    """The voting of a cycle that exists, and what it is called."""

    opens_at: datetime
    closes_at: datetime
    words: str


@dataclass(frozen=True)
class Row:
    """One coming cycle: its instants, those on the zone's clocks, and warnings in words."""

    instants: Instants
    opens_there: datetime
    closes_there: datetime
    warnings: tuple[str, ...]

    @property
    def moments(self) -> list[tuple[str, datetime, str]]:
        """What happens, when in UTC, and when on the zone's clocks; in order."""
        zone = self.opens_there.tzinfo
        instants = self.instants
        named = [
            ("Rules published", instants.announced_at),
            ("Power frozen", instants.snapshot_at),
            ("Voting opens", instants.opens_at),
            ("Voting closes", instants.closes_at),
            ("Money moves", instants.settles_at),
        ]
        return [(name, at, _written(at.astimezone(zone))) for name, at in named]


def _written(there: datetime) -> str:
    """Wed 4 Mar 2026 18:00 GMT, on the clocks that `there` stands on."""
    return f"{there:%a} {there.day} {there:%b %Y %H:%M %Z}"


def preview(
    schedule: Schedule, *, at: datetime, existing: Iterable[Span] = (), count: int = CYCLES
) -> list[Row]:
    """The next `count` cycles that `schedule` would plan at `at`, beside those that exist.

    The schedule need not be stored, but must be one that `votes.actions.schedules.faults` finds nothing wrong with.
    """
    zone = ZoneInfo(schedule.time_zone)
    spans = list(existing)
    openings = schedule.openings_after(at + schedule.notice, count)
    usual = _usual_gap(openings)
    rows = []
    for place, opens_at in enumerate(openings):
        before = openings[place - 1] if place else None
        instants = schedule.instants(opens_at)
        warnings = [
            *_clock_warnings(schedule, instants, before, zone),
            *_gap_warnings(opens_at, before, usual),
            *_overlap_warnings(instants, spans),
            *_notice_warnings(instants, at),
        ]
        opens_there, closes_there = opens_at.astimezone(zone), instants.closes_at.astimezone(zone)
        rows.append(Row(instants, opens_there, closes_there, tuple(warnings)))
    return rows


def _usual_gap(openings: Sequence[datetime]) -> timedelta | None:
    gaps = sorted(later - earlier for earlier, later in pairwise(openings))
    return gaps[0] if gaps else None


def _clock_warnings(
    schedule: Schedule, instants: Instants, before: datetime | None, zone: ZoneInfo
) -> Iterable[str]:
    """What the zone's changes of the clocks do to this opening and its voting."""
    opens_at = instants.opens_at.astimezone(zone)
    wall = _wall_asked_for(schedule, instants.opens_at, zone)
    if wall != opens_at.replace(tzinfo=None):
        yield (
            f"The clocks in {zone} go forward and skip {wall:%H:%M} on this day; voting opens at {opens_at:%H:%M}"
            " there instead."
        )
        return
    if opens_at.utcoffset() != opens_at.replace(fold=1).utcoffset() and wall == opens_at.replace(tzinfo=None):
        yield f"{opens_at:%H:%M} comes twice in {zone} on this day; voting opens at the first of the two."
    if before is not None:
        then, now = before.astimezone(zone).utcoffset(), opens_at.utcoffset()
        if then is not None and now is not None and then != now:
            yield (
                f"The clocks in {zone} change by {in_words(abs(now - then))} since the opening before: it keeps its"
                f" time there, and in UTC it comes that much {'earlier' if now > then else 'later'}."
            )
    closes_at = instants.closes_at.astimezone(zone)
    if closes_at.utcoffset() != opens_at.utcoffset():
        yield (
            f"The clocks in {zone} change while voting is open: it lasts exactly {in_words(schedule.voting)} and"
            f" closes at {closes_at:%H:%M} there."
        )


def _wall_asked_for(schedule: Schedule, opens_at: datetime, zone: ZoneInfo) -> datetime:
    """The wall time that the rule names for this opening: not the clock's only where the clocks skip it."""
    shown = opens_at.astimezone(zone).replace(tzinfo=None)
    first = schedule.first_opens_at.astimezone(zone).replace(tzinfo=None)
    since = shown - timedelta(days=1)
    for wall in wall_times(schedule.recurrence, first=first, after=since):
        if wall == shown or wall > shown:
            break
        if wall.replace(tzinfo=zone).astimezone(UTC) == opens_at:
            return wall
    return shown


def _gap_warnings(opens_at: datetime, before: datetime | None, usual: timedelta | None) -> Iterable[str]:
    if before is not None and usual is not None and opens_at - before > usual * _LONG_GAP:
        yield f"{in_words(opens_at - before)} pass since the opening before: the rule leaves some out in between."


def _overlap_warnings(instants: Instants, spans: Iterable[Span]) -> Iterable[str]:
    for span in spans:
        if span.opens_at < instants.closes_at and instants.opens_at < span.closes_at:
            yield f"Its voting would overlap {span.words}; this opening is left out."


def _notice_warnings(instants: Instants, at: datetime) -> Iterable[str]:
    if instants.announced_at < at:
        yield (
            f"Short notice: its rules should have been published {in_words(at - instants.announced_at)} ago, so they"
            " are frozen as soon as the cycle is planned, and nothing of it can be changed then."
        )


def in_words(length: timedelta) -> str:
    """A length in words, by its two largest units.

    >>> in_words(timedelta(days=7)), in_words(timedelta(minutes=90)), in_words(timedelta(seconds=1))
    ('7 days', '1 hour 30 minutes', '1 second')
    """
    seconds = int(length.total_seconds())
    words = []
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, seconds = divmod(seconds, size)
        if number:
            words.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return " ".join(words[:2]) or "0 seconds"


@dataclass(frozen=True)
class Bar:
    """A stretch of the time line [per cent of its width]."""

    kind: str
    x: str
    width: str


@dataclass(frozen=True)
class TimeLine:
    """The previewed cycles from the first instant to the last, one line each, and what a listener hears."""

    lines: list[tuple[str, list[Bar], int]]
    height: int
    words: str


def time_line(rows: Sequence[Row]) -> TimeLine | None:
    """The picture of `rows`; None where there is none."""
    if not rows:
        return None
    start, end = rows[0].instants.announced_at, max(row.instants.settles_at for row in rows)

    def bar(kind: str, since: datetime, until: datetime) -> Bar:
        x, width = (since - start) / (end - start) * 100, (until - since) / (end - start) * 100
        return Bar(kind, f"{x:.2f}%", f"{max(width, 0.15):.2f}%")

    lines: list[tuple[str, list[Bar], int]] = []
    for row in rows:
        each = row.instants
        bars = [
            bar("announced", each.announced_at, each.opens_at),
            bar("voting", each.opens_at, each.closes_at),
            bar("challenge", each.closes_at, each.settles_at),
        ]
        name = f"{row.opens_there:%a} {row.opens_there.day} {row.opens_there:%b %Y}"
        lines.append((name, bars, len(lines) * _LINE))
    first, last = rows[0].opens_there, rows[-1].opens_there
    words = (
        f"{len(rows)} cycles, opening from {first.day} {first:%b %Y} to {last.day} {last:%b %Y}; the table below"
        " gives every instant"
    )
    return TimeLine(lines, len(lines) * _LINE, words)
