"""What a ballot would change, for the page that fills one in."""

from typing import Any

from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from journal.clock import database_clock
from journal.reading import BaseUnitsField, whole
from votes.actions.effect import Effect, effect_of
from votes.record.ballot import MAX_BODY_BYTES, Line, Malformed, parse_unsigned
from votes.refusals import refuse


class OptionEffectSerializer(serializers.Serializer[Any]):
    typology = serializers.CharField()
    now = BaseUnitsField(help_text="what it gets by the ballots that are in [base units]")
    then = BaseUnitsField(help_text="what it would get with this ballot [base units]")
    difference = BaseUnitsField(help_text="then less now [base units]")
    basis_points = serializers.CharField(
        help_text="how its share of the budget changes: an exact fraction of basis points, such as 125/3"
    )


class ContestEffectSerializer(serializers.Serializer[Any]):
    programme = serializers.CharField()
    outcome_now = serializers.CharField(help_text="split, a fall-back, or nothing_given")
    outcome_then = serializers.CharField()
    options = OptionEffectSerializer(many=True)


EFFECT = inline_serializer(
    name="Effect", fields={"voter": serializers.CharField(), "contests": ContestEffectSerializer(many=True)}
)


@extend_schema(
    operation_id="effect_of_a_ballot",
    description=(
        "What a ballot would change if it came in now, in place of its voter's newest: by the binding rule of each"
        " contest, exact to the base unit. Stores nothing. Refused before the opening, after the closing, and in"
        " sealed cycles."
    ),
    request={"application/json": {"$ref": "#/components/schemas/UnsignedBallot"}},
    responses=EFFECT,
    tags=["ballots"],
)
@api_view(["POST"])
def effect(request: Request, number: int) -> HttpResponseBase:
    """What a ballot would change if it came in now."""
    voter, lines = _asked(request._request)
    effects = effect_of(number=number, voter=voter, lines=lines, at=database_clock())
    answer = Response({"voter": voter, "contests": [_shown(effect) for effect in effects]})
    answer["Cache-Control"] = "no-store"
    return answer


def _asked(request: HttpRequest) -> tuple[str, tuple[Line, ...]]:
    if whole(request.META.get("CONTENT_LENGTH") or "0", most=MAX_BODY_BYTES) is None:
        raise refuse("malformed", reason=f"A ballot has at most {MAX_BODY_BYTES:,} bytes.")
    try:
        return parse_unsigned(request.body)
    except (Malformed, UnreadablePostError) as error:
        raise refuse("malformed", reason=str(error) or "The ballot was cut short. Send it again.") from error


def _shown(effect: Effect) -> dict[str, Any]:
    return {
        "programme": effect.contest.key,
        "outcome_now": effect.now.outcome,
        "outcome_then": effect.then.outcome,
        "options": [
            {
                "typology": key,
                "now": str(now),
                "then": str(then),
                "difference": str(then - now),
                "basis_points": str(moved),
            }
            for key, now, then, moved in effect.options
        ],
    }
