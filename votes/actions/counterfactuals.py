"""What a result would have been without some ballots: computed once by the code that computed the result."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import OuterRef, Subquery

from journal.locks import STEP, try_lock
from power.models import SnapshotPower
from votes.actions.counting import (
    Histogram,
    Turnout,
    awards_of,
    exchanged,
    read_histogram,
    read_voters,
    without_nested_loops,
)
from votes.models import Ballot, Counterfactual, Cycle
from votes.models.ballots import BallotQuerySet
from votes.models.counterfactuals import results_to_vary
from votes.record.rules import META

VARY = STEP + 32
LARGEST = 3


class Lines(NamedTuple):
    """Lines of one voter that are left out: by option number [basis points], with the voter's power [base units]."""

    voter: str
    power: int
    shares: Mapping[int, int]


def vary_result(*, cycle_id: int, at: datetime) -> bool:
    """Compute the counterfactuals of a cycle's newest result; False where they are there already."""
    with transaction.atomic():
        if not try_lock(VARY, cycle_id):
            return False
        result = results_to_vary().filter(cycle=cycle_id).first()
        if result is None:
            return False
        cycle = Cycle.objects.select_related("announcement", "power__snapshot").get(pk=cycle_id)
        with without_nested_loops():
            histogram, voters = read_histogram(cycle), read_voters(cycle)
            variants = {"without_largest": _largest(cycle), "without_conflicts": _conflicts(cycle)}
        for kind, left_out in variants.items():
            Counterfactual.objects.create(
                result=result,
                kind=kind,
                left_out=sorted({lines.voter for lines in left_out}),
                contests=_without(cycle, histogram, voters, left_out),
            )
        return True


def _largest(cycle: Cycle) -> list[Lines]:
    """All lines of the voters with the most power, of equal ones the lower address first."""
    return _lines(cycle, Ballot.objects.filter(cycle=cycle).exclude(options=[]), LARGEST)


def _conflicts(cycle: Cycle) -> list[Lines]:
    """What facilitators, as the frozen rules name them, gave in the contest of their programme and over programmes."""
    contests = dict(cycle.options.values_list("number", "contest__key"))
    theirs: dict[str, set[str]] = {}
    for facilitator in cycle.announcement.rules.facilitators:
        theirs.setdefault(facilitator.wallet, {META}).add(facilitator.programme)
    ballots = Ballot.objects.filter(cycle=cycle, voter__in=theirs)
    lines = [
        Lines(
            voter,
            power,
            {number: share for number, share in shares.items() if contests[number] in theirs[voter]},
        )
        for voter, power, shares in _lines(cycle, ballots, len(theirs))
    ]
    return [each for each in lines if each.shares]


def _lines(cycle: Cycle, ballots: BallotQuerySet, most: int) -> list[Lines]:
    frozen = SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id, address=OuterRef("voter"))
    counted = ballots.counted().annotate(weight=Subquery(frozen.values("power")[:1]))
    rows = counted.filter(weight__gt=0).order_by("-weight", "voter")[:most]
    fields = rows.values_list("voter", "weight", "options", "shares")
    return [
        Lines(voter, int(power), dict(zip(options, shares, strict=True)))
        for voter, power, options, shares in fields
    ]


def _without(
    cycle: Cycle,
    histogram: Histogram,
    voters: Mapping[int | None, Turnout],
    left_out: Iterable[Lines],
) -> dict[str, object]:
    for lines in left_out:
        histogram, voters = exchanged(cycle, histogram, voters, lines.power, lines.shares, {})
    return {
        contest.key: {
            "outcome": award.outcome,
            "shares": [str(share) for share in award.shares],
            "amounts": [str(amount) for amount in award.amounts],
        }
        for contest, awards in awards_of(cycle, histogram, voters, binding_only=True)
        for award in awards.values()
    }
