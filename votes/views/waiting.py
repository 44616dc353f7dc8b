"""How a ballot of a contract wallet stands, for who sent it; and what became of all of them, for everybody."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from accounts.models import Wallet
from journal.clock import database_clock
from votes.models import Ballot, WaitingBallot
from votes.views.cycles import cycle_or_404

SHOWN = 100


@never_cache
def waiting_page(request: HttpRequest, number: int, digest: str) -> HttpResponse:
    """What is still missing, until when; in the end the verdict. Known to those who have the ballot's bytes."""
    cycle = cycle_or_404(number, "announcement", "power__snapshot", "certificate")
    rows = WaitingBallot.objects.select_related("cycle__announcement", "progress", "verdict")
    at = database_clock()
    waiting = get_object_or_404(rows, cycle=cycle, key=bytes.fromhex(digest))
    verdict = waiting.verdict if hasattr(waiting, "verdict") else None
    accepted = verdict is not None and verdict.outcome == "accepted"
    page = {
        "cycle": cycle,
        "waiting": waiting,
        "verdict": verdict,
        "progress": waiting.progress,
        "ballot": Ballot.objects.select_related("cycle", "blind").get(cycle=cycle, digest=waiting.digest)
        if accepted
        else None,
        "names": Wallet.objects.names({waiting.voter}),
        "now": at,
        "asked_ago": _ago(at, waiting.progress.checked_at),
    }
    return render(request, "votes/waiting.html", page)


def _ago(at: datetime, then: datetime | None) -> str:
    """How long ago, for eyes; empty for what never was."""
    if then is None:
        return ""
    seconds = max(0, int((at - then).total_seconds()))
    return f"{seconds} s ago" if seconds < 120 else f"{seconds // 60} min ago"


def waiting_list(request: HttpRequest, number: int) -> HttpResponse:
    """Every ballot that waited, with its verdict, once the cycle is certified."""
    cycle = cycle_or_404(number, "announcement", "certificate")
    start = request.GET.get("after", "0")
    after = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 0
    rows = WaitingBallot.objects.filter(cycle=cycle, cycle__certificate__isnull=False)
    shown = list(rows.select_related("verdict").order_by("pk")[after : after + SHOWN])
    page = {
        "cycle": cycle,
        "rows": shown,
        "names": Wallet.objects.names({waiting.voter for waiting in shown}),
        "next": after + SHOWN if len(shown) == SHOWN else None,
    }
    return render(request, "votes/waiting_list.html", page)
