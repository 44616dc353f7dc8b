"""Programmes and typologies with what the votes gave them."""

from dataclasses import dataclass
from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from ledger.models import Transfer
from programmes.models import Programme, Typology
from votes.models import ContestResult, Cycle, OptionResult
from votes.pictures import Segment


@dataclass(frozen=True)
class Past:
    """One cycle's split of a programme. `awarded` [base units]."""

    cycle: Cycle
    result: ContestResult
    segments: list[Segment]
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


def programme_list(request: HttpRequest) -> HttpResponse:
    """All programmes, each with its last split."""
    programmes = Programme.objects.select_related("account").prefetch_related("typologies__account")
    page = {
        "programmes": [(programme, next(iter(_past(programme, limit=1)), None)) for programme in programmes]
    }
    return render(request, "programmes/programme_list.html", page)


def programme_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A programme's statement, its typologies, how its budget was split over time, its thread."""
    programmes = Programme.objects.select_related("account", "thread").prefetch_related(
        "goals", "facilitators__wallet", "typologies__account"
    )
    programme = get_object_or_404(programmes, slug=slug)
    page = {"programme": programme, "past": _past(programme, limit=24)}
    return render(request, "programmes/programme.html", page)


def typology_page(request: HttpRequest, programme: str, slug: str) -> HttpResponse:
    """A typology: what it funds, what each cycle gave it, its money, its thread."""
    typologies = Typology.objects.select_related("programme", "account", "thread")
    typology = get_object_or_404(typologies, programme__slug=programme, slug=slug)
    rows = (
        OptionResult.objects.filter(option__typology=typology, contest_result__is_binding=True)
        .select_related("contest_result__result__cycle")
        .order_by("-contest_result__result__cycle__opens_at")[:24]
    )
    page = {
        "typology": typology,
        "awards": [Award(row.contest_result.result.cycle, row.fraction, row.amount) for row in rows],
        "transfers": Transfer.objects.filter(credit=typology.account).order_by("-happened_at", "-pk")[:24],
    }
    return render(request, "programmes/typology.html", page)


def _past(programme: Programme, *, limit: int) -> list[Past]:
    """The programme's binding results, newest first."""
    results = (
        ContestResult.objects.filter(contest__programme=programme, is_binding=True)
        .select_related("result__cycle")
        .prefetch_related("options__option__typology")
        .order_by("-result__cycle__opens_at")[:limit]
    )
    past = []
    for result in results:
        given = list(result.options.all())
        segments = [Segment(row.option.name, row.fraction, row.option.colour) for row in given]
        past.append(Past(result.result.cycle, result, segments, sum(row.amount for row in given)))
    return past
