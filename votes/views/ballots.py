"""Filling in a ballot, its receipt, and the list of all."""

import hmac
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Wallet
from power.models import SnapshotPower
from votes.actions.ballots import receipt_of
from votes.models import Ballot, Contest, Cycle, Option
from votes.record.rules import Rules
from votes.serializers import receipt_document
from votes.tally import RULES, largest_line
from votes.views.cycles import cycle_or_404, token_of
from votes.views.results import SHOWN, list_of_ballots, splits_of

SHOWN_SEALED = 200  # commitments on one page


@dataclass(frozen=True)
class Sheet:
    """One contest on the ballot page. `floors` and `residual` [basis points of the budget]."""

    contest: Contest

    @property
    def options(self) -> list[Option]:
        return list(self.contest.options.all())

    @property
    def sentence(self) -> str:
        return RULES[self.contest.rule].sentence

    @property
    def floors(self) -> int:
        return sum(option.floor for option in self.options)

    @property
    def residual(self) -> int:
        return 10_000 - self.floors


def ballot_page(request: HttpRequest, number: int) -> HttpResponse:
    """All contests of an open cycle on one page; before and after, when to come back."""
    cycle = cycle_or_404(number, "announcement", "power__snapshot", "cancellation")
    if cycle.phase != "open":
        return render(request, "votes/no_ballot.html", {"cycle": cycle})
    contests = list(
        cycle.contests.select_related("programme").prefetch_related("options__typology__programme")
    )
    page = {
        "cycle": cycle,
        "token": token_of(cycle),
        "contests": [Sheet(contest) for contest in contests],
        "document": _document(cycle.announcement.rules),
    }
    return render(request, "votes/ballot.html", page)


def _document(rules: Rules) -> dict[str, Any]:
    """What the page's script needs: the domain, the rules hash, the limits and where to send."""
    return {
        "cycle": str(rules.cycle),
        "rules": "0x" + rules.hash.hex(),
        "chainId": rules.token.chain_id,
        "salt": "0x" + rules.deployment.hex(),
        "sealed": not rules.live_results,
        "symbol": rules.token.symbol,
        "decimals": rules.token.decimals,
        "reasonBytes": rules.limits.reason_bytes,
        "closesAt": rules.instants.closes_at.isoformat(),
        "draft": reverse("api_draft", args=[rules.cycle]),
        "effect": reverse("api_effect", args=[rules.cycle]) if rules.live_results else None,
        "send": reverse("api_ballots", args=[rules.cycle]),
        "voters": reverse("api_voter", args=[rules.cycle, "0x" + "0" * 40]),
        "receipts": reverse("receipt", args=[rules.cycle, "0" * 64]),
        "contests": [
            {
                "programme": contest.programme,
                "name": contest.name,
                "budget": None if contest.budget is None else str(contest.budget),
                "options": [
                    {
                        "typology": option.typology,
                        "name": option.name,
                        "floor": option.floor,
                        "largest": largest_line(place, contest.bounds),
                    }
                    for place, option in enumerate(contest.options)
                ],
            }
            for contest in rules.contests
        ],
    }


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
    signed = ballot.signature is not None
    return {
        "cycle": cycle,
        "ballot": ballot,
        "token": rules.token,
        "contests": splits_of(ballot, options),
        "left_out": [c.name for c in rules.contests if c.name not in dict(splits_of(ballot, options))],
        "names": Wallet.objects.names({ballot.voter}),
        "power": SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id, address=ballot.voter).first(),
        "document": receipt_document(receipt_of(ballot, rules), rules.receipt_key) if signed else None,
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
