"""The machine side: ballots in, everything out. Reading needs no account; a ballot's signature is its own."""

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from journal.clock import database_clock
from journal.refusal import Refusal
from power.models import SnapshotPower
from votes.actions.ballots import cast_ballot, receipt_of
from votes.actions.cycles import find_cycle
from votes.models import Ballot, Cycle, Option, Result
from votes.record.ballot import MAX_BODY_BYTES, Malformed, Submission, parse_submission
from votes.refusals import refuse
from votes.serializers import (
    BallotSerializer,
    CycleDetailSerializer,
    CycleSerializer,
    ResultSerializer,
    receipt_document,
)

PAGE = 100
SAFE = ["GET", "HEAD"]


@csrf_exempt
def ballots(request: HttpRequest, number: int) -> HttpResponse:
    """Read a cycle's ballots, or cast one."""
    if request.method == "POST":
        return _cast(request, number)
    response: HttpResponse = list_ballots(request, number=number)
    return response


def _cast(request: HttpRequest, number: int) -> JsonResponse:
    """201: the ballot is in. 4xx: it is not. Anything else: send the same bytes again and learn which."""
    try:
        receipted = cast_ballot(number=number, submission=_submission(request), at=database_clock())
    except Refusal as refusal:
        return JsonResponse({"refusal": refusal.name, "words": refusal.words}, status=refusal.status)
    rules = receipted.ballot.cycle.announcement.rules
    return JsonResponse(receipt_document(receipted, rules.receipt_key), status=201)


def _submission(request: HttpRequest) -> Submission:
    if _whole(request.META.get("CONTENT_LENGTH") or "0", most=MAX_BODY_BYTES) is None:
        raise refuse("malformed", reason=f"A ballot has at most {MAX_BODY_BYTES:,} bytes.")
    try:
        return parse_submission(request.body)
    except (Malformed, UnreadablePostError) as error:
        raise refuse("malformed", reason=str(error) or "The ballot was cut short. Send it again.") from error


@api_view(SAFE)
def list_cycles(request: Request) -> Response:
    """All cycles, newest opening first."""
    cycles = Cycle.objects.at(database_clock()).order_by("-opens_at")
    return Response({"cycles": [CycleSerializer(cycle).data for cycle in cycles]})


@api_view(SAFE)
def read_cycle(request: Request, number: int) -> Response:
    """One cycle with its contests, options and rules hash."""
    cycle = _cycle(number)
    prefetch_related_objects([cycle], "contests__options")
    return Response(CycleDetailSerializer(cycle).data)


@require_safe
def read_rules(request: HttpRequest, number: int) -> HttpResponse:
    """rules.json, byte for byte: its SHA-256 is what every ballot carries."""
    return HttpResponse(_announced(number).announcement.rules_json, content_type="application/json")


@api_view(SAFE)
def list_ballots(request: Request, number: int) -> Response:
    """Ballots in the order in which they were stored, a hundred at a time; `next` is the address of more."""
    cycle = _one(Cycle.objects.filter(number=number))
    after = _whole(request.query_params.get("after", "0"), most=10**18)
    if after is None:
        return Response(
            {"refusal": "malformed", "words": "`after` is a number that `next` gave."}, status=400
        )
    rows = Ballot.objects.filter(cycle=cycle, pk__gt=after).order_by("pk")
    page = list(rows.select_related("replaces", "replaced_by", "reason", "place")[:PAGE])
    options = _options(cycle)
    more = f"{request.path}?after={page[-1].pk}" if len(page) == PAGE else None
    return Response(
        {"ballots": [BallotSerializer(ballot, context=options).data for ballot in page], "next": more}
    )


@api_view(SAFE)
def read_ballot(request: Request, number: int, digest: str) -> Response:
    """One ballot with its receipt; the same receipt as when it was cast."""
    rows = Ballot.objects.select_related("cycle__announcement", "replaces", "replaced_by", "reason", "place")
    ballot = _one(rows.filter(cycle__number=number, digest=bytes.fromhex(digest)))
    rules = ballot.cycle.announcement.rules
    document = dict(BallotSerializer(ballot, context=_options(ballot.cycle)).data)
    if ballot.signature is not None:
        document["receipted"] = receipt_document(receipt_of(ballot, rules), rules.receipt_key)
    return Response(document)


@api_view(SAFE)
def read_voter(request: Request, number: int, address: str) -> Response:
    """One address in a cycle: its frozen power [base units], and the digest and nonce of its newest ballot."""
    cycle = _announced(number)
    frozen = hasattr(cycle, "power")
    powers = SnapshotPower.objects.filter(
        snapshot=cycle.power.snapshot_id if frozen else None, address=address
    )
    power = powers.values_list("power", flat=True).first()
    newest = Ballot.objects.filter(cycle=cycle, voter=address).order_by("-sequence").first()
    return Response(
        {
            "voter": address,
            "power": str(power or 0) if frozen else None,
            "newest": {"digest": newest.digest_hex, "nonce": newest.nonce} if newest else None,
        }
    )


@api_view(SAFE)
def read_result(request: Request, number: int) -> Response:
    """The newest version of a cycle's result, each rule's split in it; the binding one is marked."""
    results = Result.objects.filter(cycle__number=number).prefetch_related(
        "contests__contest", "contests__options__option"
    )
    return Response(ResultSerializer(_one(results.order_by("-version"))).data)


def _cycle(number: int) -> Cycle:
    try:
        return find_cycle(number=number, at=database_clock())
    except Refusal as refusal:
        raise Http404 from refusal


def _announced(number: int) -> Cycle:
    cycle = _cycle(number)
    if not hasattr(cycle, "announcement"):
        raise Http404
    return cycle


def _whole(text: str, *, most: int) -> int | None:
    """The number that `text` gives in ASCII digits; None where that is none, or above `most`."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        return None
    return int(text)


def _options(cycle: Cycle) -> dict[str, Any]:
    return {
        "options": {
            option.number: option for option in Option.objects.filter(cycle=cycle).select_related("contest")
        }
    }


def _one(rows: Any) -> Any:
    row = rows.first()
    if row is None:
        raise Http404
    return row
