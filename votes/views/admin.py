"""The admin's pages: schedules with their preview, coming cycles and what blocks them, roles, and the public log."""

from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import ADMIN, RoleChange, Wallet, holds_role, named_in_settings
from accounts.roles import admin_only, check_admin, grant_role, revoke_role
from journal.clock import database_clock
from journal.models import AuditEntry
from journal.refusal import Refusal
from votes.actions.cancelling import cancel_cycle, may_cancel
from votes.actions.corrections import publish_version
from votes.actions.cycles import find_cycle, what_blocks
from votes.actions.schedules import BadSchedule, describe, fingerprint, save_schedule
from votes.forms import ScheduleForm, zone_names
from votes.models import Cycle, Rehearsal, Schedule
from votes.models.challenges import has_fault
from votes.preview import Row, Span, preview, time_line
from votes.setting_up import steps_to_first_cycle
from votes.tally import RULES

LOG_ROWS = 100  # on a page
_Row = TypeVar("_Row", bound=Model)


@require_GET
@admin_only
def overview(request: HttpRequest) -> HttpResponse:
    """Schedules, coming cycles, and everything that still blocks one."""
    at = database_clock()
    coming = _coming(at).select_related("schedule")
    page = {
        "schedules": Schedule.objects.order_by("-is_active", "name").prefetch_related("contests__programme"),
        "steps": steps_to_first_cycle(at),
        "coming": [(cycle, what_blocks(cycle, at) if cycle.phase == "planned" else []) for cycle in coming],
    }
    return render(request, "votes/admin/overview.html", page)


@require_http_methods(["GET", "POST"])
@admin_only
def new_schedule(request: HttpRequest) -> HttpResponse:
    return _schedule(request, None)


@require_http_methods(["GET", "POST"])
@admin_only
def edit_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    return _schedule(request, get_object_or_404(Schedule, pk=pk))


def _schedule(request: HttpRequest, schedule: Schedule | None) -> HttpResponse:
    """The form; with typed values its preview or their faults; on saving, the schedule kept."""
    at = database_clock()
    typed = request.POST if request.method == "POST" else request.GET if request.GET else None
    start = {"seen": fingerprint(schedule)} if schedule else _usual(at)
    form = ScheduleForm(typed, at=at, schedule=schedule, initial=start)
    values = form.values(at=at) if typed is not None else None
    status = 200 if typed is None or values else 422
    if values and request.method == "POST" and request.POST.get("do") == "save":
        try:
            saved = save_schedule(
                values=values,
                actor=check_admin(request),
                at=at,
                schedule_id=schedule.pk if schedule else None,
                seen=request.POST.get("seen", ""),
            )
            messages.success(request, f"{saved.name} is kept. Planned cycles follow it; announced ones stay.")
            return redirect("admin_schedule", pk=saved.pk)
        except BadSchedule as refusal:
            form.show(refusal.faults)
            status = refusal.status
        except Refusal as refusal:
            form.add_error(None, refusal.words)
            status = refusal.status
    shown = values.schedule() if values else schedule if typed is None else None
    page = _form_page(form, schedule, shown, at, status)
    return render(request, "votes/admin/schedule.html", page, status=status)


def _usual(at: datetime) -> dict[str, Any]:
    """What a new schedule begins with: soon enough that the first cycle's rules are published at once."""
    if Schedule.objects.exists():
        return {}
    day = (at + timedelta(days=3)).date()
    return {
        "name": "Cycles",
        "time_zone": "UTC",
        "first_opens_at": datetime.combine(day, time(18)),
    }


def _form_page(
    form: ScheduleForm, schedule: Schedule | None, shown: Schedule | None, at: datetime, status: int
) -> dict[str, Any]:
    is_stale = status == 409
    rows = preview(shown, at=at, existing=_spans(at, except_of=schedule)) if shown else []
    chosen = [each for each in form.contests if each.is_on]
    return {
        "form": form,
        "schedule": schedule,
        "rows": rows,
        "shown": shown,
        "line": time_line(rows),
        "zone": shown.time_zone if shown else "",
        "rules": [RULES[name] for name in ("ladder", "mean")],
        "zones": zone_names(),
        "empty": [each.programme.name for each in chosen if not each.programme.typologies.all()],
        "moneyless": [each.programme.name for each in chosen if not each.programme.budget],
        "stored": describe(schedule) if schedule and is_stale else "",
        "now_seen": fingerprint(schedule) if schedule and is_stale else "",
        "has_faults": status >= 400,
        "warnings": _count(rows),
        "rehearsals": Rehearsal.objects.filter(schedule=schedule).defer("scenes") if schedule else [],
    }


def _count(rows: list[Row]) -> int:
    return sum(len(row.warnings) for row in rows)


def _spans(at: datetime, *, except_of: Schedule | None) -> list[Span]:
    """Cycles that the preview must not overlap: all that exist but those that would follow the schedule."""
    cycles = Cycle.objects.at(at).filter(closes_at__gt=at)
    if except_of is not None:
        follow = Cycle.objects.at(at).in_phase("planned").filter(schedule=except_of)
        cycles = cycles.exclude(pk__in=follow.values("pk")).exclude(schedule=except_of)
    return [
        Span(cycle.opens_at, cycle.closes_at, f"the voting of cycle {cycle.number}, which is {cycle.phase}")
        for cycle in cycles
    ]


def _coming(at: datetime) -> QuerySet[Cycle]:
    return Cycle.objects.at(at).in_phase("planned", "announced").filter(opens_at__gt=at).order_by("opens_at")


@require_http_methods(["GET", "POST"])
@admin_only
def cycle_page(request: HttpRequest, number: int) -> HttpResponse:
    """A cycle as its admin sees it: what blocks it, and until it opens, cancelling.

    While a check of its record fails: a new version of its result, or cancelling.
    """
    at, refusal = database_clock(), None
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            if request.POST.get("do") == "publish":
                result = publish_version(number=number, actor=check_admin(request), reason=reason, at=at)
                messages.success(request, f"Version {result.version} is public; its window starts now.")
                return redirect("result", number=number)
            cancel_cycle(number=number, actor=check_admin(request), reason=reason, at=at)
            messages.success(request, f"Cycle {number} is cancelled; the reason stands on its page.")
            return redirect("cycle", number=number)
        except Refusal as error:
            refusal = error
    get_object_or_404(Cycle, number=number)
    cycle = find_cycle(number=number, at=at)
    page = {
        "cycle": cycle,
        "blocks": what_blocks(cycle, at) if cycle.phase == "planned" else [],
        "may_cancel": may_cancel(cycle, at),
        "fails": cycle.phase == "challenge" and has_fault(cycle.results.latest()),
        "refusal": refusal,
        "typed": request.POST.get("reason", ""),
    }
    return render(request, "votes/admin/cycle.html", page, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
def roles(request: HttpRequest) -> HttpResponse:
    """Everybody reads who holds which role and every change; admins grant and revoke."""
    at, refusal = database_clock(), None
    if request.method == "POST":
        actor = check_admin(request)
        verb = revoke_role if request.POST.get("do") == "revoke" else grant_role
        try:
            change = verb(
                address=request.POST.get("address", ""),
                role=ADMIN,
                actor=actor,
                reason=request.POST.get("reason", ""),
                at=at,
            )
            messages.success(request, f"Public now; effective {change.effective_at:%Y-%m-%d %H:%M} UTC.")
            return redirect("admin_roles")
        except Refusal as error:
            refusal = error
    changes, older = _page(RoleChange.objects.order_by("-pk"), request)
    holding = list(RoleChange.objects.holding(ADMIN, at))
    named = sorted(named_in_settings(ADMIN))
    people = {
        *named,
        *(change.actor for change in changes),
        *(change.address for change in [*changes, *holding]),
    }
    page = {
        "named": named,
        "holding": holding,
        "changes": changes,
        "older": older,
        "names": Wallet.objects.names(people),
        "may_change": isinstance(request.user, Wallet) and holds_role(request.user.address, ADMIN, at),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "votes/admin/roles.html", page, status=refusal.status if refusal else 200)


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Everything that admins did, newest first; public."""
    entries, older = _page(AuditEntry.objects.order_by("-pk"), request)
    names = Wallet.objects.names({entry.actor for entry in entries})
    return render(request, "votes/admin/log.html", {"entries": entries, "names": names, "older": older})


def _page(rows: QuerySet[_Row], request: HttpRequest) -> tuple[list[_Row], int | None]:
    """The newest `LOG_ROWS` of `rows` before the key that `?before=` names, and the key of the page of older ones."""
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: LOG_ROWS + 1])
    return found[:LOG_ROWS], found[LOG_ROWS - 1].pk if len(found) > LOG_ROWS else None
