"""Challenging a result: the checks to choose from, every challenge with its answer, and working all out again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Wallet
from journal.clock import database_clock
from journal.refusal import Refusal
from journal.throttles import count
from votes.actions.challenges import MOST_BYTES, ask_again, open_challenge
from votes.actions.other_outputs import status_in
from votes.models import Challenge, Cycle, Recomputation, Result, Verification
from votes.models.challenges import window_ends
from votes.record.verify import CHECKS
from votes.views.cycles import cycle_or_404

SHOWN = 50
MOST_A_MINUTE = 20  # asks of one network


@dataclass(frozen=True)
class Standing:
    """Where the newest result of a cycle stands: until when it can be challenged, and what was found in it."""

    result: Result
    ends_at: datetime
    is_open: bool
    verification: Verification | None
    recomputation: Recomputation | None
    count: int
    is_answering: bool

    @property
    def fails(self) -> bool:
        return self.verification is not None and self.verification.has_failed

    @property
    def is_waited_for(self) -> bool:
        """Whether the verifier has something to answer."""
        return self.is_answering or (
            self.recomputation is not None and not hasattr(self.recomputation, "answer")
        )


def standing_of(cycle: Cycle, result: Result, at: datetime) -> Standing:
    """What the pages say of `result`, the newest one of `cycle`."""
    ends_at = window_ends(cycle, result)
    challenges = Challenge.objects.filter(result__cycle=cycle)
    recomputations = Recomputation.objects.filter(result=result).select_related("answer__verification")
    return Standing(
        result=result,
        ends_at=ends_at,
        is_open=cycle.phase == "challenge" and at < ends_at,
        verification=Verification.objects.filter(result=result).last(),
        recomputation=recomputations.last(),
        count=challenges.count(),
        is_answering=cycle.phase == "challenge"
        and challenges.filter(result=result, answers__isnull=True).exists(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def challenges_page(request: HttpRequest, number: int) -> HttpResponse:
    """Every challenge of a cycle's results; with a POST one more, which the named check answers at once."""
    at = database_clock()
    cycle = cycle_or_404(number, "announcement", "certificate", "settlement", "thread")
    refusal = None
    if request.method == "POST":
        try:
            opened = _open(request, number, at)
            messages.success(
                request, "Your challenge is public. The check is being made; look again in a moment."
            )
            return redirect(opened)
        except Refusal as error:
            refusal = error
    result = _newest(cycle)
    rows = Challenge.objects.filter(result__cycle=cycle).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.select_related("result__cycle").prefetch_related("answers__verification")[: SHOWN + 1])
    shown = found[:SHOWN]
    page = {
        "cycle": cycle,
        "result": result,
        "standing": standing_of(cycle, result, at),
        "now": at,
        "versions": cycle.results.order_by("version"),
        "challenges": [(challenge, _last(challenge)) for challenge in shown],
        "older": shown[-1].pk if len(found) > SHOWN else None,
        "names": Wallet.objects.names({challenge.wallet for challenge in shown}),
        "checks": list(CHECKS.values()),
        "most": MOST_BYTES,
        "refusal": refusal,
        "typed": {"check": request.POST.get("check", ""), "other": request.POST.get("other", "")},
    }
    return render(request, "votes/challenges.html", page, status=refusal.status if refusal else 200)


def _open(request: HttpRequest, number: int, at: datetime) -> Challenge:
    if not isinstance(request.user, Wallet):
        raise Refusal("not_signed_in", "Sign in with a wallet to challenge a result.", status=403)
    _check_rate(request)
    return open_challenge(
        number=number,
        check=request.POST.get("check", ""),
        wallet=request.user.address,
        other=request.POST.get("other", "").replace("\r\n", "\n"),
        at=at,
    )


@require_POST
def recompute(request: HttpRequest, number: int) -> HttpResponse:
    """Have the newest result worked out again, whoever asks."""
    cycle = cycle_or_404(number, "announcement")
    try:
        _check_rate(request)
        ask_again(number=cycle.number, at=database_clock())
        messages.success(request, "It is being worked out again; look again in a moment.")
    except Refusal as refusal:
        messages.error(request, refusal.words)
        if not cycle.results.exists():
            return redirect(cycle)
    return redirect("challenges", number=number)


@require_safe
def challenge_page(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """One challenge: the check it names, what the check found, and beside it what another implementation says."""
    cycle = cycle_or_404(number, "announcement", "thread")
    rows = Challenge.objects.select_related("result__cycle", "other").prefetch_related(
        "answers__verification"
    )
    challenge = get_object_or_404(rows, pk=pk, result__cycle=cycle)
    answer = _last(challenge)
    theirs = status_in(challenge.other.text, challenge.check_name) if hasattr(challenge, "other") else None
    page = {
        "cycle": cycle,
        "challenge": challenge,
        "answers": [*challenge.answers.all()],
        "is_newest": challenge.result == _newest(cycle),
        "other_hash": bytes(challenge.other_hash).hex() if challenge.other_hash is not None else "",
        "theirs": theirs,
        "differs": theirs is not None and answer is not None and theirs != answer["status"],
        "names": Wallet.objects.names({challenge.wallet}),
    }
    return render(request, "votes/challenge.html", page)


def _check_rate(request: HttpRequest) -> None:
    if count("challenges", request) > MOST_A_MINUTE:
        raise Refusal("too_many_requests", "That is often. Wait a minute, then send it again.", status=429)


def _last(challenge: Challenge) -> dict[str, Any] | None:
    """What its check found, by the newest software that made it."""
    answers = list(challenge.answers.all())
    return answers[-1].outcome if answers else None


def _newest(cycle: Cycle) -> Result:
    result = cycle.results.order_by("-version").first()
    if result is None:
        raise Http404("This cycle has no result yet, and so nothing to challenge.")
    return result
