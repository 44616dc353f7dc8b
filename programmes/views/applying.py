"""Builders' applications: the form, each one's page, and lists of them."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Wallet
from chain.signing import checksum_address
from journal.clock import database_clock
from programmes.actions.applying import NewApplication, NewMilestone, send_application
from programmes.checks import Faults
from programmes.forms import ApplicationForm, MilestoneRows, Sheet
from programmes.models import Application, MetaProgramme, Programme, Typology

SHOWN = 30


@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, programme: str, slug: str) -> HttpResponse:
    """The form; sent, it makes an application that is public at once, or says beside each field what is wrong."""
    typologies = Typology.objects.select_related("programme__admission", "thread")
    typology = get_object_or_404(typologies, programme__slug=programme, slug=slug)
    token = MetaProgramme.objects.select_related("token").get().token
    data = request.POST if request.method == "POST" else None
    own = {"payee": checksum_address(request.user.address)} if isinstance(request.user, Wallet) else {}
    sheet = Sheet(ApplicationForm, {"milestones": MilestoneRows}, token=token, data=data, initial=own)
    at = database_clock()
    page = {"sheet": sheet, "typology": typology, "admitted": typology.programme.is_admitted(at)}
    if data is None or sheet.asks_for_more:
        return render(request, "programmes/apply.html", page)
    if not isinstance(request.user, Wallet):
        words = "Sign in with your wallet to apply. What you wrote is kept below."
        return render(request, "programmes/apply.html", {**page, "words": words}, status=403)
    if not sheet.is_valid():
        return render(request, "programmes/apply.html", page, status=400)
    told = {**sheet.form.cleaned_data}
    told["links"] = tuple(line.strip() for line in told["links"].splitlines() if line.strip())
    milestones = [NewMilestone(**row) for row in sheet.rows("milestones")]
    try:
        sent = send_application(
            typology=typology,
            applicant=request.user,
            application=NewApplication(**told),
            milestones=milestones,
            at=at,
        )
    except Faults as faults:
        sheet.add(faults.faults)
        return render(request, "programmes/apply.html", page, status=faults.status)
    messages.success(request, "Your application is public.")
    return redirect(sent)


@require_safe
def application(request: HttpRequest, programme: str, slug: str, number: int) -> HttpResponse:
    """One application with its milestones and its thread."""
    rows = Application.objects.select_related("typology__programme", "applicant", "words", "thread")
    row = get_object_or_404(rows, pk=number, typology__slug=slug, typology__programme__slug=programme)
    words = row.told.get("milestones", [])
    milestones = [
        {"row": milestone, "words": words[place] if place < len(words) else {}}
        for place, milestone in enumerate(row.milestones.all())
    ]
    page = {"application": row, "milestones": milestones, "payee": checksum_address(row.payee)}
    return render(request, "programmes/application.html", page)


@require_safe
def applications(request: HttpRequest, slug: str, typology: str = "") -> HttpResponse:
    """All applications to a programme or to one of its typologies, newest first, some at a time."""
    programme = get_object_or_404(Programme, slug=slug)
    one = get_object_or_404(Typology, programme=programme, slug=typology) if typology else None
    rows = newest_applications(programme, one)
    start = request.GET.get("before", "")
    if start.isascii() and start.isdigit() and len(start) < 16:
        rows = rows.filter(pk__lt=int(start))
    shown = list(rows[: SHOWN + 1])
    more = shown[SHOWN - 1].pk if len(shown) > SHOWN else None
    page = {"programme": programme, "typology": one, "applications": shown[:SHOWN], "more": more}
    return render(request, "programmes/applications.html", page)


def newest_applications(programme: Programme, typology: Typology | None = None) -> QuerySet[Application]:
    """Applications with what a list shows of them, newest first."""
    rows = Application.objects.select_related("typology__programme", "applicant", "words").order_by("-pk")
    return rows.filter(typology=typology) if typology else rows.filter(typology__programme=programme)
