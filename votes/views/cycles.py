"""Cycles as pages: the calendar of all, and one with its rules, contests and thread."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from journal.clock import database_clock
from journal.refusal import Refusal
from votes.actions.cycles import find_cycle, what_blocks
from votes.models import Ballot, Cycle, Result, WaitingBallot
from votes.record.rules import TokenRules


def cycle_list(request: HttpRequest) -> HttpResponse:
    """Every cycle, newest opening first."""
    cycles = Cycle.objects.at(database_clock()).select_related("certificate").order_by("-opens_at")
    return render(request, "votes/cycle_list.html", {"cycles": cycles})


def cycle_page(request: HttpRequest, number: int) -> HttpResponse:
    """One cycle: where it stands, what is put to the vote, under which frozen rules."""
    cycle = cycle_or_404(number, "announcement", "certificate", "cancellation", "thread", "power__snapshot")
    page = {
        "cycle": cycle,
        "blocks": what_blocks(cycle, database_clock()) if cycle.phase == "planned" else [],
        "token": token_of(cycle),
        "contests": cycle.contests.select_related("programme").prefetch_related(
            "options__typology__programme"
        ),
        "voters": voters_so_far(cycle),
        "waiting": _waiting(cycle),
        "result": Result.objects.filter(cycle=cycle).order_by("-version").first(),
    }
    return render(request, "votes/cycle.html", page)


def voters_so_far(cycle: Cycle) -> int:
    """How many voters split something; in a cycle that hides its ballots, how many ballots there are of any kind."""
    ballots = Ballot.objects.filter(cycle=cycle)
    return ballots.count() if cycle.hides_ballots else ballots.counted().exclude(options=[]).count()


@dataclass(frozen=True)
class Waiting:
    """Ballots of contract wallets: how many hold the count up, by when that ends, and whether any is listed."""

    undecided: int
    until: datetime
    are_listed: bool


def _waiting(cycle: Cycle) -> Waiting | None:
    """None where there is nothing to say: how many wait is nobody's business before closing."""
    if cycle.phase not in {"counting", "challenge", "settled"} or not hasattr(cycle, "announcement"):
        return None
    rows = WaitingBallot.objects.filter(cycle=cycle)
    if not rows.exists():
        return None
    until = cycle.closes_at + timedelta(seconds=cycle.announcement.rules.waiting_seconds)
    return Waiting(rows.undecided().count(), until, are_listed=hasattr(cycle, "certificate"))


def cycle_or_404(number: int, *related: str) -> Cycle:
    """The cycle with its phase now and the `related` rows at hand, after the freezes of it that are due."""
    at = database_clock()
    try:
        cycle = find_cycle(number=number, at=at)
    except Refusal as refusal:
        raise Http404(refusal.words) from refusal
    return Cycle.objects.at(at).select_related(*related).get(pk=cycle.pk)


def token_of(cycle: Cycle) -> TokenRules | None:
    """The token that the cycle's frozen rules count in; None until it is announced."""
    return cycle.announcement.rules.token if hasattr(cycle, "announcement") else None
