"""The front page: what is happening now, what happened last, what comes next."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from deliberation.models import Post
from journal.clock import database_clock
from tpp.pages.context import current_cycle
from votes.models import Cycle, Result
from votes.setting_up import steps_to_first_cycle
from votes.views.cycles import voters_so_far
from votes.views.results import panels_of


@dataclass(frozen=True)
class Moment:
    """A coming instant and what happens at it."""

    at: datetime
    what: str
    cycle: Cycle


def home(request: HttpRequest) -> HttpResponse:
    """Now: phase, countdown, last result, next instants, what was said last."""
    at = database_clock()
    cycle = current_cycle(at=at)
    last = Result.objects.filter(cycle__settlement__isnull=False).exclude(cycle__origin="imported")
    result = (
        last.select_related("cycle__power__snapshot", "cycle__announcement")
        .order_by("-cycle__opens_at")
        .first()
    )
    panels = panels_of(result.cycle, result) if result else []
    page = {
        "cycle": cycle,
        "budget": sum(contest.budget or 0 for contest in cycle.contests.all()) if cycle else 0,
        "voters": voters_so_far(cycle) if cycle else 0,
        "result": result,
        "panels": panels,
        "awarded": sum(panel.awarded for panel in panels),
        "turnout_power": Fraction(result.power, max(1, result.cycle.power.snapshot.total_power))
        if result
        else None,
        "steps": steps_to_first_cycle(at) if cycle is None or cycle.phase == "planned" else [],
        "moments": _moments(at),
        "posts": Post.objects.readable().order_by("-posted_at", "-id")[:5],
    }
    return render(request, "tpp/home.html", page)


def _moments(at: datetime) -> list[Moment]:
    """The next instants of all cycles that are under way or coming, soonest first."""
    moments = []
    for cycle in Cycle.objects.scheduled().not_cancelled().filter(settles_at__gt=at):
        moments += [
            Moment(cycle.announced_at, "rules are published", cycle),
            Moment(cycle.snapshot_at, "voting power is frozen", cycle),
            Moment(cycle.opens_at, "voting opens", cycle),
            Moment(cycle.closes_at, "voting closes", cycle),
            Moment(cycle.settles_at, "money moves, at the earliest", cycle),
        ]
    return sorted((moment for moment in moments if moment.at > at), key=lambda moment: moment.at)[:6]
