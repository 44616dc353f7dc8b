"""Which proposed programmes the rule would admit now, and which limit binds for the others."""

from dataclasses import dataclass
from math import ceil

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from journal.clock import database_clock
from programmes.actions.admitting import decide_admissions
from programmes.admission import Decision
from programmes.models import Admission, MetaProgramme, Programme

SHOWN = 100


@dataclass(frozen=True)
class Place:
    """One programme's place in the queue, for eyes."""

    number: int
    programme: Programme
    decision: Decision

    @property
    def minutes(self) -> int:
        return ceil(self.decision.candidate.seconds / 60)

    @property
    def minutes_left(self) -> int:
        return self.decision.left.seconds // 60


def admission_page(request: HttpRequest) -> HttpResponse:
    """The queue in its order, each with what the rule says of it and why."""
    meta = get_object_or_404(MetaProgramme.objects.select_related("register", "token"))
    queue = decide_admissions(meta=meta, at=database_clock())
    places = [
        Place(number, queue.programmes[decision.candidate.key], decision)
        for number, decision in enumerate(queue.decisions, start=1)
    ]
    page = {
        "places": places[:SHOWN],
        "count": len(places),
        "admitted_count": sum(place.decision.is_admitted for place in places),
        "limits": queue.limits,
        "minutes_left": queue.limits.seconds // 60,
        "rules": meta,
        "last": Admission.objects.filter(rule="queue")
        .select_related("programme")
        .order_by("-admitted_at")[:20],
    }
    return render(request, "programmes/admission.html", page)
