"""The rehearsal of a schedule: one button, and then every page that the night would show."""

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import resolve
from django.views.decorators.http import require_POST

from accounts.roles import admin_only
from journal.clock import database_clock, pretended_clock
from journal.refusal import Refusal
from votes.actions.rehearsal import Rehearsed, rehearse
from votes.models import Rehearsal, Schedule
from votes.record.instants import iso

KEPT = 5  # rehearsals of a schedule
BANNER = (
    '<p class="notice warn"><b>Rehearsal.</b> Nothing on this page is real: the wallets are thrown away,'
    " the ballots and the money were undone, and links lead to the real site.</p>"
)


@require_POST
@admin_only
def play(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Play the schedule through and keep what it showed."""
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    scenes: list[dict[str, str]] = []

    def look(who: str, title: str, path: str, at: datetime) -> None:
        scenes.append({"who": who, "title": title, "at": iso(at), "html": _as_seen(path, at)})

    at = database_clock()
    try:
        played = rehearse(schedule_id=schedule.pk, at=at, look=look)
    except Refusal as refusal:
        page = {"schedule": schedule, "words": refusal.words}
        return render(request, "tpp/rehearsal_refused.html", page, status=refusal.status)
    rehearsal = Rehearsal.objects.create(
        schedule=schedule, played_at=at, actor=str(request.user.pk), report=_report(played), scenes=scenes
    )
    older = Rehearsal.objects.filter(schedule=schedule).values_list("pk", flat=True)[KEPT:]
    Rehearsal.objects.filter(pk__in=list(older)).delete()
    return redirect(rehearsal)


@admin_only
def rehearsal_page(request: HttpRequest, rehearsal_id: int) -> HttpResponse:
    """What came out, and who saw what when."""
    rehearsal = get_object_or_404(Rehearsal.objects.select_related("schedule"), pk=rehearsal_id)
    texts = sorted(rehearsal.report["instants"].items(), key=lambda instant: instant[1])
    instants = [(name, datetime.fromisoformat(text)) for name, text in texts]
    scenes = [
        {
            "number": number,
            "who": scene["who"],
            "title": scene["title"],
            "at": datetime.fromisoformat(scene["at"]),
        }
        for number, scene in enumerate(rehearsal.scenes)
    ]
    paid = [(name, int(amount)) for name, amount in rehearsal.report["paid"].items()]
    page = {"rehearsal": rehearsal, "instants": instants, "scenes": scenes, "paid": paid}
    return render(request, "tpp/rehearsal.html", page)


@admin_only
def scene_page(request: HttpRequest, rehearsal_id: int, number: int) -> HttpResponse:
    """One page as it was seen."""
    rehearsal = get_object_or_404(Rehearsal, pk=rehearsal_id)
    if number >= len(rehearsal.scenes):
        raise Http404
    return HttpResponse(rehearsal.scenes[number]["html"])


def _report(played: Rehearsed) -> dict[str, Any]:
    return {
        "number": played.number,
        "instants": {name: iso(at) for name, at in played.instants.items()},
        "voters": played.voters,
        "paid": {name: str(amount) for name, amount in played.paid.items()},
        "receipt": played.receipt,
    }


def _as_seen(path: str, at: datetime) -> str:
    """The page at `path` as anybody without an account would see it at `at`, without its scripts."""
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", path, path
    host = settings.ALLOWED_HOSTS[0]
    request.META = {"HTTP_HOST": host, "SERVER_NAME": host, "SERVER_PORT": "80", "REMOTE_ADDR": "192.0.2.1"}
    request.user = AnonymousUser()
    request.resolver_match = match = resolve(path)
    with pretended_clock(at):
        html: str = match.func(request, *match.args, **match.kwargs).content.decode()
    without_scripts = re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)
    return without_scripts.replace('<main id="main">', f'<main id="main">{BANNER}', 1)
