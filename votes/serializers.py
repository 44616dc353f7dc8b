"""What the read API shows: amounts and power as decimal strings [base units], instants as ISO 8601 UTC."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from journal.reading import HexField, InstantField
from votes.models import Ballot, Cancellation, Certificate, Contest, ContestResult, Cycle, Record, Result
from votes.record.lines import KINDS

PHASES = ["planned", "announced", "open", "counting", "challenge", "settled", "cancelled"]


class OptionSerializer(serializers.Serializer[Any]):
    typology = serializers.CharField(source="key")
    name = serializers.CharField()
    floor = serializers.IntegerField(help_text="basis points of the budget")
    cap = serializers.IntegerField(help_text="basis points of the budget")
    largest_line = serializers.IntegerField(
        help_text="the most that a line may give it: basis points of what remains after the floors"
    )


class ContestSerializer(serializers.Serializer[Contest]):
    programme = serializers.CharField(source="key")
    name = serializers.CharField()
    budget = serializers.CharField(
        allow_null=True, help_text="base units; null: what the contest over all programmes gives it"
    )
    rule = serializers.CharField()
    quorum_power = serializers.IntegerField(help_text="basis points of all frozen power")
    quorum_voters = serializers.IntegerField()
    fallback = serializers.CharField(help_text="what happens below the quorum")
    residual = serializers.IntegerField(
        help_text="basis points of the budget that remain after the floors: what ballots split"
    )
    options = OptionSerializer(many=True)


class CycleSerializer(serializers.Serializer[Cycle]):
    """One vote: what it is now, and when what happens."""

    number = serializers.IntegerField()
    origin = serializers.CharField()
    phase = serializers.ChoiceField(choices=PHASES)
    announced_at = InstantField()
    snapshot_at = InstantField()
    opens_at = InstantField()
    closes_at = InstantField()
    settles_at = InstantField()


class CancellationSerializer(serializers.Serializer[Cancellation]):
    """That a cycle will not happen, and why."""

    cancelled_at = InstantField()
    reason = serializers.CharField()
    actor = serializers.CharField(help_text="address; blank where a rule decided")


class CertificateSerializer(serializers.Serializer[Certificate]):
    """The closing of a cycle: no ballot is added after it."""

    certified_at = InstantField()
    ballot_count = serializers.IntegerField(help_text="replaced ones included")
    merkle_root = HexField(help_text="root of the Merkle tree of all ballots, as RFC 6962 builds it")
    rules_hash = HexField(help_text="SHA-256 of rules.json")


class RecordSerializer(serializers.Serializer[Record]):
    """A file of everything that the result depends on, fixed once made."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    sha256 = serializers.CharField(source="hash_hex", help_text="of the file, in hex")
    size = serializers.IntegerField(help_text="bytes")
    lines = serializers.IntegerField()
    built_at = InstantField()
    address = serializers.SerializerMethodField(help_text="path of the file on this site")

    def get_address(self, record: Record) -> str:
        return reverse("record_file", args=[record.cycle.number, record.kind])


class CycleDetailSerializer(CycleSerializer):
    """One vote with its contests."""

    title = serializers.CharField()
    rules_hash = serializers.SerializerMethodField(help_text="SHA-256 of rules.json; null until announced")
    snapshot = serializers.SerializerMethodField(help_text="its frozen voting power; null until frozen")
    account = serializers.IntegerField(
        source="account_id", allow_null=True, help_text="its ledger account; null for an import"
    )
    thread = serializers.IntegerField(source="thread_id")
    live_results = serializers.SerializerMethodField(
        help_text="false: ballots are sealed until the certificate; null until announced"
    )
    cancellation = serializers.SerializerMethodField(help_text="null unless it is cancelled")
    contests = ContestSerializer(many=True)
    records = RecordSerializer(many=True, help_text="none before there is a result")

    def get_live_results(self, cycle: Cycle) -> bool | None:
        return cycle.announcement.rules.live_results if hasattr(cycle, "announcement") else None

    def get_snapshot(self, cycle: Cycle) -> int | None:
        return cycle.power.snapshot_id if hasattr(cycle, "power") else None

    @extend_schema_field(CancellationSerializer(allow_null=True))
    def get_cancellation(self, cycle: Cycle) -> dict[str, Any] | None:
        cancelled = hasattr(cycle, "cancellation")
        return dict(CancellationSerializer(cycle.cancellation).data) if cancelled else None

    def get_rules_hash(self, cycle: Cycle) -> str | None:
        announced = hasattr(cycle, "announcement")
        return "0x" + bytes(cycle.announcement.rules_hash).hex() if announced else None


class LineSerializer(serializers.Serializer[Any]):
    """One line of a ballot."""

    programme = serializers.CharField()
    typology = serializers.CharField()
    basisPoints = serializers.IntegerField(
        min_value=0, max_value=10_000, help_text="share of what remains after the floors"
    )


class SealedBallotSerializer(serializers.Serializer[Ballot]):
    """All that is public of a sealed ballot until its cycle is certified."""

    commitment = HexField(source="blind.commitment", help_text="SHA-256 of blind and digest, 32 bytes each")
    received_at = InstantField()
    position = serializers.SerializerMethodField(
        help_text="its leaf in the Merkle tree; null until a tree head gives it"
    )

    def get_position(self, ballot: Ballot) -> int | None:
        return _position(ballot)


def _position(ballot: Ballot) -> int | None:
    return ballot.place.position if hasattr(ballot, "place") else None


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
    commitment = serializers.SerializerMethodField(
        help_text="what stood for it, and stands in the tree, where the cycle was sealed; else null"
    )
    blind = serializers.SerializerMethodField(help_text="what hid it where the cycle was sealed; else null")
    replaces = serializers.SerializerMethodField()
    replaced_by = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField(help_text="null where the words were erased")
    lines = serializers.SerializerMethodField()

    def get_signature(self, ballot: Ballot) -> str | None:
        return None if ballot.signature is None else "0x" + bytes(ballot.signature).hex()

    def get_position(self, ballot: Ballot) -> int | None:
        return _position(ballot)

    def get_commitment(self, ballot: Ballot) -> str | None:
        return "0x" + bytes(ballot.blind.commitment).hex() if hasattr(ballot, "blind") else None

    def get_blind(self, ballot: Ballot) -> str | None:
        return "0x" + bytes(ballot.blind.value).hex() if hasattr(ballot, "blind") else None

    def get_replaces(self, ballot: Ballot) -> str | None:
        return ballot.replaces.digest_hex if ballot.replaces else None

    def get_replaced_by(self, ballot: Ballot) -> str | None:
        return ballot.replaced_by.digest_hex if hasattr(ballot, "replaced_by") else None

    def get_reason(self, ballot: Ballot) -> str | None:
        return ballot.reason_words

    @extend_schema_field(LineSerializer(many=True))
    def get_lines(self, ballot: Ballot) -> list[dict[str, Any]]:
        options = self.context["options"]
        return [
            {"programme": option.contest.key, "typology": option.key, "basisPoints": share}
            for option, share in ((options[n], s) for n, s in zip(ballot.options, ballot.shares, strict=True))
        ]


class OptionResultSerializer(serializers.Serializer[Any]):
    typology = serializers.CharField(source="option.key")
    share = serializers.CharField(help_text="exact fraction of the budget, such as 7/10")
    residual_share = serializers.CharField(
        source="residual", help_text="exact fraction of what remains after the floors"
    )
    amount = serializers.CharField(help_text="base units")


class ContestResultSerializer(serializers.Serializer[ContestResult]):
    programme = serializers.CharField(source="contest.key")
    rule = serializers.CharField()
    is_binding = serializers.BooleanField()
    outcome = serializers.CharField()
    why = serializers.CharField(
        allow_blank=True, help_text="why the fall-back that the rules name was not possible; else empty"
    )
    budget = serializers.SerializerMethodField(help_text="what was to be split, base units")
    voters = serializers.IntegerField()
    power = serializers.CharField()
    parameter = serializers.CharField(allow_null=True)
    options = OptionResultSerializer(many=True)

    def get_budget(self, row: ContestResult) -> str | None:
        budget = row.result.budgets[row.contest_id]
        return None if budget is None else str(budget)


class FactSerializer(serializers.Serializer[Any]):
    fact = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class MovedSerializer(serializers.Serializer[Any]):
    option = serializers.CharField()
    name = serializers.CharField()
    share = serializers.ListField(
        child=serializers.CharField(), help_text="before and after, exact fractions"
    )
    amount = serializers.ListField(child=serializers.CharField(), help_text="before and after, base units")
    moved_share = serializers.CharField(help_text="exact fraction of the budget")
    moved_amount = serializers.CharField(help_text="base units")


class ChangeSerializer(serializers.Serializer[Any]):
    """What a version says otherwise of one contest by one rule; of the whole cycle where both are null."""

    contest = serializers.CharField(allow_null=True)
    name = serializers.CharField(required=False)
    rule = serializers.CharField(allow_null=True)
    binding = serializers.BooleanField()
    facts = FactSerializer(many=True)
    options = MovedSerializer(many=True)


class CorrectionSerializer(serializers.Serializer[Any]):
    """Who published a later version, and what it changes, made by machine."""

    actor = serializers.CharField(help_text="address")
    changes = ChangeSerializer(many=True)


class ResultSerializer(serializers.Serializer[Result]):
    version = serializers.IntegerField()
    published_at = InstantField()
    reason = serializers.CharField(
        allow_blank=True, help_text="why there is a later version; blank for the first"
    )
    correction = serializers.SerializerMethodField(help_text="null for the first version")
    software = serializers.CharField()
    voters = serializers.IntegerField()
    power = serializers.CharField()
    contests = ContestResultSerializer(many=True)

    @extend_schema_field(CorrectionSerializer(allow_null=True))
    def get_correction(self, result: Result) -> dict[str, Any] | None:
        corrects = hasattr(result, "correction")
        return dict(CorrectionSerializer(result.correction).data) if corrects else None


class ReceiptContentSerializer(serializers.Serializer[Any]):
    """What the operator signed: that this ballot was in at this instant."""

    cycle = serializers.CharField()
    digest = serializers.CharField(help_text="EIP-712 digest of the ballot")
    received_at = serializers.CharField(help_text="instant by the database's clock")
    rules = serializers.CharField(help_text="SHA-256 of rules.json")
    status = serializers.CharField()
    commitment = serializers.CharField(
        required=False, help_text="in a sealed cycle: SHA-256 of blind and digest; it stands in the tree"
    )
    version = serializers.IntegerField()


class ReceiptSerializer(serializers.Serializer[Any]):
    """The receipt of a ballot, the same bytes whenever it is asked for."""

    digest = serializers.CharField(help_text="EIP-712 digest of the ballot")
    replaces = serializers.CharField(allow_null=True, help_text="digest of the ballot that it replaces")
    receipt = ReceiptContentSerializer()
    signature = serializers.CharField(help_text="Ed25519, over the receipt in canonical form")
    receipt_key = serializers.CharField(help_text="Ed25519 public key, as in rules.json")
    blind = serializers.CharField(
        required=False, help_text="in a sealed cycle: 32 bytes that show whose the commitment is; keep them"
    )


class BallotDetailSerializer(BallotSerializer):
    """A ballot with its receipt, which an unsigned import has not."""

    receipted = ReceiptSerializer(required=False)


class NewestBallotSerializer(serializers.Serializer[Any]):
    """A voter's newest ballot."""

    digest = serializers.CharField()
    nonce = serializers.IntegerField()


class VoterSerializer(serializers.Serializer[Any]):
    """One address in a cycle."""

    voter = serializers.CharField(help_text="address")
    power = serializers.CharField(allow_null=True, help_text="base units; null until power is frozen")
    newest = NewestBallotSerializer(
        allow_null=True, help_text="null also for everybody while the cycle is sealed"
    )
