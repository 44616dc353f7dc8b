"""What the read API shows: amounts and power as decimal strings [base units], instants as ISO 8601 UTC."""

from typing import Any

from rest_framework import serializers

from votes.actions.ballots import Receipted
from votes.models import Ballot, Contest, ContestResult, Cycle, Result
from votes.record.instants import iso


class InstantField(serializers.Field[Any, Any, str, Any]):
    """An instant: UTC, microseconds, `Z`."""

    def to_representation(self, value: Any) -> str:
        return iso(value)


class HexField(serializers.Field[Any, Any, str, Any]):
    """Bytes: `0x` and lower-case hex digits."""

    def to_representation(self, value: Any) -> str:
        return "0x" + bytes(value).hex()


class OptionSerializer(serializers.Serializer[Any]):
    typology = serializers.CharField(source="key")
    name = serializers.CharField()
    floor = serializers.IntegerField(help_text="basis points of the budget")
    cap = serializers.IntegerField(help_text="basis points of the budget")


class ContestSerializer(serializers.Serializer[Contest]):
    programme = serializers.CharField(source="key")
    name = serializers.CharField()
    budget = serializers.CharField()
    rule = serializers.CharField()
    options = OptionSerializer(many=True)


class CycleSerializer(serializers.Serializer[Cycle]):
    number = serializers.IntegerField()
    origin = serializers.CharField()
    phase = serializers.CharField()
    announced_at = InstantField()
    snapshot_at = InstantField()
    opens_at = InstantField()
    closes_at = InstantField()
    settles_at = InstantField()


class CycleDetailSerializer(CycleSerializer):
    rules_hash = serializers.SerializerMethodField(help_text="SHA-256 of rules.json; null until announced")
    contests = ContestSerializer(many=True)

    def get_rules_hash(self, cycle: Cycle) -> str | None:
        announced = hasattr(cycle, "announcement")
        return "0x" + bytes(cycle.announcement.rules_hash).hex() if announced else None


class BallotSerializer(serializers.Serializer[Ballot]):
    """A ballot as it was signed. `replaced_by`: the digest of the voter's next one, or null."""

    digest = HexField()
    voter = serializers.CharField()
    nonce = serializers.IntegerField()
    received_at = InstantField()
    signature = serializers.SerializerMethodField(help_text="null in an unsigned import")
    position = serializers.SerializerMethodField(
        help_text="its leaf in the Merkle tree; null until certified"
    )
    replaces = serializers.SerializerMethodField()
    replaced_by = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField(help_text="null where the words were erased")
    lines = serializers.SerializerMethodField()

    def get_signature(self, ballot: Ballot) -> str | None:
        return None if ballot.signature is None else "0x" + bytes(ballot.signature).hex()

    def get_position(self, ballot: Ballot) -> int | None:
        return ballot.place.position if hasattr(ballot, "place") else None

    def get_replaces(self, ballot: Ballot) -> str | None:
        return ballot.replaces.digest_hex if ballot.replaces else None

    def get_replaced_by(self, ballot: Ballot) -> str | None:
        return ballot.replaced_by.digest_hex if hasattr(ballot, "replaced_by") else None

    def get_reason(self, ballot: Ballot) -> str | None:
        return ballot.reason_words

    def get_lines(self, ballot: Ballot) -> list[dict[str, Any]]:
        options = self.context["options"]
        return [
            {"programme": option.contest.key, "typology": option.key, "basisPoints": share}
            for option, share in ((options[n], s) for n, s in zip(ballot.options, ballot.shares, strict=True))
        ]


class OptionResultSerializer(serializers.Serializer[Any]):
    typology = serializers.CharField(source="option.key")
    share = serializers.CharField(help_text="exact fraction of the budget, such as 7/10")
    amount = serializers.CharField(help_text="base units")


class ContestResultSerializer(serializers.Serializer[ContestResult]):
    programme = serializers.CharField(source="contest.key")
    rule = serializers.CharField()
    is_binding = serializers.BooleanField()
    outcome = serializers.CharField()
    voters = serializers.IntegerField()
    power = serializers.CharField()
    parameter = serializers.CharField(allow_null=True)
    options = OptionResultSerializer(many=True)


class ResultSerializer(serializers.Serializer[Result]):
    version = serializers.IntegerField()
    published_at = InstantField()
    software = serializers.CharField()
    voters = serializers.IntegerField()
    power = serializers.CharField()
    contests = ContestResultSerializer(many=True)


def receipt_document(receipted: Receipted, receipt_key: bytes) -> dict[str, Any]:
    """What an accepted ballot is answered with, and its receipt page offers as a file."""
    ballot = receipted.ballot
    return {
        "digest": ballot.digest_hex,
        "replaces": ballot.replaces.digest_hex if ballot.replaces else None,
        "receipt": receipted.receipt.content(),
        "signature": "0x" + receipted.signature.hex(),
        "receipt_key": "0x" + receipt_key.hex(),
    }
