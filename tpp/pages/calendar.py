"""The calendar as a file (iCalendar, RFC 5545) that anybody's calendar can subscribe to.

One event a cycle, its voting, and nothing else: nobody is asked for anything between votes. The other instants
stand in the event's words.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe
from icalendar import STATUS, TRANSP, Alarm, Calendar, Event, vDuration

from journal.clock import database_clock
from journal.version import VERSION
from programmes.models import MetaProgramme
from votes.actions.identity import deployment_id
from votes.models import Cycle, CycleQuerySet

REMIND_BEFORE_CLOSING = timedelta(hours=48)
ASK_AGAIN_AFTER = timedelta(hours=1)  # what subscribers are told

# What happens at each of a cycle's instants.
INSTANTS = {
    "announced_at": "rules are published",
    "snapshot_at": "voting power is frozen",
    "opens_at": "voting opens",
    "closes_at": "voting closes",
    "settles_at": "money moves, at the earliest",
}


@require_safe
@conditional_page
def all_cycles(request: HttpRequest) -> HttpResponse:
    """Every cycle of this deployment's calendar, past and coming; imports are left out."""
    return _file(_cycles().order_by("opens_at"), path=request.path, at=database_clock())


@require_safe
@conditional_page
def one_cycle(request: HttpRequest, number: int) -> HttpResponse:
    """One cycle, to be added to a calendar by itself."""
    cycles = _cycles().filter(number=number)
    if not cycles:
        raise Http404
    return _file(cycles, path=request.path, at=database_clock())


def _cycles() -> CycleQuerySet:
    return Cycle.objects.scheduled().select_related("announcement", "cancellation", "thread")


def _file(cycles: Iterable[Cycle], *, path: str, at: datetime) -> HttpResponse:
    meta = MetaProgramme.objects.first()
    community = meta.name if meta else "Token Programmes"
    calendar = Calendar.new(
        uid=f"{path.strip('/')}@{deployment_id().hex()}",
        prodid=f"-//TPP//tpp {VERSION}//EN",
        name=f"{community}: votes",
        url=settings.TPP_SITE_URL + reverse("cycles"),
        source=settings.TPP_SITE_URL + path,
        refresh_interval=ASK_AGAIN_AFTER,
        subcomponents=[event(cycle, community=community, at=at) for cycle in cycles],
    )
    calendar.add("X-PUBLISHED-TTL", vDuration(ASK_AGAIN_AFTER))  # what older programs read
    response = HttpResponse(calendar.to_ical(), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{path.strip("/").replace("/", "-")}"'
    return response


def event(cycle: Cycle, *, community: str, at: datetime) -> Event:
    """The voting of `cycle` as an event that keeps its UID for ever.

    Tentative while planned, confirmed once announced. It reminds 48 hours before closing, or at the opening where
    voting is shorter than that; not once voting is over or cancelled.
    """
    cancelled, announced = hasattr(cycle, "cancellation"), hasattr(cycle, "announcement")
    modified_at = _modified_at(cycle)
    made = Event.new(
        uid=f"cycle-{cycle.number}@{deployment_id().hex()}",
        start=cycle.opens_at,
        end=cycle.closes_at,
        stamp=modified_at,
        last_modified=modified_at,
        sequence=announced + cancelled,
        status=STATUS.CANCELLED if cancelled else STATUS.CONFIRMED if announced else STATUS.TENTATIVE,
        transparency=TRANSP.TRANSPARENT,  # a vote of days keeps nobody from meeting
        summary=f"{'Cancelled: ' if cancelled else ''}{community}, vote of cycle {cycle.number}",
        description=_description(cycle),
        url=settings.TPP_SITE_URL + cycle.get_absolute_url(),
    )
    if not cancelled and at < cycle.closes_at:
        made.add_component(_alarm(cycle, community))
    return made


def _alarm(cycle: Cycle, community: str) -> Alarm:
    alarm = Alarm.new(description=f"{community}: voting in cycle {cycle.number} closes soon")
    alarm.add("ACTION", "DISPLAY")
    if cycle.closes_at - cycle.opens_at >= REMIND_BEFORE_CLOSING:
        alarm.add("TRIGGER", -REMIND_BEFORE_CLOSING, parameters={"RELATED": "END"})
    else:
        alarm.add("TRIGGER", timedelta(0), parameters={"RELATED": "START"})
    return alarm


def _description(cycle: Cycle) -> str:
    if hasattr(cycle, "cancellation"):
        return f"This cycle was cancelled. {cycle.cancellation.reason}"
    ballot = settings.TPP_SITE_URL + reverse("ballot", args=[cycle.number])
    lines = [f"{_written(getattr(cycle, name))}: {what}" for name, what in INSTANTS.items()]
    return "\n".join([f"One ballot for all programmes: {ballot}", "", *lines])


def _written(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y %H:%M} UTC"


def _modified_at(cycle: Cycle) -> datetime:
    """When it was planned, announced or cancelled, whichever came last."""
    instants = [cycle.thread.opened_at]
    if hasattr(cycle, "announcement"):
        instants.append(cycle.announcement.published_at)
    if hasattr(cycle, "cancellation"):
        instants.append(cycle.cancellation.cancelled_at)
    return max(instants)
