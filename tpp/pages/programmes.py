"""Programmes and typologies with what the votes gave them."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.models import Wallet
from journal.clock import database_clock
from ledger.models import Transfer
from programmes.actions.sponsoring import sponsor_powers
from programmes.models import MetaProgramme, Programme, Typology
from programmes.templatetags.columns import Column, Part
from programmes.views.applying import newest_applications
from votes.models import ContestResult, Cycle, OptionResult
from votes.pictures import Segment

SHOWN = 24  # cycles
MOST_PROPOSED = 50
MOST_SPONSORS = 50
FEW = 5  # applications


@dataclass(frozen=True)
class Past:
    """One cycle's split of a programme. `awarded` [base units]; `parts` what each typology got."""

    cycle: Cycle
    result: ContestResult
    segments: list[Segment]
    parts: tuple[Part, ...]
    awarded: int


@dataclass(frozen=True)
class Award:
    """What one cycle gave a typology. `amount` [base units], `share` of the programme's budget."""

    cycle: Cycle
    share: Fraction
    amount: int

    @property
    def segments(self) -> list[Segment]:
        return [Segment("this typology", self.share, 0)]


@dataclass(frozen=True)
class Sponsor:
    """`power` [base units] that a sponsor gives to this programme, floored."""

    address: str
    power: int


def programme_list(request: HttpRequest) -> HttpResponse:
    """All admitted programmes, each with its last split, then those that are proposed, newest first."""
    at = database_clock()
    programmes = Programme.objects.admitted(at).select_related("account")
    programmes = programmes.prefetch_related("typologies")
    proposed = Programme.objects.proposed(at).select_related("proposer", "thread").order_by("-pk")
    page = {
        "programmes": [(programme, next(iter(_past(programme, limit=1)), None)) for programme in programmes],
        "proposed": proposed[:MOST_PROPOSED],
    }
    return render(request, "programmes/programme_list.html", page)


def programme_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A programme's statement, its typologies, how its budget was split over time, its thread."""
    at = database_clock()
    programmes = Programme.objects.select_related("account", "thread", "admission", "proposer")
    programmes = programmes.prefetch_related("goals", "facilitators__wallet", "typologies__account")
    programme = get_object_or_404(programmes, slug=slug)
    past = _past(programme, limit=SHOWN)
    page = {
        "programme": programme,
        "past": past,
        "columns": [Column(str(row.cycle.number), row.parts) for row in reversed(past)],
        "admitted": programme.is_admitted(at),
        "editors": programme.editors(at),
        "edits": programme.revisions.count(),
        "applications": newest_applications(programme)[:FEW],
    }
    if not page["admitted"]:
        page |= _support(programme, at)
    return render(request, "programmes/programme.html", page)


def _support(programme: Programme, at: datetime) -> dict[str, Any]:
    """Who sponsors a proposed programme with how much, the most power first."""
    meta = MetaProgramme.objects.select_related("register").get()
    given = sponsor_powers(register=meta.register, at=at).get(programme.pk, {})
    sponsors = sorted(
        (Sponsor(address, floor(power)) for address, power in given.items()),
        key=lambda sponsor: (-sponsor.power, sponsor.address),
    )
    return {
        "sponsors": sponsors[:MOST_SPONSORS],
        "sponsor_count": len(sponsors),
        "sponsor_power": floor(sum(given.values())),
        "threshold": meta.sponsor_threshold,
        "register_name": meta.register.name,
        "names": Wallet.objects.names({sponsor.address for sponsor in sponsors[:MOST_SPONSORS]}),
        "all_sponsors": frozenset(given),
    }


def typology_page(request: HttpRequest, programme: str, slug: str) -> HttpResponse:
    """A typology: what it funds, what each cycle gave it, its money, its applications, its thread."""
    typologies = Typology.objects.select_related("programme__admission", "account", "thread")
    typology = get_object_or_404(typologies, programme__slug=programme, slug=slug)
    rows = (
        OptionResult.objects.filter(option__typology=typology, contest_result__is_binding=True)
        .select_related("contest_result__result__cycle")
        .order_by("-contest_result__result__cycle__opens_at")[:SHOWN]
    )
    awards = [Award(row.contest_result.result.cycle, row.fraction, row.amount) for row in rows]
    page = {
        "typology": typology,
        "admitted": typology.programme.is_admitted(database_clock()),
        "awards": awards,
        "columns": [
            Column(str(award.cycle.number), (Part(typology.name, typology.colour, award.amount),))
            for award in reversed(awards)
        ],
        "applications": newest_applications(typology.programme, typology)[:FEW],
        "transfers": Transfer.objects.filter(credit=typology.account).order_by("-happened_at", "-pk")[:24],
    }
    return render(request, "programmes/typology.html", page)


def _past(programme: Programme, *, limit: int) -> list[Past]:
    """The programme's binding results, newest first."""
    results = (
        ContestResult.objects.filter(contest__programme=programme, is_binding=True)
        .select_related("result__cycle")
        .prefetch_related(Prefetch("options", OptionResult.objects.select_related("option__typology")))
        .order_by("-result__cycle__opens_at")[:limit]
    )
    past = []
    for result in results:
        given = list(result.options.all())
        segments = [Segment(row.option.name, row.fraction, row.option.colour) for row in given]
        parts = tuple(Part(row.option.name, row.option.colour, row.amount) for row in given)
        past.append(Past(result.result.cycle, result, segments, parts, sum(row.amount for row in given)))
    return past
