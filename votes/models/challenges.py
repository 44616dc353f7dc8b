"""What follows a published result until money moves: verifications, challenges, corrections."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from votes.models.cycles import Cycle
from votes.models.results import Result
from votes.record.verify import CHECKS

FAILED = "fail"


class Verification(models.Model):
    """What our verifier found in the record of a version of a result; the newest one says whether it stands.

    A record that this software has verified is not verified again: what was found then is taken over. `outcomes` is
    what `tpp-verify --json` says of each check. `sha256` is the record's, made afresh from the rows.
    """

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="verifications")
    sha256 = models.BinaryField(max_length=32)
    software = models.CharField(max_length=40)
    has_failed = models.BooleanField(help_text="whether any check failed")
    outcomes = models.JSONField()
    seconds = models.FloatField(help_text="how long it took")
    verified_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"verification of {self.result}"

    @property
    def hash_hex(self) -> str:
        return bytes(self.sha256).hex()

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The checks that failed."""
        return [outcome for outcome in self.outcomes if outcome["status"] == FAILED]

    @property
    def passed_count(self) -> int:
        return sum(outcome["status"] == "pass" for outcome in self.outcomes)

    def outcome_of(self, check: str) -> dict[str, Any]:
        """What was found at one check."""
        found: dict[str, Any] = next(outcome for outcome in self.outcomes if outcome["name"] == check)
        return found


class Challenge(models.Model):
    """Somebody's word that a numbered check of a version's record fails; the check itself answers.

    `other_hash`: SHA-256 of what another implementation says of it, kept beside (OtherOutput).
    """

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="challenges")
    check_name = models.CharField(max_length=40)
    wallet = models.CharField(max_length=42)
    other_hash = models.BinaryField(max_length=32, null=True)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["result", "wallet", "check_name"], name="a_wallet_challenges_a_check_once"
            ),
        ]

    def __str__(self) -> str:
        return f"challenge of {self.check_name} in {self.result}"

    def get_absolute_url(self) -> str:
        return reverse("challenge", args=[self.result.cycle.number, self.pk])

    @property
    def number(self) -> int:
        """The number of its check."""
        return CHECKS[self.check_name].number

    @property
    def asserts(self) -> str:
        return CHECKS[self.check_name].asserts


class OtherOutput(models.Model):
    """The words of another implementation, as they were sent; they can be erased, their hash stays."""

    challenge = models.OneToOneField(
        Challenge, on_delete=models.PROTECT, primary_key=True, related_name="other"
    )
    text = models.TextField()

    def __str__(self) -> str:
        return f"other output for {self.challenge}"


class ChallengeAnswer(models.Model):
    """What the named check says; answered anew where a release of the software changes."""

    challenge = models.ForeignKey(Challenge, on_delete=models.PROTECT, related_name="answers")
    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="+")
    software = models.CharField(max_length=40)
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["challenge", "software"], name="a_challenge_is_answered_once_by_each_software"
            )
        ]

    def __str__(self) -> str:
        return f"answer to {self.challenge}"

    @property
    def outcome(self) -> dict[str, Any]:
        """What was found at the check, as `tpp-verify --json` says it."""
        return self.verification.outcome_of(self.challenge.check_name)


class Recomputation(models.Model):
    """Somebody asked to have a result worked out again; `answered` once it was."""

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="recomputations")
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"recomputation of {self.result}"


class RecomputationAnswer(models.Model):
    """What came of working it out again."""

    recomputation = models.OneToOneField(
        Recomputation, on_delete=models.PROTECT, primary_key=True, related_name="answer"
    )
    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"answer to {self.recomputation}"


class Correction(models.Model):
    """Who published a later version of a result, and what it changes: made by machine, as JSON."""

    result = models.OneToOneField(
        Result, on_delete=models.PROTECT, primary_key=True, related_name="correction"
    )
    actor = models.CharField(max_length=42)
    changes = models.JSONField()

    def __str__(self) -> str:
        return f"correction by {self.result}"


def latest_results() -> QuerySet[Result]:
    """The version of each cycle that stands."""
    later = Result.objects.filter(cycle=OuterRef("cycle"), version__gt=OuterRef("version"))
    return Result.objects.filter(~Exists(later))


def fails() -> Exists:
    """Whether the newest verification of a result failed at any check."""
    newest = Verification.objects.filter(result=OuterRef(OuterRef("pk"))).order_by("-pk").values("pk")[:1]
    return Exists(Verification.objects.filter(pk=Subquery(newest), has_failed=True))


def awaits_answer() -> Exists:
    """Whether a challenge of a result has no answer at all yet."""
    return Exists(Challenge.objects.filter(result=OuterRef("pk"), answers__isnull=True))


def results_to_settle(at: datetime) -> QuerySet[Result]:
    """Results by which money is to move at `at`: the window is over, no challenge is open, and no check fails."""
    return latest_results().filter(
        ~fails(),
        ~awaits_answer(),
        cycle__cancellation__isnull=True,
        cycle__settlement__isnull=True,
        cycle__settles_at__lte=at,
        published_at__lte=at - F("cycle__window"),
    )


def results_to_verify(software: str) -> QuerySet[Result]:
    """Results about which somebody asked: a challenge that this software has not answered, or a recomputation.

    A challenge that another release answered is answered anew only while money has not moved.
    """
    answered = ChallengeAnswer.objects.filter(challenge=OuterRef("pk"), software=software)
    unanswered = Challenge.objects.filter(~Exists(answered), result=OuterRef("pk"))
    asked = Recomputation.objects.filter(result=OuterRef("pk"), answer__isnull=True)
    return latest_results().filter(
        Q(Exists(unanswered), cycle__settlement__isnull=True, cycle__cancellation__isnull=True)
        | Q(Exists(asked))
    )


def has_fault(result: Result) -> bool:
    """Whether the newest verification of `result` failed at any check."""
    return Result.objects.filter(fails(), pk=result.pk).exists()


def window_ends(cycle: Cycle, result: Result) -> datetime:
    """Until when a version can be challenged; before that nothing is paid by it."""
    return max(cycle.settles_at, result.published_at + cycle.window)
