"""What is wrong with a schedule that somebody typed, each fault named and in words; and what it would be."""

import difflib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from programmes.models import Programme
from votes.actions.blocks import MOST_OPTIONS
from votes.models import FALLBACKS, RULES, Schedule
from votes.preview import in_words
from votes.recurrence import BadRecurrence, check_recurrence, wall_times
from votes.tally import Bounds, TallyError, check_bounds

LONGEST = timedelta(days=366)
MOST_AHEAD = 12
MOST_VOTERS = 1_000_000_000
_LOOKED_AT = 40  # openings that are compared with the phases
_YEARS = range(2000, 2100)
_LENGTHS = {  # the words of each length, and whether it may be nothing
    "announce_before": ("The announcement", False),
    "snapshot_before": ("The freeze of power", False),
    "notice": ("The least notice", True),
    "voting": ("Voting", False),
    "window": ("The challenge", True),
}


@dataclass(frozen=True)
class ContestValues:
    """One programme's place on the ballot. `quorum_power`, `floor` and `cap` [basis points]."""

    programme_id: int
    rule: str
    quorum_power: int
    quorum_voters: int
    fallback: str
    floor: int = 0
    cap: int = 10_000


@dataclass(frozen=True)
class MetaValues:
    """The contest over the programmes themselves. `quorum_power` [basis points]."""

    rule: str
    quorum_power: int
    quorum_voters: int
    fallback: str


@dataclass(frozen=True)
class ScheduleValues:
    """A schedule as typed; `first_opens_at` is naive, on the zone's clock."""

    name: str
    recurrence: str
    time_zone: str
    first_opens_at: datetime
    announce_before: timedelta
    snapshot_before: timedelta
    notice: timedelta
    voting: timedelta
    window: timedelta
    ahead: int
    is_active: bool
    contests: tuple[ContestValues, ...]
    meta: MetaValues | None = None
    live_results: bool = True

    def schedule(self) -> Schedule:
        """The schedule that these values make; not stored, without its contests."""
        values = {name: value for name, value in vars(self).items() if name not in {"contests", "meta"}}
        zone = ZoneInfo(self.time_zone)
        return Schedule(**{**values, "first_opens_at": self.first_opens_at.replace(tzinfo=zone)})


@dataclass(frozen=True)
class Fault:
    """Something that keeps a schedule from being kept; `field` is where it was typed."""

    field: str
    name: str
    words: str


@cache
def zones() -> frozenset[str]:
    """The IANA zones that can be chosen."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory", "leapseconds"})


def faults(values: ScheduleValues, *, at: datetime, schedule_id: int | None = None) -> list[Fault]:
    """Everything that is wrong with `values`; empty where a schedule can be kept like that."""
    plain = [*_name_faults(values, schedule_id), *_zone_faults(values), *_length_faults(values)]
    if values.first_opens_at.year not in _YEARS:
        words = f"The first opening must be in the years {_YEARS[0]} to {_YEARS[-1]}."
        plain.append(Fault("first_opens_at", "first_opening_out_of_range", words))
    if not 1 <= values.ahead <= MOST_AHEAD:
        plain.append(Fault("ahead", "ahead_out_of_range", f"Keep 1 to {MOST_AHEAD} cycles ready."))
    try:
        check_recurrence(values.recurrence)
    except BadRecurrence as error:
        plain.append(Fault("recurrence", "bad_recurrence", str(error)))
    # only what makes sense by itself can be compared
    together = [] if plain else list(_recurrence_faults(values, at))
    return [*plain, *together, *_contest_faults(values, at)]


def _name_faults(values: ScheduleValues, schedule_id: int | None) -> Iterator[Fault]:
    name = values.name
    same = set(Schedule.objects.filter(name__iexact=name).values_list("pk", flat=True))
    if not name.strip():
        yield Fault("name", "no_name", "Give the schedule a name, such as Monthly vote.")
    elif len(name) > 80 or unicodedata.normalize("NFC", name) != name or not name.isprintable():
        yield Fault("name", "bad_name", "A name is one line of at most 80 characters.")
    elif same - {schedule_id}:
        yield Fault("name", "name_taken", "Another schedule has this name. Choose one that tells them apart.")


def _zone_faults(values: ScheduleValues) -> Iterator[Fault]:
    if values.time_zone not in zones():
        by_small = {zone.lower(): zone for zone in zones()}
        near = difflib.get_close_matches(values.time_zone[:64].lower(), by_small, 1)
        hint = f" Did you mean {by_small[near[0]]}?" if near else " Choose one like Europe/London, or UTC."
        yield Fault("time_zone", "unknown_zone", f"There is no time zone of this name.{hint}")


def _length_faults(values: ScheduleValues) -> Iterator[Fault]:
    found = False
    for field, (what, may_be_nothing) in _LENGTHS.items():
        length: timedelta = getattr(values, field)
        if length < timedelta(0) or (not length and not may_be_nothing):
            found = True
            yield Fault(field, "length_not_positive", f"{what} needs a length above zero.")
        elif length > LONGEST:
            found = True
            yield Fault(field, "length_too_long", f"{what} can be at most {LONGEST.days} days long.")
    if found:
        return
    if values.snapshot_before >= values.announce_before:
        words = "Power is frozen by published rules: freeze it nearer to the opening than the announcement."
        yield Fault("snapshot_before", "snapshot_before_announcement", words)
    if values.notice >= values.announce_before:
        words = "The least notice must be shorter than the time from announcement to opening."
        yield Fault("notice", "notice_not_after_announcement", words)


def _recurrence_faults(values: ScheduleValues, at: datetime) -> Iterator[Fault]:
    """What only shows when rule, zone and lengths are put together."""
    first = values.first_opens_at
    try:
        fires = any(True for _ in wall_times(values.recurrence, first=first, after=first))
        if not fires and "UNTIL" not in check_recurrence(values.recurrence):
            words = "This rule never names a day: it looked some 300 years ahead. Check its BY… parts."
            yield Fault("recurrence", "recurrence_never_fires", words)
            return
        openings = values.schedule().openings_after(at + values.notice, _LOOKED_AT)
    except (BadRecurrence, OverflowError) as error:
        yield Fault("recurrence", "bad_recurrence", str(error))
        return
    if not openings:
        words = "This rule is over: its COUNT or UNTIL leaves no opening from now on."
        yield Fault("recurrence", "recurrence_is_over", words)
        return
    yield from _period_faults(values, openings)


def _period_faults(values: ScheduleValues, openings: list[datetime]) -> Iterator[Fault]:
    """Phases that do not fit between two openings."""
    zone = ZoneInfo(values.time_zone)
    walls = [opening.astimezone(zone).replace(tzinfo=None) for opening in openings]
    gaps = [later - earlier for earlier, later in pairwise(openings)]
    # an hour that the clocks skip makes no week too short for what fits into a week
    wall_gaps = [later - earlier for earlier, later in pairwise(walls)]
    if not gaps:
        return
    least, period = min(gaps), max(min(gaps), min(wall_gaps))
    if values.voting > least:
        words = f"Voting would still be open at the next opening, which can come {in_words(least)} later."
        yield Fault("voting", "voting_longer_than_period", words)
    elif values.voting + values.window > period:
        words = (
            f"Voting and challenge together outlast the period, {in_words(period)}: the next vote would open before"
            " the money of this one has moved."
        )
        yield Fault("window", "phases_longer_than_period", words)
    if values.announce_before > period:
        words = (
            f"A cycle would be announced before the one before it opens, {in_words(period)} earlier. Announce later,"
            " or vote less often."
        )
        yield Fault("announce_before", "phases_longer_than_period", words)


def _contest_faults(values: ScheduleValues, at: datetime) -> Iterator[Fault]:
    if not values.contests:
        yield Fault("contests", "no_contest", "Put at least one programme on the ballot.")
    programmes = (
        Programme.objects.select_related("admission")
        .prefetch_related("typologies")
        .in_bulk([contest.programme_id for contest in values.contests])
    )
    if values.meta is not None:
        yield from _terms_faults("meta-", values.meta)
        yield from _share_faults(values.contests)
    seen: set[int] = set()
    for contest in values.contests:
        field = f"contest-{contest.programme_id}-"
        programme = programmes.get(contest.programme_id)
        if programme is None or contest.programme_id in seen:
            yield Fault(
                "contests",
                "unknown_programme",
                "A programme on the ballot does not exist, or is on it twice.",
            )
            continue
        seen.add(contest.programme_id)
        if not programme.is_admitted(at):
            words = f"{programme.name} is only proposed. It can be put to the vote once it is admitted."
            yield Fault(field + "on", "only_proposed", words)
        yield from _terms_faults(field, contest)
        yield from _option_faults(field, programme)


def _terms_faults(field: str, terms: ContestValues | MetaValues) -> Iterator[Fault]:
    """Rule, quorum and fall-back of one contest."""
    if terms.rule not in RULES:
        yield Fault(field + "rule", "unknown_rule", "Choose one of the rules.")
    if terms.fallback not in FALLBACKS:
        yield Fault(field + "fallback", "unknown_fallback", "Choose what happens below the quorum.")
    if not 0 <= terms.quorum_power <= 10_000:
        words = "A quorum is from 0 to 100 % of the power."
        yield Fault(field + "quorum_power", "quorum_above_all_power", words)
    if not 0 <= terms.quorum_voters <= MOST_VOTERS:
        words = f"A quorum is from 0 to {MOST_VOTERS:,} voters."
        yield Fault(field + "quorum_voters", "quorum_voters_out_of_range", words)


def _share_faults(contests: tuple[ContestValues, ...]) -> Iterator[Fault]:
    """Floors and caps of the programmes, between which nobody could split."""
    if contests:
        try:
            check_bounds([Bounds(contest.floor, contest.cap) for contest in contests])
        except TallyError as error:
            words = f"Least and most of the programmes leave no possible split: {error}."
            yield Fault("contests", "impossible_bounds", words)


def _option_faults(field: str, programme: Programme) -> Iterator[Fault]:
    """Typologies that no ballot could split over; that there are none yet is a warning, not a fault."""
    bounds = [Bounds(typology.floor, typology.cap) for typology in programme.typologies.all()]
    if len(bounds) > MOST_OPTIONS:
        words = f"{programme.name} has {len(bounds)} typologies; a ballot has room for {MOST_OPTIONS} in a contest."
        yield Fault(field + "on", "too_many_options", words)
    elif bounds:
        try:
            check_bounds(bounds)
        except TallyError as error:
            words = f"{programme.name} cannot be put to the vote: {error}."
            yield Fault(field + "on", "impossible_bounds", words)
