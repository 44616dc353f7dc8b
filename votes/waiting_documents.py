"""What machines are shown of a ballot that waits for its wallet."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from journal.reading import HexField, InstantField
from votes.models import Verdict, WaitingBallot, WaitingProgress


class WaitingProgressSerializer(serializers.Serializer[WaitingProgress]):
    """What the checks have met so far; decides nothing."""

    checked_at = InstantField(allow_null=True, help_text="when a node last answered; null before")
    block_number = serializers.IntegerField(allow_null=True, help_text="the final block that was asked about")
    name = serializers.CharField(help_text="what the wallet answered; empty before the first answer")
    words = serializers.CharField()
    seen_at_number = serializers.IntegerField(
        allow_null=True,
        help_text="the newest block, if the wallet confirms there: it counts once that is final",
    )
    next_check_at = InstantField(source="due_at")
    failures = serializers.IntegerField(help_text="checks in a row that no node answered")


class VerdictSerializer(serializers.Serializer[Verdict]):
    """What became of it, once and for all."""

    outcome = serializers.ChoiceField(choices=["accepted", "rejected", "undecided"])
    name = serializers.CharField(help_text="never changes; the refusal's name where it was rejected")
    words = serializers.CharField()
    standard = serializers.CharField(help_text="eip1271 or erc6492, where a wallet confirmed it; else empty")
    block_number = serializers.IntegerField(allow_null=True, help_text="the block that shows it")
    block_hash = HexField(allow_null=True)
    block_at = InstantField(allow_null=True)
    decided_at = InstantField()


class JudgedBallotSerializer(serializers.Serializer[WaitingBallot]):
    """A ballot that waited. Whose it is, only an accepted one proves: anybody can send one in anybody's name."""

    voter = serializers.CharField(help_text="the address in whose name it was sent")
    received_at = InstantField()
    verdict = VerdictSerializer()


class WaitingBallotSerializer(serializers.Serializer[WaitingBallot]):
    """A ballot that waits for its wallet, for those who have its bytes."""

    status = serializers.SerializerMethodField(help_text="waiting, accepted, rejected or undecided")
    digest = HexField()
    key = HexField(help_text="SHA-256 of digest and signature: what it is known by here")
    voter = serializers.CharField()
    received_at = InstantField()
    confirm_before = InstantField(source="cycle.closes_at", help_text="the wallet must confirm it before")
    decided_by = InstantField(help_text="the result waits for its verdict until then, at most")
    page = serializers.CharField(source="get_absolute_url", help_text="where people see how it stands")
    progress = WaitingProgressSerializer()
    verdict = serializers.SerializerMethodField(help_text="null while it waits")

    @extend_schema_field({"type": "string", "enum": ["waiting", "accepted", "rejected", "undecided"]})
    def get_status(self, waiting: WaitingBallot) -> str:
        return waiting.verdict.outcome if hasattr(waiting, "verdict") else "waiting"

    @extend_schema_field(VerdictSerializer(allow_null=True))
    def get_verdict(self, waiting: WaitingBallot) -> dict[str, Any] | None:
        return dict(VerdictSerializer(waiting.verdict).data) if hasattr(waiting, "verdict") else None


def waiting_document(waiting: WaitingBallot) -> dict[str, Any]:
    """What a ballot that waits is answered with."""
    rows = WaitingBallot.objects.select_related("cycle__announcement", "progress", "verdict")
    return dict(WaitingBallotSerializer(rows.get(pk=waiting.pk)).data)
