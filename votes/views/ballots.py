"""A ballot's receipt, and the list of all."""

import hmac
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Wallet
from power.models import SnapshotPower
from votes.actions.ballots import receipt_of
from votes.models import Ballot, Cycle, Verdict
from votes.views.cycles import cycle_or_404, token_of
from votes.views.results import SHOWN, list_of_ballots, splits_of
from votes.views.trees import code_of, place_of

SHOWN_SEALED = 200  # commitments on one page


@csrf_exempt  # it changes nothing: a POST only carries the blind, which no address and so no log shall hold
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_page(request: HttpRequest, number: int, digest: str) -> HttpResponse:
    """A ballot in words, and the deployment's signature that it was taken.

    Of a sealed ballot everybody sees that it is in; the rest, who sends its blind.
    """
    cycle, ballot = _find(number, digest)
    if cycle.hides_ballots and not _is_opened(request, ballot):
        page = {"cycle": cycle, "ballot": ballot, "is_wrong": request.method == "POST"}
        return render(request, "votes/sealed_receipt.html", page, status=422 if page["is_wrong"] else 200)
    response = render(request, "votes/receipt.html", _receipt(cycle, ballot))
    if cycle.hides_ballots:
        response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_file(request: HttpRequest, number: int, digest: str) -> HttpResponse:
    """The receipt as a file to keep: whoever holds it can prove that the ballot was taken."""
    cycle, ballot = _find(number, digest)
    if cycle.hides_ballots and not _is_opened(request, ballot):
        raise Http404("The receipt of a sealed ballot is given to who sends its blind.")
    page = _receipt(cycle, ballot)
    response = JsonResponse(page["document"] or {}, json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="receipt-cycle-{number}-{digest[:8]}.json"'
    if cycle.hides_ballots:
        response["Cache-Control"] = "no-store"
    return response


def _find(number: int, key: str) -> tuple[Cycle, Ballot]:
    """The ballot that is publicly known as `key`, and its cycle."""
    cycle = cycle_or_404(number, "announcement", "power__snapshot", "certificate")
    ballots = Ballot.objects.known_as(cycle, bytes.fromhex(key)).select_related(
        *("replaces__cycle", "replaces__blind", "replaced_by__cycle", "replaced_by__blind"),
        *("reason", "place", "blind", "cycle"),
    )
    return cycle, get_object_or_404(ballots)


def _is_opened(request: HttpRequest, ballot: Ballot) -> bool:
    """Whether the request shows that it holds the receipt of a sealed ballot."""
    given = request.POST.get("blind", "").strip().removeprefix("0x").encode()
    return hmac.compare_digest(given, bytes(ballot.blind.value).hex().encode())


def _receipt(cycle: Cycle, ballot: Ballot) -> dict[str, Any]:
    rules = cycle.announcement.rules
    options = {option.number: option for option in cycle.options.select_related("contest", "typology")}
    document = None
    if ballot.signature is not None:
        document = {
            **receipt_of(ballot, rules).document(),
            **place_of(cycle, ballot),
        }
    following = Cycle.objects.scheduled().not_cancelled().filter(opens_at__gt=cycle.opens_at)
    return {
        "cycle": cycle,
        "ballot": ballot,
        "token": rules.token,
        "contests": splits_of(ballot, options),
        "left_out": [c.name for c in rules.contests if c.name not in dict(splits_of(ballot, options))],
        "names": Wallet.objects.names({ballot.voter}),
        "confirmed": Verdict.objects.filter(
            waiting__cycle=cycle, waiting__digest=ballot.digest, outcome="accepted"
        ).first(),
        "power": SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id, address=ballot.voter).first(),
        "document": document,
        "code": code_of(ballot),
        "next": following.order_by("opens_at").first(),
    }


def ballot_list(request: HttpRequest, number: int) -> HttpResponse:
    """Every counted ballot with its reason, a hundred at a time."""
    cycle = cycle_or_404(number, "announcement", "power__snapshot", "certificate")
    start = request.GET.get("after", "0")
    after = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 0
    if cycle.hides_ballots:
        return _sealed_list(request, cycle, after)
    ballots = list_of_ballots(cycle, after=after) if hasattr(cycle, "power") else []
    page = {
        "cycle": cycle,
        "token": token_of(cycle),
        "ballots": ballots,
        "names": Wallet.objects.names({row.ballot.voter for row in ballots}),
        "next": after + SHOWN if len(ballots) == SHOWN else None,
    }
    return render(request, "votes/ballot_list.html", page)


def _sealed_list(request: HttpRequest, cycle: Cycle, after: int) -> HttpResponse:
    """All that is public of sealed ballots, in the order in which they were stored."""
    ballots = Ballot.objects.filter(cycle=cycle).select_related("blind", "place", "cycle").order_by("pk")
    shown = list(ballots[after : after + SHOWN_SEALED])
    following = after + SHOWN_SEALED if len(shown) == SHOWN_SEALED else None
    page = {"cycle": cycle, "ballots": shown, "next": following}
    return render(request, "votes/sealed_list.html", page)
