"""The page on which a ballot is filled in, and what its script and other programs need to make one."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from journal.clock import database_clock
from votes.models import Ballot, Contest, Cycle, Option, Result
from votes.record.ballot import Ballot as SignedBallot
from votes.record.ballot import Line, typed_data
from votes.record.rules import ContestRules
from votes.tally import RULES, largest_line, largest_lines, largest_remainder
from votes.views.cycles import cycle_or_404, token_of

WHOLE = 10_000  # basis points
EARLIER = 5  # cycles in which the page looks for the voter's last ballot
_ADDRESS = re.compile("0x[0-9a-f]{40}")


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
        "lines": sum(len(contest.options.all()) for contest in contests),
        "site": settings.TPP_SITE_URL,
        "document": _document(cycle),
    }
    return render(request, "votes/ballot.html", page)


def ballot_example(request: HttpRequest, number: int) -> HttpResponse:
    """Typed data to sign outside a browser: even shares in every contest, to be edited before signing."""
    cycle = cycle_or_404(number, "announcement")
    voter = request.GET.get("voter", "").lower()
    if not hasattr(cycle, "announcement") or not _ADDRESS.fullmatch(voter):
        words = "Write ?voter= and an address: 0x and 40 digits from 0 to 9 and a to f."
        return JsonResponse({"refusal": "malformed", "words": words}, status=400)
    rules = cycle.announcement.rules
    ballot = SignedBallot(
        cycle=str(number),
        rules=rules.hash,
        voter=voter,
        nonce=_next_nonce(cycle, voter),
        reason="",
        lines=tuple(line for contest in rules.contests for line in _even_lines(contest)),
    )
    return JsonResponse(
        typed_data(ballot, rules.token.chain_id, rules.deployment), json_dumps_params={"indent": 1}
    )


def _next_nonce(cycle: Cycle, voter: str) -> int:
    """Above that of the voter's newest ballot in this cycle; by the clock where nobody may learn of one."""
    if cycle.is_sealed:
        return int(database_clock().timestamp() * 1000)
    newest = Ballot.objects.filter(cycle=cycle, voter=voter).order_by("-sequence").first()
    return newest.nonce + 1 if newest else 1


def _even_lines(contest: ContestRules) -> list[Line]:
    """As equal as the caps allow, to exactly the whole."""
    shares = [0] * len(contest.options)
    room = list(largest_lines(contest.bounds))
    while (rest := WHOLE - sum(shares)) and (open_places := [at for at, free in enumerate(room) if free]):
        for at in open_places[:rest]:
            given = min(room[at], max(1, rest // len(open_places)))
            shares[at] += given
            room[at] -= given
    options = zip(contest.options, shares, strict=True)
    return [Line(contest.programme, option.typology, share) for option, share in options if share]


def _document(cycle: Cycle) -> dict[str, Any]:
    """What the page's script needs: the domain, the rules hash, the limits, where to send, and where to start from."""
    rules = cycle.announcement.rules
    last = _last_shares(cycle)
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
        "earlier": [_where_ballots_are(each) for each in (int(rules.cycle), *_earlier(cycle))],
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
                        "last": last.get((contest.programme, option.typology), 0),
                    }
                    for place, option in enumerate(contest.options)
                ],
            }
            for contest in rules.contests
        ],
    }


def _earlier(cycle: Cycle) -> list[int]:
    """The numbers of the last cycles before this one that were announced, newest first."""
    before = Cycle.objects.filter(opens_at__lt=cycle.opens_at, announcement__isnull=False)
    return list(before.order_by("-opens_at").values_list("number", flat=True)[:EARLIER])


def _where_ballots_are(number: int) -> dict[str, str]:
    return {
        "cycle": str(number),
        "voters": reverse("api_voter", args=[number, "0x" + "0" * 40]),
        "ballot": reverse("api_ballot", args=[number, "0" * 64]),
    }


def _last_shares(cycle: Cycle) -> dict[tuple[str, str], int]:
    """Each option's share in the newest result before this cycle [whole basis points of what remains after floors]."""
    result = (
        Result.objects.filter(cycle__opens_at__lt=cycle.opens_at)
        .order_by("-cycle__opens_at", "-version")
        .prefetch_related("contests__contest__options", "contests__options__option")
        .first()
    )
    shares: dict[tuple[str, str], int] = {}
    for row in result.contests.all() if result else []:
        if row.is_binding and row.pays:
            options = list(row.options.all())
            points = largest_remainder([option.residual for option in options], WHOLE)
            shares |= {
                (row.contest.key, option.option.key): share
                for option, share in zip(options, points, strict=True)
            }
    return shares
