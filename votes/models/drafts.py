"""Drafts: what a signed-in delegate has typed and not signed. Private to its author, and gone after the vote."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Wallet
from votes.models.ballots import Ballot
from votes.models.cycles import Cycle


class DraftQuerySet(models.QuerySet["Draft"]):
    def of(self, wallet: Wallet) -> "DraftQuerySet":
        """Those of one author: nobody else's are ever read."""
        return self.filter(wallet=wallet)

    def not_sent(self, at: datetime) -> "DraftQuerySet":
        """Drafts of cycles open at `at` that their authors changed after their newest ballot, or never signed."""
        signed = Ballot.objects.filter(
            cycle=OuterRef("cycle"), voter=OuterRef("wallet_id"), received_at__gte=OuterRef("saved_at")
        )
        return self.filter(
            ~Exists(signed),
            content__isnull=False,
            cycle__announcement__isnull=False,
            cycle__cancellation__isnull=True,
            cycle__opens_at__lte=at,
            cycle__closes_at__gt=at,
        )


class Draft(models.Model):
    """One author's draft for one cycle; there from the opening of the ballot on, with `content` while there is any.

    `version` counts every change and never starts again, so that a device that was away cannot take an old state for
    the newest. Rows are deleted some days after the vote, when only counts of them are left.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="+")
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="+")
    opened_at = models.DateTimeField(help_text="when its author first opened the ballot, signed in")
    version = models.PositiveIntegerField(default=0)
    content = models.JSONField(null=True, help_text="null: nothing was typed, or it was forgotten")
    first_saved_at = models.DateTimeField(null=True)
    saved_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Draft"]] = DraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "wallet"], name="one_draft_per_wallet_and_cycle"),
            models.CheckConstraint(
                name="a_draft_that_was_saved_says_when",
                condition=Q(
                    version=0, content__isnull=True, first_saved_at__isnull=True, saved_at__isnull=True
                )
                | Q(version__gt=0, first_saved_at__isnull=False, saved_at__gte=F("first_saved_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"draft of {self.wallet} for {self.cycle}"


class Drafting(models.Model):
    """What is kept of a cycle's drafts: counts of delegates, and the median from opening the ballot to signing.

    `median_seconds` is null where fewer than five delegates were timed: it would tell one person's habits.
    """

    cycle = models.OneToOneField(Cycle, on_delete=models.PROTECT, primary_key=True, related_name="drafting")
    started = models.PositiveIntegerField(help_text="opened the ballot while signed in")
    drafted = models.PositiveIntegerField(help_text="saved a draft")
    timed = models.PositiveIntegerField(help_text="signed after opening it")
    median_seconds = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="who_drafted_had_started",
                condition=Q(drafted__lte=F("started"), timed__lte=F("started")),
            ),
            models.CheckConstraint(
                name="a_median_is_of_five_or_more", condition=Q(median_seconds__isnull=True) | Q(timed__gte=5)
            ),
        ]

    def __str__(self) -> str:
        return f"drafting in {self.cycle}"
