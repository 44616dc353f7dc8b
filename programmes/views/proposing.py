"""The one page on which anybody signed in proposes a programme, and the page on which a statement is edited."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Wallet
from journal.clock import database_clock
from journal.refusal import Refusal
from ledger.models import Token
from programmes.actions.editing import Conflict, edit_programme, revision_number
from programmes.actions.proposing import propose_programme
from programmes.checks import TEXTS, Faults, NewGoal, NewTypology, Statement
from programmes.documents import differences, document_of_programme, reason_of
from programmes.forms import EditForm, GoalRows, Plain, Sheet, StatementForm, TypologyRows, exact_text
from programmes.models import MetaProgramme, Programme, ProgrammeRevision
from programmes.names import slug_of

_PARTS = {"goals": GoalRows, "typologies": TypologyRows}
SHOWN = 20  # revisions on a page
_SIGN_IN = "Sign in with your wallet first. What you wrote is kept below."


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest) -> HttpResponse:
    """The form; sent, it makes a programme that is public at once, or says beside each field what is wrong."""
    meta = get_object_or_404(MetaProgramme.objects.select_related("token", "register", "thread"))
    sheet = statement_sheet(StatementForm, meta.token, request)
    page = {"sheet": sheet, "limits": meta, "largest": meta.budget_per_cycle * meta.largest_share // 10_000}
    if request.method != "POST" or sheet.asks_for_more:
        return render(request, "programmes/propose.html", page)
    if not isinstance(request.user, Wallet):
        return render(request, "programmes/propose.html", {**page, "words": _SIGN_IN}, status=403)
    try:
        given = read_statement(sheet)
        programme = propose_programme(meta=meta, proposer=request.user, at=database_clock(), **given)
    except Faults as faults:
        sheet.add(faults.faults)
        return render(request, "programmes/propose.html", page, status=faults.status)
    except Unreadable:
        return render(request, "programmes/propose.html", page, status=400)
    messages.success(request, f"{programme.name} is proposed, and public. Now it needs sponsors.")
    return redirect(programme)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The statement in a form, for whoever may edit it now."""
    programme = get_object_or_404(Programme.objects.select_related("admission", "thread"), slug=slug)
    meta, at = MetaProgramme.objects.select_related("token").get(), database_clock()
    is_sent = request.method == "POST"
    sheet = statement_sheet(
        EditForm, meta.token, request, None if is_sent else _present(programme, meta.token)
    )
    page: dict[str, Any] = {"sheet": sheet, "programme": programme, "admitted": programme.is_admitted(at)}
    if page["admitted"] and "budget" in sheet.form.fields:
        del sheet.form.fields["budget"]
    if not isinstance(request.user, Wallet) or not programme.may_be_edited_by(request.user, at):
        words = "Only its proposer, while it is proposed, and its facilitators, during their term, edit a programme."
        return render(request, "programmes/edit.html", {**page, "words": words, "barred": True}, status=403)
    if not is_sent or sheet.asks_for_more:
        return render(request, "programmes/edit.html", page)
    return _save(request, request.user, programme, sheet, page)


def _save(
    request: HttpRequest, editor: Wallet, programme: Programme, sheet: Sheet, page: dict[str, Any]
) -> HttpResponse:
    try:
        given = read_statement(sheet, programme)
        begun, reason = sheet.form.cleaned_data["revision"], sheet.form.cleaned_data["reason"]
        edit_programme(
            programme=programme, editor=editor, begun_from=begun, reason=reason, at=database_clock(), **given
        )
    except Unreadable:
        return render(request, "programmes/edit.html", page, status=400)
    except Faults as faults:
        sheet.add(faults.faults)
        return render(request, "programmes/edit.html", page, status=faults.status)
    except Conflict as conflict:
        page["meanwhile"] = differences(conflict.before, conflict.now) if conflict.before else []
        sheet.form.data = {**dict(sheet.form.data.items()), "revision": str(conflict.number)}
        page["words"] = conflict.words
        return render(request, "programmes/edit.html", page, status=conflict.status)
    except Refusal as refusal:
        return render(
            request, "programmes/edit.html", {**page, "words": refusal.words}, status=refusal.status
        )
    messages.success(request, "Saved, and kept in the history.")
    return redirect(programme)


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every edit with its editor, instant, reason and what it changed, newest first."""
    programme = get_object_or_404(Programme, slug=slug)
    start = request.GET.get("before", "")
    revisions = ProgrammeRevision.objects.filter(programme=programme).select_related("editor", "words")
    if start.isascii() and start.isdigit() and len(start) < 10:
        revisions = revisions.filter(number__lt=int(start))
    rows = list(revisions.order_by("-number")[: SHOWN + 1])
    edits = []
    for place, row in enumerate(rows[:SHOWN]):
        earlier = rows[place + 1] if place + 1 < len(rows) else None
        both = row.document is not None and earlier is not None and earlier.document is not None
        parts = differences(earlier.document, row.document) if both and earlier else []  # type: ignore[arg-type]
        reason = reason_of(row.document) if row.document else ""
        edits.append({"revision": row, "parts": parts, "reason": reason, "earlier": earlier})
    page = {
        "programme": programme,
        "edits": edits,
        "more": rows[SHOWN - 1].number if len(rows) > SHOWN else None,
    }
    return render(request, "programmes/history.html", page)


class Unreadable(Exception):
    """What was typed is no value; the form says so beside each field."""


def statement_sheet(
    form: type[Plain], token: Token, request: HttpRequest, initial: dict[str, Any] | None = None
) -> Sheet:
    data = request.POST if request.method == "POST" else None
    return Sheet(form, _PARTS, token=token, data=data, initial=initial)


def read_statement(sheet: Sheet, programme: Programme | None = None) -> dict[str, Any]:
    """Statement, budget, goals and typologies as they were sent."""
    if not sheet.is_valid():
        raise Unreadable
    told = sheet.form.cleaned_data
    name = programme.name if programme else told["name"]
    slug = programme.slug if programme else told["slug"] or slug_of(name)
    stands = {row.slug: row.description for row in programme.typologies.all()} if programme else {}
    typologies = []
    for row in sheet.rows("typologies"):
        own = row["slug"] or slug_of(row["name"])
        typologies.append(NewTypology(**{**row, "slug": own, "description": stands.get(own, "")}))
    return {
        "statement": Statement(slug, name, told["summary"], *(told[text] for text in TEXTS)),
        "budget": told.get("budget", programme.budget if programme else 0),
        "goals": [NewGoal(**row) for row in sheet.rows("goals")],
        "typologies": typologies,
    }


def _present(programme: Programme, token: Token) -> dict[str, Any]:
    """What stands now, as it would be typed."""
    told: dict[str, Any] = json.loads(document_of_programme(programme))
    typologies = [
        {**row, "floor": f"{row['floor'] / 100:g}", "cap": f"{row['cap'] / 100:g}"}
        for row in told["typologies"]
    ]
    budget = exact_text(programme.budget, token)
    return {
        **told,
        "budget": budget,
        "typologies": typologies,
        "reason": "",
        "revision": revision_number(programme),
    }
