"""Who sponsors a proposed programme, and how it was admitted."""

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import Wallet
from chain.fields import BaseUnitsField
from programmes.models.programmes import Programme

WAYS = {"founded": "Founded with the community", "queue": "Admitted from the queue, by rule"}


class SponsorshipQuerySet(models.QuerySet["Sponsorship"]):
    def standing(self) -> "SponsorshipQuerySet":
        """Each wallet's last word on a programme, where that is to sponsor it."""
        later = Sponsorship.objects.filter(
            wallet=OuterRef("wallet"), programme=OuterRef("programme"), sequence__gt=OuterRef("sequence")
        )
        return self.filter(~Exists(later), sponsors=True)


class Sponsorship(models.Model):
    """A delegate's word that a programme should be admitted, or no longer. Appended; the last one counts."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="sponsorships")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    sequence = models.PositiveIntegerField(help_text="1 for the wallet's first word on the programme")
    sponsors = models.BooleanField()
    revision = models.PositiveIntegerField(help_text="the statement's revision that was read")
    said_at = models.DateTimeField()

    objects: ClassVar[SponsorshipQuerySet] = SponsorshipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["said_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "programme", "sequence"], name="sponsors_speak_one_after_the_other"
            ),
            models.CheckConstraint(
                name="the_first_word_is_to_sponsor",
                condition=Q(sequence__gt=1) | Q(sequence=1, sponsors=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet} {'sponsors' if self.sponsors else 'left'} {self.programme}"


class Admission(models.Model):
    """That a programme may be put to the vote, by which rule and since when. Appended, once a programme.

    `power` [base units] of its sponsors and `seconds` of a delegate's time as they were counted.
    """

    programme = models.OneToOneField(
        Programme, on_delete=models.PROTECT, primary_key=True, related_name="admission"
    )
    admitted_at = models.DateTimeField()
    rule = models.CharField(max_length=8, choices=WAYS)
    power = BaseUnitsField(default=0)
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="an_admission_has_a_rule", condition=Q(rule__in=list(WAYS)))
        ]

    def __str__(self) -> str:
        return f"{self.programme} admitted"
