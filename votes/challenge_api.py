"""Reading what was doubted, what the checks answered, and what verifications found."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from journal.reading import BY_NUMBER, HexField, InstantField, listed, page, page_of, reads
from votes.models import Challenge, ChallengeAnswer, Cycle, Verification
from votes.record.verify import Status

STATUSES = [status.value for status in Status]


class FindingSerializer(serializers.Serializer[Any]):
    where = serializers.CharField()
    expected = serializers.CharField()
    found = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What came of one check, as `tpp-verify --json` says it."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    asserts = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUSES)
    faults = serializers.IntegerField()
    findings = FindingSerializer(many=True, help_text="the first few of the faults")
    why = serializers.CharField(allow_blank=True)


class AnswerSerializer(serializers.Serializer[ChallengeAnswer]):
    """What the named check said, by which software, of which record."""

    software = serializers.CharField()
    answered_at = InstantField()
    record = HexField(source="verification.sha256", help_text="SHA-256 of the record that was verified")
    outcome = OutcomeSerializer()


class ChallengeSerializer(serializers.Serializer[Challenge]):
    """Somebody's word that a check fails, and what the check says."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(source="result.version", help_text="of the result")
    check_number = serializers.IntegerField(source="number")
    check_name = serializers.CharField()
    wallet = serializers.CharField(help_text="address")
    opened_at = InstantField()
    other_hash = HexField(
        allow_null=True, help_text="SHA-256 of what another implementation says; null where nothing was sent"
    )
    other = serializers.SerializerMethodField(
        help_text="those words; null where there are none, or none any more"
    )
    answers = AnswerSerializer(
        many=True, help_text="none while the check is being made; more where releases differ"
    )

    def get_other(self, challenge: Challenge) -> str | None:
        return challenge.other.text if hasattr(challenge, "other") else None


class VerificationSerializer(serializers.Serializer[Verification]):
    """What every check found in the record of a version of the result."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(source="result.version", help_text="of the result")
    record = HexField(source="sha256", help_text="SHA-256 of the record, made afresh from what is stored")
    software = serializers.CharField()
    verified_at = InstantField()
    failed = serializers.SerializerMethodField(help_text="names of the checks that failed")
    outcomes = OutcomeSerializer(many=True)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_failed(self, verification: Verification) -> list[str]:
        return [outcome["name"] for outcome in verification.failed]


@reads(page_of("ChallengePage", ChallengeSerializer, rows="challenges"), tag="results", parameters=BY_NUMBER)
def list_challenges(request: Request, number: int) -> Response:
    """Challenges of all versions of a cycle's result, oldest first, with the answers of their checks."""
    rows = Challenge.objects.filter(result__cycle=_cycle(number)).select_related("result", "other")
    return listed(
        "challenges", ChallengeSerializer, page(rows.prefetch_related("answers__verification"), request)
    )


@reads(
    page_of("VerificationPage", VerificationSerializer, rows="verifications"),
    tag="results",
    parameters=BY_NUMBER,
)
def list_verifications(request: Request, number: int) -> Response:
    """What our verifier found when somebody asked, oldest first; the last one of a version says whether it stands."""
    rows = Verification.objects.filter(result__cycle=_cycle(number)).select_related("result")
    return listed("verifications", VerificationSerializer, page(rows, request))


def _cycle(number: int) -> Cycle:
    cycle = Cycle.objects.filter(number=number).first()
    if cycle is None:
        raise Http404
    return cycle
