"""The tree of a cycle's ballots for machines: signed heads, and proofs from them to any ballot and any later head."""

from typing import Any

from django.db.models import Max
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from journal.reading import BY_NUMBER, HexField, keep, malformed, page, page_of, reads, whole
from votes.models import Ballot, BallotPosition, Cycle, Tree, TreeHead

_LARGEST = 2**31 - 1
_SECONDS = 60  # for which a proof may be kept, which is true for ever


def _size(name: str, words: str) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": 0, "maximum": _LARGEST}
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=words)


class HeadSerializer(serializers.Serializer[Any]):
    """A signed tree head: how many ballots the cycle had at an instant, and the root over them."""

    version = serializers.IntegerField()
    cycle = serializers.CharField()
    rules = serializers.CharField(help_text="SHA-256 of rules.json")
    size = serializers.IntegerField(help_text="ballots in the tree, replaced ones included")
    root = serializers.CharField(  # type: ignore[assignment]
        help_text="Merkle root, as RFC 6962 builds it"
    )
    published_at = serializers.CharField(help_text="instant by the database's clock")
    signature = serializers.CharField(
        help_text="Ed25519 by `receipt_key` of the rules, over `TPP tree head v1`, a line feed, and the other"
        " fields as canonical JSON (RFC 8785)"
    )


class ProofSerializer(serializers.Serializer[Any]):
    """Why a ballot stands in a tree: RFC 6962, section 2.1.1."""

    leaf = HexField(help_text="its leaf's hash: SHA-256 of 0x00, the ballot's key and the instant received")
    position = serializers.IntegerField(help_text="from 0")
    size = serializers.IntegerField(help_text="of the tree that it is shown to stand in")
    root = HexField(help_text="of that tree")  # type: ignore[assignment]
    path = serializers.ListField(child=HexField(), help_text="the audit path, from the leaf up")
    head = serializers.SerializerMethodField(
        help_text="the first signed head of that size; null where none is"
    )

    @extend_schema_field(HeadSerializer(allow_null=True))
    def get_head(self, proof: dict[str, Any]) -> dict[str, str | int] | None:
        head: TreeHead | None = proof["head"]
        return head.document if head else None


class ConsistencySerializer(serializers.Serializer[Any]):
    """Why one tree begins another: RFC 6962, section 2.1.2."""

    from_size = serializers.IntegerField()
    from_root = HexField()
    to_size = serializers.IntegerField()
    to_root = HexField()
    path = serializers.ListField(child=HexField(), help_text="empty where one is empty, or both are the same")


@reads(page_of("HeadPage", HeadSerializer, rows="heads"), tag="ballots", parameters=BY_NUMBER)
def list_heads(request: Request, number: int) -> Response:
    """A cycle's signed tree heads, newest first. Save one: the certificate must extend it."""
    rows = TreeHead.objects.filter(cycle=_cycle(number)).select_related("cycle__announcement")
    found, following = page(rows, request, down=True)
    return Response({"heads": [head.document for head in found], "next": following})


@reads(
    ConsistencySerializer,
    tag="ballots",
    parameters=(
        _size("from", "The smaller size; 0 where it is left out."),
        _size("to", "The larger size; all ballots that have positions, where it is left out."),
    ),
)
def read_consistency(request: Request, number: int) -> Response:
    """Why the tree of `from` ballots begins the tree of `to`: nothing in between was dropped, changed or moved."""
    cycle = _cycle(number)
    have = _placed(cycle)
    new = _asked(request, "to", have)
    old = _asked(request, "from", 0)
    if not old <= new <= have:
        raise malformed(f"`from` is at most `to`, which is at most {have}: so many ballots have positions.")
    tree = Tree(cycle.pk)
    proof = {
        "from_size": old,
        "from_root": tree.root_of(0, old),
        "to_size": new,
        "to_root": tree.root_of(0, new),
        "path": tree.consistency(old, new),
    }
    return Response(ConsistencySerializer(proof).data)


@reads(
    ProofSerializer,
    tag="ballots",
    parameters=(_size("size", "Of the tree; where it is left out, that of the certificate or newest head."),),
)
def read_proof(request: Request, number: int, digest: str) -> Response:
    """Why a ballot stands in the tree of `size` ballots, at its position; found as the ballot itself is."""
    cycle = _cycle(number)
    ballot = Ballot.objects.known_as(cycle, bytes.fromhex(digest)).select_related("place").first()
    if ballot is None:
        raise Http404
    if not hasattr(ballot, "place"):
        raise Http404("It has no position yet; the next tree head gives it one, within seconds.")
    have = _placed(cycle)
    size = _asked(request, "size", have)
    if not ballot.place.position < size <= have:
        raise malformed(f"`size` is from {ballot.place.position + 1} to {have} for this ballot.")
    answer = Response(ProofSerializer(inclusion(cycle, ballot.place.position, size)).data)
    if "size" in request.query_params:
        keep(answer, _SECONDS)
    return answer


def inclusion(cycle: Cycle, position: int, size: int) -> dict[str, Any]:
    """The proof that the ballot at `position` stands in the cycle's tree of `size`, for `ProofSerializer`."""
    tree = Tree(cycle.pk)
    heads = TreeHead.objects.filter(cycle=cycle, size=size).select_related("cycle__announcement")
    return {
        "leaf": tree.leaf(position),
        "position": position,
        "size": size,
        "root": tree.root_of(0, size),
        "path": tree.inclusion(position, size),
        "head": heads.order_by("published_at").first(),
    }


def _cycle(number: int) -> Cycle:
    cycle = Cycle.objects.filter(number=number).select_related("announcement", "certificate").first()
    if cycle is None or not hasattr(cycle, "announcement"):
        raise Http404
    return cycle


def _placed(cycle: Cycle) -> int:
    """How many ballots have positions."""
    last = BallotPosition.objects.filter(cycle=cycle).aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _asked(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    size = whole(text, most=_LARGEST)
    if size is None:
        raise malformed(f"`{name}` is a whole number from 0 to {_LARGEST}.")
    return size
