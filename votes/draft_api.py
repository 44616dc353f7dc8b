"""Drafts for the page's script: by the session, for the author alone, never kept by any cache."""

from typing import Any

from django.conf import settings
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import api_view, authentication_classes, throttle_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Wallet
from journal.clock import database_clock
from journal.reading import InstantField, whole
from journal.refusal import Refusal
from journal.throttles import ReadingThrottle, count_of
from votes.actions import drafts
from votes.models import Draft
from votes.refusals import refuse


class BySession(SessionAuthentication):
    """The visitor's session; a request that another site's page forged is refused."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            words = "The page's token is missing or old. Load the page again; what you typed is still there."
            raise Refusal("csrf_failed", words, status=403) from error


class SavingThrottle(ReadingThrottle):
    """At most `TPP_DRAFT_SAVES_A_MINUTE` changes for one wallet, far above what typing makes; reading as elsewhere."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.method == "GET" or not isinstance(request.user, Wallet):
            return super().allow_request(request, view)
        most = settings.TPP_DRAFT_SAVES_A_MINUTE
        return most <= 0 or count_of("drafts", request.user.address) <= most


class ContentSerializer(serializers.Serializer[Any]):
    """What stands on the page: each line as it was typed, the locked lines, the reason."""

    lines = serializers.DictField(
        child=serializers.CharField(max_length=drafts.MOST_LETTERS, allow_blank=True),
        help_text="by `programme/typology`",
    )
    locked = serializers.ListField(child=serializers.CharField(), max_length=drafts.MOST_LINES)
    reason = serializers.CharField(allow_blank=True)


class EditSerializer(serializers.Serializer[Any]):
    base = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="the version last seen; 0 for none"
    )
    content = ContentSerializer()


class SavedSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    saved_at = InstantField()


class DraftSerializer(SavedSerializer):
    """The author's own draft."""

    content = ContentSerializer()
    sent = serializers.SerializerMethodField(
        help_text="whether a ballot of the author came in after the last change"
    )

    def get_sent(self, draft: Draft) -> bool:
        return drafts.is_sent(draft)


_WALLET = OpenApiParameter(
    "X-Wallet",
    {"type": "string", "pattern": "^0x[0-9a-f]{40}$"},
    OpenApiParameter.HEADER,
    description="Whose page asks; refused where another wallet has signed in meanwhile.",
)


@never_cache
@extend_schema(
    methods=["GET"],
    operation_id="read_draft",
    description="Your own draft for a cycle. Asking for it in an open cycle notes that you opened the ballot.",
    responses=DraftSerializer,
    tags=["drafts"],
    auth=[],
    parameters=[_WALLET],
)
@extend_schema(
    methods=["PUT"],
    operation_id="save_draft",
    description=(
        "Save your draft as its next version. 409 `draft_changed`: it was changed elsewhere since `base`, and"
        " nothing was overwritten; the answer holds the newer draft."
    ),
    request=EditSerializer,
    responses=SavedSerializer,
    tags=["drafts"],
    auth=[],
    parameters=[_WALLET],
)
@extend_schema(
    methods=["DELETE"],
    operation_id="forget_draft",
    description="Forget your draft. Nothing that it said is kept.",
    responses={204: None},
    tags=["drafts"],
    auth=[],
    parameters=[_WALLET],
)
@api_view(["GET", "PUT", "DELETE"])
@authentication_classes([BySession])
@throttle_classes([SavingThrottle])
def draft(request: Request, number: int) -> HttpResponseBase:
    """Read, save or forget the visitor's own draft."""
    wallet, at = _signed_in(request), database_clock()
    if request.method == "GET":
        return Response(DraftSerializer(drafts.open_draft(number=number, wallet=wallet, at=at)).data)
    if request.method == "DELETE":
        drafts.forget_draft(number=number, wallet=wallet, at=at)
        return Response(status=204)
    try:
        saved = drafts.save_draft(number=number, wallet=wallet, edit=drafts.parse_edit(_body(request)), at=at)
    except drafts.DraftChanged as refusal:
        theirs = DraftSerializer(refusal.draft).data if refusal.draft else None
        return Response(
            {"refusal": refusal.name, "words": refusal.words, "draft": theirs}, status=refusal.status
        )
    return Response(SavedSerializer(saved).data)


def _signed_in(request: Request) -> Wallet:
    if not isinstance(request.user, Wallet):
        raise Refusal("not_signed_in", "Drafts belong to a wallet: sign in, then send it again.", status=401)
    if request.headers.get("X-Wallet", request.user.address) != request.user.address:
        words = "Another wallet has signed in here meanwhile. Load the page again."
        raise Refusal("not_signed_in", words, status=401)
    return request.user


def _body(request: Request) -> bytes:
    if whole(request.META.get("CONTENT_LENGTH") or "0", most=drafts.MOST_BYTES) is None:
        raise refuse("malformed", reason=f"A draft has at most {drafts.MOST_BYTES:,} bytes.")
    try:
        return request._request.body
    except UnreadablePostError as error:
        raise refuse("malformed", reason="The draft was cut short. Send it again.") from error
