"""What one ballot would change: the result with it, less the result now, exact to the base unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.db.models import Count, Max

from journal.refusal import Refusal
from power.models import SnapshotPower
from votes.actions.ballots import check_lines
from votes.actions.counting import (
    Award,
    Histogram,
    Turnout,
    awards_of,
    exchanged,
    read_histogram,
    read_voters,
)
from votes.actions.cycles import find_cycle
from votes.models import Ballot, Contest, Cycle
from votes.record.ballot import Ballot as UnsignedBallot
from votes.record.ballot import Line
from votes.refusals import refuse

MOST_KEPT = 4  # cycles
_TRIES = 3

Watermark = tuple[int, int]


@dataclass(frozen=True)
class Counted:
    """What is counted in a cycle when it has the ballots that `watermark` names, and what that comes to."""

    watermark: Watermark
    histogram: Histogram
    voters: Mapping[int | None, Turnout]
    awards: list[tuple[Contest, Award]]


@dataclass(frozen=True)
class Effect:
    """One contest now and with the ballot."""

    contest: Contest
    now: Award
    then: Award

    @property
    def options(self) -> list[tuple[str, int, int, Fraction]]:
        """Key, amount now and with the ballot [base units], and how its share changes [basis points], exact."""
        rows = zip(self.contest.options.all(), self.now.amounts, self.then.amounts, strict=True)
        moved = [(then - now) * 10_000 for now, then in zip(self.now.shares, self.then.shares, strict=True)]
        return [(option.key, now, then, moved[place]) for place, (option, now, then) in enumerate(rows)]


# By cycle; ballots are only ever added, so a count holds exactly as long as their number does.
_kept: dict[int, Counted] = {}


def effect_of(*, number: int, voter: str, lines: tuple[Line, ...], at: datetime) -> list[Effect]:
    """What each contest of an open cycle would give if `voter` had signed `lines`, in place of their newest ballot.

    Reads only, and takes no lock. Refused while results are not public.
    """
    cycle = find_cycle(number=number, at=at)
    if cycle.phase == "cancelled":
        raise refuse("cycle_cancelled")
    if cycle.phase in ("planned", "announced"):
        raise refuse("not_open_yet")
    if cycle.phase != "open":
        raise refuse("closed")
    if cycle.is_sealed:
        raise Refusal(
            "sealed",
            "This cycle is sealed: nobody learns what its ballots come to before it closes.",
            status=409,
        )
    numbers = check_lines(_as_ballot(cycle, voter, lines), cycle.announcement.rules)
    power = SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id, address=voter)
    weight = power.values_list("power", flat=True).first() or 0
    if weight < max(1, cycle.announcement.rules.limits.least_power):
        raise refuse("no_power_at_snapshot")
    counted, newest = _consistent(cycle, voter)
    shares = dict(zip(numbers, (line.basis_points for line in lines), strict=True))
    before = dict(zip(newest.options, newest.shares, strict=True)) if newest else {}
    histogram, voters = exchanged(cycle, counted.histogram, counted.voters, weight, before, shares)
    then = awards_of(cycle, histogram, voters, binding_only=True)
    return [
        Effect(contest, now, awards[contest.rule])
        for (contest, now), (_, awards) in zip(counted.awards, then, strict=True)
    ]


def _as_ballot(cycle: Cycle, voter: str, lines: tuple[Line, ...]) -> UnsignedBallot:
    rules = cycle.announcement.rules
    return UnsignedBallot(
        cycle=str(cycle.number), rules=rules.hash, voter=voter, nonce=0, reason="", lines=lines
    )


def _consistent(cycle: Cycle, voter: str) -> tuple[Counted, Ballot | None]:
    """The count and the voter's newest ballot, both of one moment: no ballot came in between."""
    for _ in range(_TRIES):
        counted = _counted(cycle)
        newest = Ballot.objects.filter(cycle=cycle, voter=voter).order_by("-sequence").first()
        if counted.watermark == _watermark(cycle):
            return counted, newest
    raise Refusal(
        "too_many_requests", "Ballots are coming in too fast just now. Ask again in a moment.", status=429
    )


def _watermark(cycle: Cycle) -> Watermark:
    found = Ballot.objects.filter(cycle=cycle).aggregate(count=Count("pk"), last=Max("pk"))
    return found["count"], found["last"] or 0


def _counted(cycle: Cycle) -> Counted:
    watermark = _watermark(cycle)
    kept = _kept.get(cycle.pk)
    if kept is not None and kept.watermark == watermark:
        return kept
    histogram, voters = read_histogram(cycle), read_voters(cycle)
    awards = awards_of(cycle, histogram, voters, binding_only=True)
    made = Counted(watermark, histogram, voters, [(contest, by[contest.rule]) for contest, by in awards])
    if watermark == _watermark(cycle):  # else it may hold ballots that came while it was made
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[cycle.pk] = made
    return made
