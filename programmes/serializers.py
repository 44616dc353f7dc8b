"""What the read API shows of the community, its programmes and their typologies."""

from rest_framework import serializers

from journal.reading import BaseUnitsField, HexField, InstantField
from programmes.models import (
    Application,
    Facilitator,
    Goal,
    MetaProgramme,
    Milestone,
    Programme,
    ProgrammeRevision,
    Sponsorship,
    Typology,
)


class CommunitySerializer(serializers.Serializer[MetaProgramme]):
    """The one community of this deployment."""

    name = serializers.CharField()
    description = serializers.CharField()
    chain_id = serializers.IntegerField(source="token.chain_id")
    token = serializers.CharField(source="token.address")
    symbol = serializers.CharField(source="token.symbol")
    decimals = serializers.IntegerField(
        source="token.decimals", help_text="one token is 10^decimals base units"
    )
    budget_per_cycle = BaseUnitsField(help_text="base units")
    register = serializers.IntegerField(source="register_id", help_text="who may decide")
    source = serializers.IntegerField(  # type: ignore[assignment]
        source="source_id", help_text="ledger account that the money comes from"
    )
    thread = serializers.IntegerField(source="thread_id")


class TypologySerializer(serializers.Serializer[Typology]):
    """A category of building within a programme."""

    programme = serializers.CharField(source="programme.slug")
    slug = serializers.CharField(help_text="how ballots name it")
    name = serializers.CharField()
    summary = serializers.CharField()
    description = serializers.CharField()
    floor = serializers.IntegerField(help_text="least share of the programme's budget [basis points]")
    cap = serializers.IntegerField(help_text="largest share of the programme's budget [basis points]")
    account = serializers.IntegerField(source="account_id", help_text="its ledger account")
    thread = serializers.IntegerField(source="thread_id")


class GoalSerializer(serializers.Serializer[Goal]):
    """What a programme wants to reach, how it is measured and how much is enough."""

    goal = serializers.CharField()
    metric = serializers.CharField()
    target = serializers.CharField()


class FacilitatorSerializer(serializers.Serializer[Facilitator]):
    """Somebody paid to make a programme work, for a term, with no power over any vote."""

    address = serializers.CharField(source="wallet_id")
    name = serializers.CharField(source="wallet.name", help_text="blank where there is none")
    starts_at = InstantField()
    ends_at = InstantField()
    pay_rule = serializers.CharField()
    interest = serializers.CharField(help_text="what else they stand to gain")


class ProgrammeSerializer(serializers.Serializer[Programme]):
    """A Token Programme."""

    id = serializers.IntegerField()
    slug = serializers.CharField(help_text="how ballots name it")
    name = serializers.CharField()
    summary = serializers.CharField()
    position = serializers.IntegerField(help_text="its place among the programmes")
    budget = BaseUnitsField(help_text="what it is given in each cycle [base units]")
    account = serializers.IntegerField(source="account_id", help_text="its ledger account")
    thread = serializers.IntegerField(source="thread_id")
    admitted_at = serializers.SerializerMethodField(help_text="null while it is proposed")

    def get_admitted_at(self, programme: Programme) -> str | None:
        admitted = hasattr(programme, "admission")
        return InstantField().to_representation(programme.admission.admitted_at) if admitted else None


class ProgrammeDetailSerializer(ProgrammeSerializer):
    """A Token Programme with its statement and all that belongs to it."""

    impact = serializers.CharField()
    mechanic = serializers.CharField()
    plan = serializers.CharField()
    accountability = serializers.CharField()
    conflicts = serializers.CharField()
    goals = GoalSerializer(many=True)
    facilitators = FacilitatorSerializer(many=True)
    typologies = TypologySerializer(many=True)


class RevisionSerializer(serializers.Serializer[ProgrammeRevision]):
    """One state of a programme's statement; it is never edited."""

    id = serializers.IntegerField()
    programme = serializers.CharField(source="programme.slug")
    number = serializers.IntegerField(help_text="1 is the programme's first")
    editor = serializers.CharField(
        source="editor_id", allow_null=True, help_text="address; null where it was found at the first edit"
    )
    edited_at = InstantField()
    words_sha256 = HexField(help_text="of `document` in UTF-8")
    document = serializers.CharField(
        allow_null=True, help_text="statement, goals, typologies and reason as JSON text; null where erased"
    )


class SponsorshipSerializer(serializers.Serializer[Sponsorship]):
    """A delegate's word on a proposed programme; of each wallet and programme the last one counts."""

    id = serializers.IntegerField()
    programme = serializers.CharField(source="programme.slug")
    sponsor = serializers.CharField(source="wallet_id", help_text="address")
    sponsors = serializers.BooleanField(help_text="false: no longer")
    revision = serializers.IntegerField(help_text="number of the revision that was read")
    said_at = InstantField()


class MilestoneSerializer(serializers.Serializer[Milestone]):
    """One step of an application; its words stand in the application's document."""

    number = serializers.IntegerField()
    due_on = serializers.DateField()
    amount = BaseUnitsField(help_text="base units")


class ApplicationSerializer(serializers.Serializer[Application]):
    """What somebody wants to build; it is never edited."""

    id = serializers.IntegerField()
    programme = serializers.CharField(source="typology.programme.slug")
    typology = serializers.CharField(source="typology.slug")
    applicant = serializers.CharField(source="applicant_id", help_text="address")
    payee = serializers.CharField(help_text="address that is paid")
    amount = BaseUnitsField(help_text="base units")
    sent_at = InstantField()
    thread = serializers.IntegerField(source="thread_id")
    words_sha256 = HexField(help_text="of `document` in UTF-8")
    document = serializers.SerializerMethodField(
        help_text="title, who, what, links, conflicts and the milestones' words as JSON text; null where erased"
    )
    milestones = MilestoneSerializer(many=True)

    def get_document(self, application: Application) -> str | None:
        return application.words.document if hasattr(application, "words") else None
