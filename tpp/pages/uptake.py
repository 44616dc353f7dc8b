"""Uptake: who came to vote, what they were asked for, how concentrated power and money are, cycle by cycle.

Only certified cycles are measured, so no ballot that is counted here can still change. Each figure and its
definition stand once, in the serializers: page, JSON and CSV all show those.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from journal.reading import BaseUnitsField, InstantField, reads
from ledger.models import Token
from ledger.templatetags.amounts import tokens_short
from programmes.admission import SECONDS_A_CONTEST, SECONDS_A_LINE, WORDS_A_MINUTE
from programmes.models import MetaProgramme
from tpp.pages.uptake_figures import (
    EARLIER,
    Turnout,
    Uptake,
    newest_cycles,
    read_uptake,
)
from votes.actions.drafting import LEAST_TIMED
from votes.models import Cycle
from votes.pictures import percent, points

SHOWN = 24  # cycles on one page, in one file, in one answer
GRID = [("0%", "100 %"), ("25%", "75 %"), ("50%", "50 %"), ("75%", "25 %"), ("100%", "0 %")]
MOST_TICKS = 12  # cycles named below a picture

NOT_MEASURED = {
    "without_sign_in": "Who fills in a ballot without signing in is among neither those who started nor who drafted."
}


BEFORE = OpenApiParameter(
    "before",
    {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    OpenApiParameter.QUERY,
    description="The cycles before the one of this number; `next` gives it.",
)

Figure = serializers.Field[Any, Any, Any, Any]


@extend_schema_field({"type": ["string", "null"], "pattern": "^-?[0-9]+(/[0-9]+)?$"})
class ShareField(serializers.Field[Any, Any, str, Any]):
    """A share of a whole: an exact fraction such as 17/31."""

    def to_representation(self, value: Fraction) -> str:
        return str(value)


class MinutesField(ShareField):
    """Minutes: an exact fraction such as 119/12."""


class TurnoutSerializer(serializers.Serializer[Any]):
    by_voters = ShareField(label="By voters", help_text="those who voted, as a share of the delegates")
    by_power = ShareField(label="By power", help_text="power that voted, as a share of all power")
    voters = serializers.IntegerField(
        label="Voted",
        help_text="delegates whose newest ballot at closing has lines; who withdrew did not vote",
    )
    delegates = serializers.IntegerField(
        label="Delegates", help_text="addresses with voting power when it was frozen for the cycle"
    )
    voted_power = BaseUnitsField(
        label="Power that voted", help_text="the frozen voting power of those who voted"
    )
    power = BaseUnitsField(label="Power", help_text="all frozen voting power of the delegates")


class ActiveSerializer(TurnoutSerializer):
    by_voters = ShareField(label="By voters", help_text="those who voted, as a share of active delegates")
    by_power = ShareField(label="By power", help_text="power that voted, as a share of theirs")
    voters = serializers.IntegerField(
        label="Voted", help_text="active delegates who voted in the cycle, as above"
    )
    delegates = serializers.IntegerField(
        label="Active delegates",
        help_text="delegates of the cycle who signed a ballot in at least two of the five measured cycles before it,"
        " also one that they withdrew later",
    )
    voted_power = BaseUnitsField(label="Power that voted", help_text="the power of those of them who voted")
    power = BaseUnitsField(label="Power", help_text="frozen voting power of the active delegates")


class BallotsSerializer(serializers.Serializer[Any]):
    signed = serializers.IntegerField(
        label="Signed",
        help_text="ballots accepted in the cycle: those that count, those replaced, and withdrawals",
    )
    replaced = serializers.IntegerField(
        label="Replaced", help_text="ballots that a newer one of the same voter replaced"
    )
    withdrawn = serializers.IntegerField(
        label="Withdrawn",
        help_text="voters whose newest ballot has no lines, which takes back all they signed before",
    )
    late = serializers.IntegerField(
        label="Late deciders",
        help_text="of those who voted: newest ballot in the last tenth of the voting time",
    )
    late_share = ShareField(label="Share late", help_text="late deciders as a share of those who voted")


class DraftingSerializer(serializers.Serializer[Any]):
    started = serializers.IntegerField(
        allow_null=True, label="Started", help_text="delegates who opened the ballot while signed in"
    )
    drafted = serializers.IntegerField(allow_null=True, label="Drafted", help_text="of those: saved a draft")
    signed = serializers.IntegerField(
        label="Signed", help_text="delegates who signed a ballot, signed in or not"
    )
    minutes_to_sign = MinutesField(
        label="Minutes to sign",
        help_text="median from first opening the ballot, signed in, to the first ballot after it; none where fewer"
        f" than {LEAST_TIMED} delegates did both, since it would tell the habits of one person",
    )


class AskedSerializer(serializers.Serializer[Any]):
    decisions = serializers.IntegerField(
        label="Decisions", help_text="contests on the ballot: budgets to split"
    )
    lines = serializers.IntegerField(label="Lines", help_text="options in all contests together")
    new_words = serializers.IntegerField(
        label="New words",
        help_text="words of posts in the threads of the cycle, of its programmes and of their typologies, written from"
        " the opening of the measured cycle before it until its own closing",
    )
    minutes = MinutesField(
        label="Minutes",
        help_text=f"reading the new words at {WORDS_A_MINUTE} a minute, and {SECONDS_A_CONTEST} seconds for each"
        f" decision and {SECONDS_A_LINE} for each line; the same for every delegate",
    )


class ConcentrationSerializer(serializers.Serializer[Any]):
    majority_delegates = serializers.IntegerField(
        allow_null=True,
        label="Hold most power",
        help_text="Nakamoto coefficient: the fewest delegates who together hold more than half of all frozen power",
    )
    top_ten_share = ShareField(
        label="Top ten hold", help_text="share of all frozen power that the ten largest delegates hold"
    )
    awarded = BaseUnitsField(
        label="Awarded", help_text="what the newest result gives to typologies, by binding rules"
    )
    majority_typologies = serializers.IntegerField(
        label="Get most money",
        allow_null=True,
        help_text="the fewest typologies that together get more than half of it",
    )
    largest_share = ShareField(label="Largest gets", help_text="share of it that one typology gets at most")


class UptakeSerializer(serializers.Serializer[Uptake]):
    """One cycle's figures; null where there is nothing to take a share of."""

    cycle = serializers.IntegerField(source="cycle.number")
    opens_at = InstantField(source="cycle.opens_at")
    closes_at = InstantField(source="cycle.closes_at")
    turnout = TurnoutSerializer(label="Turnout")
    active = ActiveSerializer(label="Turnout of active delegates")
    ballots = BallotsSerializer(label="Ballots")
    drafting = DraftingSerializer(label="From opening to signing")
    asked = AskedSerializer(label="What was asked of a delegate")
    concentration = ConcentrationSerializer(label="Concentration of power and money")


class UptakePageSerializer(serializers.Serializer[Any]):
    cycles = UptakeSerializer(many=True, help_text="newest first")
    next = serializers.CharField(allow_null=True, help_text="address of earlier cycles")
    definitions = serializers.DictField(child=serializers.CharField())
    not_measured = serializers.DictField(child=serializers.CharField())


GROUPS: dict[str, serializers.Serializer[Any]] = {
    name: field
    for name, field in UptakeSerializer().fields.items()
    if isinstance(field, serializers.Serializer)
}


@dataclass(frozen=True)
class Table:
    """One group of figures as it is shown; `definitions` are names and meanings."""

    name: str
    title: str
    columns: list[str]
    rows: list[tuple[Cycle, list[str]]]
    definitions: list[tuple[str, str]]


@dataclass(frozen=True)
class Line:
    """One line of a picture: marks (x, y, words) and steps between them (x, y, x, y), coordinates as percent."""

    name: str
    marks: list[tuple[str, str, str]]
    steps: list[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Picture:
    """Turnout over the cycles, oldest first; `ticks` are place and number of the cycles that are named below."""

    title: str
    words: str
    lines: list[Line]
    ticks: list[tuple[str, int]]


@require_safe
def uptake_page(request: HttpRequest) -> HttpResponse:
    """Uptake as a page: a sentence, a picture, and each figure in a table with its definition."""
    before = request.GET.get("before")
    cycles, older = _measured(before)
    meta = MetaProgramme.objects.select_related("token").first()
    token = meta.token if meta else None
    page = {
        "newest": cycles[0] if cycles else None,
        "before_newest": cycles[1] if len(cycles) > 1 else None,
        "shown": {name: dict(_cells(cycles[0], name, token)) for name in GROUPS} if cycles else {},
        "since": _since(cycles),
        "is_earlier": before is not None,
        "here": f"?before={before}" if before else "",
        "older": older,
        "grid": GRID,
        "pictures": _pictures(cycles),
        "tables": [_table(name, cycles, token) for name in GROUPS],
        "not_measured": NOT_MEASURED.values(),
    }
    return render(request, "tpp/uptake.html", page)


@reads(UptakePageSerializer, tag="working of the site", parameters=[BEFORE])
def uptake_api(request: Request) -> Response:
    """Uptake as data, 24 cycles at a time; `?before=` a cycle's number gives those before it."""
    cycles, older = _measured(request.query_params.get("before"))
    page = {
        "cycles": cycles,
        "next": reverse("api_uptake") + older if older else None,
        "definitions": {f"{group}.{name}": field.help_text for group, name, field in _figures()},
        "not_measured": NOT_MEASURED,
    }
    return Response(UptakePageSerializer(page).data)


@require_safe
@conditional_page
def uptake_csv(request: HttpRequest) -> HttpResponse:
    """The same cycles as a table for spreadsheets: power in base units, shares in percent."""
    cycles, older = _measured(request.GET.get("before"))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="uptake.csv"'
    if older:
        response["Link"] = f'<{reverse("uptake_csv")}{older}>; rel="next"'
    write = csv.writer(response)
    write.writerow(["cycle", "opens_at", "closes_at", *(_csv_name(*figure) for figure in _figures())])
    for row in (UptakeSerializer(cycle).data for cycle in cycles):
        figures = [_csv_value(field, row[group][name]) for group, name, field in _figures()]
        write.writerow([row["cycle"], row["opens_at"], row["closes_at"], *figures])
    return response


def _measured(before: str | None) -> tuple[list[Uptake], str]:
    """The newest cycles, or those before the cycle of this number, and the query that asks for earlier ones."""
    start = None
    if before is not None:
        if not (before.isascii() and before.isdigit() and len(before) <= 9):
            raise Http404("`before` is the number of a cycle.")
        start = get_object_or_404(Cycle, number=before)
    cycles = newest_cycles(before=start, count=SHOWN + EARLIER)
    shown, earlier = cycles[:SHOWN], cycles[SHOWN:]
    return read_uptake(shown, earlier=earlier), f"?before={shown[-1].number}" if earlier else ""


def _figures() -> Iterator[tuple[str, str, Figure]]:
    """Every figure's group, name and field."""
    for group, serializer in GROUPS.items():
        for name, field in serializer.fields.items():
            yield group, name, field


def _csv_name(group: str, name: str, field: Figure) -> str:
    return f"{group}_{name}_percent" if type(field) is ShareField else f"{group}_{name}"


def _csv_value(field: Figure, value: Any) -> Any:
    """A fraction would be taken for a date in a spreadsheet, so it is written with one decimal."""
    if value is None or not isinstance(field, ShareField):
        return value
    return _decimal(Fraction(value)) if isinstance(field, MinutesField) else points(Fraction(value))


def _table(group: str, cycles: Sequence[Uptake], token: Token | None) -> Table:
    fields = GROUPS[group].fields.values()
    return Table(
        name=group,
        title=str(GROUPS[group].label),
        columns=[str(field.label) for field in fields],
        rows=[(row.cycle, [words for _, words in _cells(row, group, token)]) for row in cycles],
        definitions=[(str(field.label), str(field.help_text)) for field in fields],
    )


def _cells(row: Uptake, group: str, token: Token | None) -> Iterator[tuple[str, str]]:
    """Each figure's name, and what stands in its cell."""
    for name, field in GROUPS[group].fields.items():
        yield name, _cell(field, getattr(getattr(row, group), name), token)


def _cell(field: Figure, value: Any, token: Token | None) -> str:
    if value is None:
        return "–"
    if isinstance(field, MinutesField):
        return _decimal(value)
    if isinstance(field, ShareField):
        return percent(value)
    return tokens_short(value, token) if isinstance(field, BaseUnitsField) and token else f"{value:,}"


def _decimal(value: Fraction) -> str:
    """A number with one decimal; `points` says a hundredth of it so."""
    return points(value / 100)


def _since(cycles: Sequence[Uptake]) -> str:
    """How far turnout by power moved since the cycle before, in words; blank where there is none to compare."""
    shares = [row.turnout.by_power for row in cycles[:2] if row.turnout.by_power is not None]
    if len(shares) < 2:
        return ""
    moved = points(abs(shares[0] - shares[1]))
    if not moved.strip("0."):
        return "as much as"
    return f"{moved} points {'more' if shares[0] > shares[1] else 'less'} than"


def _pictures(cycles: Sequence[Uptake]) -> list[Picture]:
    """Turnout among all delegates and among the active ones, on the same scale; none where there is nothing."""
    if not cycles:
        return []
    oldest_first = list(reversed(cycles))
    drawn = [
        _picture("All delegates", oldest_first, [row.turnout for row in oldest_first]),
        _picture("Active delegates", oldest_first, [row.active for row in oldest_first]),
    ]
    return [picture for picture in drawn if any(line.marks for line in picture.lines)]


def _picture(title: str, cycles: Sequence[Uptake], turnouts: Sequence[Turnout]) -> Picture:
    places = [Fraction(2 * n + 1, 2 * len(cycles)) for n in range(len(cycles))]
    every = -(-len(cycles) // MOST_TICKS)
    numbers = [row.cycle.number for row in cycles]
    lines = {
        "power": [turnout.by_power for turnout in turnouts],
        "voters": [turnout.by_voters for turnout in turnouts],
    }
    words = [f"by {name} {percent(shares[-1])}" for name, shares in lines.items() if shares[-1] is not None]
    return Picture(
        title=title,
        words=f"{title}, cycles {numbers[0]} to {numbers[-1]}; last {', '.join(words) or 'nothing'}",
        lines=[_line(name, numbers, places, shares) for name, shares in lines.items()],
        ticks=[(_css(x), n) for x, n in list(zip(places, numbers, strict=True))[::-every]],
    )


def _line(
    name: str, numbers: Sequence[int], places: Sequence[Fraction], shares: Sequence[Fraction | None]
) -> Line:
    marks = [
        (_css(x), _css(1 - share), f"Cycle {number}: {percent(share)} by {name}")
        if share is not None
        else None
        for number, x, share in zip(numbers, places, shares, strict=True)
    ]
    steps = [(a[0], a[1], b[0], b[1]) for a, b in pairwise(marks) if a and b]
    return Line(name, [mark for mark in marks if mark], steps)


def _css(share: Fraction) -> str:
    return f"{points(share, 2)}%"
