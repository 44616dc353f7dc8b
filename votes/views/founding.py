"""From nothing to the first cycle: the register of voting power, the community, its first programmes."""

import hashlib
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from accounts.models import Wallet
from accounts.roles import admin_only, check_admin
from journal.clock import database_clock
from journal.refusal import Refusal
from power.models import Register
from power.registers import COLUMNS, Entry, canonical_hash, examine
from programmes.actions import found_community, in_words, publish_power
from programmes.actions.community import community_faults
from programmes.checks import Faults
from programmes.community_form import CommunityForm
from programmes.forms import StatementForm
from programmes.models import MetaProgramme
from programmes.views.proposing import Unreadable, read_statement, statement_sheet
from votes.actions.founding import found_first_programme, has_begun

LARGEST_FILE = 16 * 2**20  # bytes; some 200,000 holders
LARGEST_PASTE = 200_000  # characters
LOOKED_AT = 3600  # seconds that a list stays ready to be published after it was looked at
LARGEST_SHOWN = 10


@require_http_methods(["GET", "HEAD", "POST"])
@admin_only
def register(request: HttpRequest) -> HttpResponse:
    """The list is uploaded or pasted, looked at, and then published as it was looked at."""
    page: dict[str, Any] = {
        "columns": COLUMNS,
        "name": request.POST.get("name", "").strip(),
        "pasted": request.POST.get("pasted", ""),
        "registers": Register.objects.order_by("-published_at", "-pk")[:20],
        "pending": request.POST.get("list", ""),
    }
    if request.method != "POST":
        return render(request, "votes/admin/register.html", page)
    try:
        is_publishing = request.POST.get("do") == "publish"
        data = _kept(request) if is_publishing else _sent(request)
        entries, faults = examine(data)
        if faults:
            return render(request, "votes/admin/register.html", {**page, "faults": faults}, status=400)
        if is_publishing:
            at, actor = database_clock(), check_admin(request)
            published = publish_power(name=page["name"], entries=entries, actor=actor, at=at)
            cache.delete(_key(request, page["pending"]))
            messages.success(request, f"{published.name} is public: {published.entry_count:,} holders.")
            return redirect("admin")
    except Refusal as refusal:
        page["words"] = refusal.words
        return render(request, "votes/admin/register.html", page, status=refusal.status)
    digest = hashlib.sha256(data).hexdigest()
    cache.set(_key(request, digest), data, LOOKED_AT)
    today = date_format(database_clock(), "j F Y")
    page |= {"preview": _preview(entries), "pending": digest, "pasted": ""}
    page["name"] = page["name"] or f"Voting power of {today}"
    return render(request, "votes/admin/register.html", page)


def _key(request: HttpRequest, digest: str) -> str:
    return "register-" + hashlib.sha256(f"{request.user.pk} {digest}".encode()).hexdigest()


def _sent(request: HttpRequest) -> bytes:
    """The file, or else the pasted lines."""
    file = request.FILES.get("file")
    if file is not None and not isinstance(file, list):
        if (file.size or 0) > LARGEST_FILE:
            words = f"The file is larger than {LARGEST_FILE // 2**20} MB. The operator can import it on the server."
            raise Refusal("too_large", words, status=413)
        return bytes(file.read())
    pasted = request.POST.get("pasted", "")
    if len(pasted) > LARGEST_PASTE:
        raise Refusal("too_large", "These are too many lines to paste. Upload them as a file.", status=413)
    if not pasted.strip():
        raise Refusal("nothing_sent", "Choose a file, or paste its lines.")
    return pasted.encode()


def _kept(request: HttpRequest) -> bytes:
    """The list as it was looked at."""
    data = cache.get(_key(request, request.POST.get("list", "")))
    if not isinstance(data, bytes):
        words = "The list that you looked at is not kept any more. Upload it once more; nothing was changed."
        raise Refusal("looked_at_too_long_ago", words, status=409)
    return data


def _preview(entries: list[Entry]) -> dict[str, Any]:
    total = sum(entry.power for entry in entries)
    largest = sorted(entries, key=lambda entry: (-entry.power, entry.address))[:LARGEST_SHOWN]
    return {
        "holders": len(entries),
        "without": sum(entry.power == 0 for entry in entries),
        "total": total,
        "total_18": _at_18(total),
        "named": sum(bool(entry.name) for entry in entries),
        "sha256": canonical_hash(entries).hex(),
        "largest": [
            {
                "entry": entry,
                "at_18": _at_18(entry.power),
                "percent": entry.power * 10_000 // max(1, total) / 100,
            }
            for entry in largest
        ],
    }


def _at_18(units: int) -> str:
    """`units` in tokens of 18 decimals, so that a list in whole tokens is noticed."""
    whole, rest = divmod(units, 10**18)
    return f"{whole:,}" + (f".{rest:018d}"[:7].rstrip("0").rstrip(".") if rest else "")


@require_http_methods(["GET", "HEAD", "POST"])
@admin_only
def community(request: HttpRequest) -> HttpResponse:
    """The meta programme in a form: looked at in sentences, then founded for good."""
    meta = MetaProgramme.objects.select_related("token", "register").first()
    has_register = Register.objects.exists()
    page: dict[str, Any] = {"founded": meta, "has_register": has_register}
    if request.method != "POST":
        newest = Register.objects.order_by("-published_at", "-pk").first()
        page["form"] = CommunityForm(initial={"register": newest})
        return render(request, "votes/admin/community.html", page)
    form = page["form"] = CommunityForm(request.POST)
    if not form.is_valid():
        return render(request, "votes/admin/community.html", page, status=400)
    values = form.values()
    try:
        if request.POST.get("do") == "found":
            at, actor = database_clock(), check_admin(request)
            founded = found_community(values=values, actor=actor, at=at)
            messages.success(request, f"{founded.name} is founded.")
            return redirect("admin")
        if faults := community_faults(values):
            raise Faults(faults)
    except Faults as wrong:
        form.show(wrong.faults)
        return render(request, "votes/admin/community.html", page, status=wrong.status)
    except Refusal as refusal:
        page["words"] = refusal.words
        return render(request, "votes/admin/community.html", page, status=refusal.status)
    page["sentences"] = in_words(values)
    return render(request, "votes/admin/community.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_only
def programme(request: HttpRequest) -> HttpResponse:
    """A first programme with its goals and typologies, on the form on which anybody proposes one."""
    meta = MetaProgramme.objects.select_related("token", "register", "thread").first()
    page: dict[str, Any] = {"has_begun": has_begun(), "founded": meta}
    if meta is None or (page["has_begun"] and request.method != "POST"):
        status = 200 if request.method != "POST" else 409
        return render(request, "votes/admin/found_programme.html", page, status=status)
    sheet = statement_sheet(StatementForm, meta.token, request)
    page |= {"sheet": sheet, "largest": meta.budget_per_cycle * meta.largest_share // 10_000}
    if request.method != "POST" or sheet.asks_for_more:
        return render(request, "votes/admin/found_programme.html", page)
    assert isinstance(request.user, Wallet)
    try:
        given = read_statement(sheet)
        made = found_first_programme(founder=request.user, at=database_clock(), **given)
    except Unreadable:
        return render(request, "votes/admin/found_programme.html", page, status=400)
    except Faults as wrong:
        sheet.add(wrong.faults)
        return render(request, "votes/admin/found_programme.html", page, status=wrong.status)
    except Refusal as refusal:
        page["words"] = refusal.words
        return render(request, "votes/admin/found_programme.html", page, status=refusal.status)
    messages.success(request, f"{made.name} is founded, and may be put to the vote.")
    return redirect("admin")
