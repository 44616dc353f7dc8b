"""The machine side: ballots in, everything out. Reading needs no account; a ballot's signature is its own."""

from functools import update_wrapper
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Prefetch, QuerySet, Subquery, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from journal.clock import database_clock
from journal.reading import (
    BY_ADDRESS,
    BY_NUMBER,
    LARGEST_PAGE,
    keep,
    limit_of,
    listed,
    number_after,
    page,
    page_of,
    reads,
    whole,
)
from journal.refusal import Refusal
from power.api import POWERS, powers_page
from power.models import SnapshotPower
from votes.actions.accepting import accept_at_once
from votes.actions.ballots import Receipted, receipt_of
from votes.actions.cycles import find_cycle
from votes.actions.waiting import send_ballot
from votes.models import Ballot, Certificate, Cycle, Option, Record, Result, WaitingBallot
from votes.patience import check_patience, refused, waits
from votes.record.ballot import MAX_BODY_BYTES, Malformed, Submission, parse_submission
from votes.refusals import refuse
from votes.serializers import (
    BallotDetailSerializer,
    BallotSerializer,
    CertificateSerializer,
    CycleDetailSerializer,
    CycleSerializer,
    ResultSerializer,
    SealedBallotSerializer,
    VoterSerializer,
)
from votes.waiting_documents import waiting_document

PAGE = LARGEST_PAGE
BALLOTS = inline_serializer(
    name="BallotPage",
    fields={
        "ballots": BallotSerializer(many=True),
        "sealed": SealedBallotSerializer(
            many=True, help_text="what is public of a sealed cycle's ballots until they are opened"
        ),
        "next": serializers.CharField(
            allow_null=True, help_text="address of the following page; null on the last"
        ),
    },
)
BALLOT = PolymorphicProxySerializer(
    component_name="BallotOrSealed",
    serializers=[BallotDetailSerializer, SealedBallotSerializer],
    resource_type_field_name=None,
)
MINUTE, DAY = 60, 86_400  # seconds


@csrf_exempt
def ballots(request: HttpRequest, number: int) -> HttpResponseBase:
    """Read a cycle's ballots, or cast one."""
    if request.method == "POST":
        return _cast(request, number)
    answer = list_ballots(request, number=number)
    answer["Allow"] = "GET, HEAD, OPTIONS, POST"
    return answer


def _cast(request: HttpRequest, number: int) -> JsonResponse:
    """201: the ballot is in. 202: its wallet is asked. 4xx: it is not in. Else: send the same bytes again."""
    try:
        submission = _submission(request)
        receipted: Receipted | WaitingBallot | None = accept_at_once(number=number, submission=submission)
        if receipted is None:
            check_patience(request, number=number, submission=submission)
            receipted = send_ballot(number=number, submission=submission, at=database_clock())
    except Refusal as refusal:
        return refused(request, refusal)
    if isinstance(receipted, WaitingBallot):
        return waits(request, waiting_document(receipted))
    return JsonResponse(receipted.document(), status=201)


def _submission(request: HttpRequest) -> Submission:
    if whole(request.META.get("CONTENT_LENGTH") or "0", most=MAX_BODY_BYTES) is None:
        raise refuse("malformed", reason=f"A ballot has at most {MAX_BODY_BYTES:,} bytes.")
    try:
        return parse_submission(request.body)
    except (Malformed, UnreadablePostError) as error:
        raise refuse("malformed", reason=str(error) or "The ballot was cut short. Send it again.") from error


@reads(
    page_of("CyclePage", CycleSerializer, rows="cycles"),
    tag="cycles",
    parameters=BY_NUMBER,
)
def list_cycles(request: Request) -> Response:
    """All cycles, newest opening first."""
    cycles = Cycle.objects.at(database_clock()).order_by("-opens_at")
    after, limit = number_after(request), limit_of(request)
    if after is not None:
        last = Cycle.objects.filter(number=after).values("opens_at")
        cycles = cycles.filter(opens_at__lt=Subquery(last))
    found = list(cycles[: limit + 1])
    following = (
        f"{request.path}?after={found[limit - 1].number}&limit={limit}" if len(found) > limit else None
    )
    return listed("cycles", CycleSerializer, (found[:limit], following))


@reads(CycleDetailSerializer, tag="cycles")
def read_cycle(request: Request, number: int) -> Response:
    """One cycle with its contests, options and rules hash."""
    cycle = _cycle(number)
    prefetch_related_objects(
        [cycle], "contests__options", Prefetch("records", Record.objects.order_by("kind"))
    )
    return Response(CycleDetailSerializer(cycle).data)


@reads(OpenApiTypes.OBJECT, tag="cycles")
def read_rules(request: Request, number: int) -> HttpResponse:
    """rules.json, byte for byte: its SHA-256 is what every ballot carries."""
    rules = _announced(number).announcement.rules_json
    return _kept(HttpResponse(rules, content_type="application/json"), DAY)


@reads(BALLOTS, tag="ballots", parameters=BY_NUMBER)
def list_ballots(request: Request, number: int) -> Response:
    """Ballots in the order in which they were stored, replaced ones and withdrawals included.

    Of a sealed cycle only `sealed` has rows until the certificate, and none after it.
    """
    cycle = _one(Cycle.objects.filter(number=number).select_related("announcement", "certificate"))
    rows = Ballot.objects.filter(cycle=cycle).select_related("place", "blind")
    if cycle.hides_ballots:
        answer = listed("sealed", SealedBallotSerializer, page(rows, request))
        return Response({"ballots": [], **answer.data})
    rows = rows.select_related("replaces", "replaced_by", "reason")
    answer = listed("ballots", BallotSerializer, page(rows, request), **_options(cycle))
    answer.data["sealed"] = []
    return _kept(answer, MINUTE) if hasattr(cycle, "certificate") else answer


# To the description of the API the address is this view; the POST is described in tpp.openapi.
update_wrapper(ballots, list_ballots, assigned=())


@reads(BALLOT, tag="ballots")
def read_ballot(request: Request, number: int, digest: str) -> Response:
    """One ballot with its receipt; the same receipt as when it was cast.

    One that was sealed is found by its commitment too, and until the certificate by nothing else.
    """
    cycle = _one(Cycle.objects.filter(number=number).select_related("announcement", "certificate"))
    rows = Ballot.objects.known_as(cycle, bytes.fromhex(digest)).select_related("place", "blind")
    if cycle.hides_ballots:
        return Response(SealedBallotSerializer(_one(rows)).data)
    ballot = _one(
        rows.select_related("cycle__announcement", "cycle__certificate", "replaces", "replaced_by", "reason")
    )
    rules = ballot.cycle.announcement.rules
    document = dict(BallotSerializer(ballot, context=_options(ballot.cycle)).data)
    if ballot.signature is not None:
        document["receipted"] = receipt_of(ballot, rules).document()
    answer = Response(document)
    return _kept(answer, MINUTE) if hasattr(ballot.cycle, "certificate") else answer


@reads(VoterSerializer, tag="ballots")
def read_voter(request: Request, number: int, address: str) -> Response:
    """One address in a cycle: its frozen power [base units], and the digest and nonce of its newest ballot.

    While the cycle is sealed `newest` is null for everybody: that somebody voted is not told.
    """
    cycle = _announced(number)
    frozen = hasattr(cycle, "power")
    powers = SnapshotPower.objects.filter(
        snapshot=cycle.power.snapshot_id if frozen else None, address=address
    )
    power = powers.values_list("power", flat=True).first()
    ballots = Ballot.objects.filter(cycle=cycle, voter=address)
    newest = None if cycle.hides_ballots else ballots.order_by("-sequence").first()
    return Response(
        {
            "voter": address,
            "power": str(power or 0) if frozen else None,
            "newest": {"digest": newest.digest_hex, "nonce": newest.nonce} if newest else None,
        }
    )


@reads(POWERS, tag="power", parameters=BY_ADDRESS)
def list_voters(request: Request, number: int) -> Response:
    """Who may vote in a cycle: addresses with their frozen power [base units], by address."""
    cycle = _announced(number)
    if not hasattr(cycle, "power"):
        raise Http404("Voting power is not frozen yet; `snapshot_at` of the cycle says when it is.")
    return powers_page(request, SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id))


@reads(CertificateSerializer, tag="results")
def read_certificate(request: Request, number: int) -> Response:
    """The closing certificate of a cycle: how many ballots, and the root that follows from them."""
    certificate = _one(Certificate.objects.filter(cycle__number=number))
    return _kept(Response(CertificateSerializer(certificate).data), DAY)


@reads(ResultSerializer, tag="results")
def read_result(request: Request, number: int) -> Response:
    """The newest version of a cycle's result, each rule's split in it; the binding one is marked."""
    result = _one(_results(number).order_by("-version"))
    answer = Response(ResultSerializer(result).data)
    return _kept(answer, DAY) if hasattr(result.cycle, "settlement") else answer


@reads(ResultSerializer, tag="results")
def read_version(request: Request, number: int, result_version: int) -> Response:
    """One version of a cycle's result, whether it still stands or not."""
    return Response(ResultSerializer(_one(_results(number).filter(version=result_version))).data)


def _results(number: int) -> QuerySet[Result]:
    results = Result.objects.filter(cycle__number=number).select_related("cycle__settlement", "correction")
    return results.prefetch_related("contests__contest__options", "contests__options__option")


_Answer = TypeVar("_Answer", bound=HttpResponseBase)


def _kept(answer: _Answer, seconds: int) -> _Answer:
    """`answer`, which nothing changes any more; where a reason can still be erased it is kept for a minute only.

    Not in the demo, which is founded again and again under the same addresses.
    """
    if not settings.TPP_DEMO:
        keep(answer, seconds, forever=seconds == DAY)
    return answer


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
