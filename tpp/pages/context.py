"""What every page shows: whose site this is, where in the cycle we are, and in the demo whom one can act as."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from journal.clock import database_clock
from programmes.models import MetaProgramme
from tpp.demo.guard import is_demo_page
from tpp.demo.people import people_to_act_as
from votes.models import Cycle

# Which place of the navigation a page belongs to.
_PLACES = {
    "home": "now",
    "ballot": "vote",
    "programmes": "programmes",
    "programme": "programmes",
    "typology": "programmes",
    "cycles": "cycles",
    "cycle": "cycles",
    "result": "cycles",
    "contest": "cycles",
    "ballots": "cycles",
    "receipt": "cycles",
    "forum": "forum",
    "admission": "programmes",
    "propose": "programmes",
    "apply": "programmes",
    "application": "programmes",
    "admin": "admin",
    "admin_register": "admin",
    "admin_community": "admin",
    "admin_found_programme": "admin",
    "admin_new_schedule": "admin",
    "admin_schedule": "admin",
    "admin_cycle": "admin",
}


def site(request: HttpRequest) -> dict[str, Any]:
    """What templates/tpp/base.html shows on every page."""
    at = database_clock()
    meta = MetaProgramme.objects.select_related("token").first()
    match = request.resolver_match
    context: dict[str, Any] = {
        "now": at,
        "place": _PLACES.get(match.url_name or "") if match else None,
        "meta": meta,
        "meta_token": meta.token if meta else None,
        "current": current_cycle(at=at),
        "wallet_script": settings.TPP_WALLET_SCRIPT,
    }
    if is_demo_page(request, meta):
        context["demo_people"] = people_to_act_as()
    return context


def current_cycle(*, at: datetime) -> Cycle | None:
    """The cycle of the ribbon: the one that is open or not settled yet, else the next, else the last."""
    cycles = (
        Cycle.objects.scheduled()
        .not_cancelled()
        .at(at)
        .select_related("announcement", "certificate", "settlement")
    )
    running = cycles.in_phase("open", "counting", "challenge").order_by("opens_at").last()
    coming = cycles.in_phase("announced", "planned").filter(opens_at__gt=at).order_by("opens_at").first()
    return running or coming or cycles.in_phase("settled").order_by("-opens_at").first()
