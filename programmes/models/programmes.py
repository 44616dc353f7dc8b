"""The meta programme, its Token Programmes, their typologies and facilitators."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Wallet
from chain.fields import BaseUnitsField
from deliberation.models import Thread
from ledger.models import Account, Token
from power.models import Register
from programmes.names import RESERVED

SLUG = r"^[a-z0-9][a-z0-9-]*$"


class MetaProgramme(models.Model):
    """The one community of this deployment: its token, who decides, and the money's source.

    `source` is an account whose floor is minus the cap that the community gave.
    """

    name = models.CharField(max_length=80)
    description = models.TextField()
    token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="+")
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    source = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    budget_per_cycle = BaseUnitsField()
    workload_ceiling = models.PositiveSmallIntegerField(
        default=60, help_text="minutes that a cycle may ask of a delegate"
    )
    largest_share = models.PositiveSmallIntegerField(
        default=5_000, help_text="basis points of the budget per cycle that one programme may ask"
    )
    longest_statement = models.PositiveIntegerField(
        default=3_000, help_text="words of a programme's statement"
    )
    sponsor_threshold = BaseUnitsField(
        default=1, help_text="base units of sponsors' power below which a programme does not queue"
    )
    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="+")
    made_by_demo = models.BooleanField(
        default=False, help_text="set by the demo's seeder and by nothing else"
    )
    only = models.BooleanField(default=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["only"], name="there_is_one_meta_programme"),
            models.CheckConstraint(name="the_one_meta_programme_says_so", condition=Q(only=True)),
            models.CheckConstraint(
                name="largest_share_is_a_share", condition=Q(largest_share__gt=0, largest_share__lte=10_000)
            ),
            models.CheckConstraint(name="somebody_must_sponsor", condition=Q(sponsor_threshold__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name


class ProgrammeQuerySet(models.QuerySet["Programme"]):
    def admitted(self, at: datetime) -> "ProgrammeQuerySet":
        """Programmes that may be put to the vote: admitted by `at`."""
        return self.filter(admission__admitted_at__lte=at)

    def proposed(self, at: datetime) -> "ProgrammeQuerySet":
        """Programmes that somebody proposed and that are not admitted by `at`."""
        return self.exclude(admission__admitted_at__lte=at)


class Programme(models.Model):
    """A Token Programme (TPP). `budget` [base units] is what it is given in each cycle.

    Proposed until its Admission. `name_key` is what its name looks like: no two look alike.
    """

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80, unique=True)
    name_key = models.CharField(max_length=640, unique=True, editable=False)
    proposer = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, related_name="+", help_text="none where it was founded"
    )
    summary = models.CharField(max_length=240)
    impact = models.TextField()
    mechanic = models.TextField()
    plan = models.TextField()
    accountability = models.TextField(blank=True)
    conflicts = models.TextField(blank=True)
    budget = BaseUnitsField()
    position = models.PositiveSmallIntegerField(default=0)
    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager["Programme"]] = ProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="a_programme_slug_is_canonical", condition=Q(slug__regex=SLUG)),
            models.CheckConstraint(
                name="a_programme_slug_is_not_reserved", condition=~Q(slug__in=sorted(RESERVED))
            ),
            models.CheckConstraint(name="no_programme_lacks_a_name_key", condition=~Q(name_key="")),
            models.CheckConstraint(name="a_programme_budget_is_not_negative", condition=Q(budget__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("programme", args=[self.slug])

    def is_admitted(self, at: datetime) -> bool:
        """Whether it may be put to the vote."""
        return hasattr(self, "admission") and self.admission.admitted_at <= at

    def editors(self, at: datetime) -> set[str]:
        """The addresses that may edit it: its proposer while it is proposed, its facilitators during their term."""
        serving = {
            facilitator.wallet_id
            for facilitator in self.facilitators.all()
            if facilitator.starts_at <= at < facilitator.ends_at
        }
        return serving if self.proposer_id is None or self.is_admitted(at) else serving | {self.proposer_id}

    def may_be_edited_by(self, wallet: Wallet, at: datetime) -> bool:
        return wallet.pk in self.editors(at)


class Typology(models.Model):
    """A category of building within a programme. `floor` and `cap` [basis points of the budget]."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="typologies")
    slug = models.SlugField(max_length=64)
    name = models.CharField(max_length=80)
    name_key = models.CharField(max_length=640, editable=False)
    summary = models.CharField(max_length=240)
    description = models.TextField(blank=True)
    floor = models.PositiveSmallIntegerField(default=0)
    cap = models.PositiveSmallIntegerField(default=10_000)
    colour = models.PositiveSmallIntegerField(help_text="its place in the palette, the same on every page")
    position = models.PositiveSmallIntegerField(default=0)
    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "slug"], name="a_typology_slug_is_used_once"),
            models.UniqueConstraint(fields=["programme", "name"], name="a_typology_name_is_used_once"),
            models.UniqueConstraint(fields=["programme", "name_key"], name="typology_names_look_different"),
            models.CheckConstraint(name="a_typology_slug_is_canonical", condition=Q(slug__regex=SLUG)),
            models.CheckConstraint(
                name="a_typology_slug_is_not_reserved", condition=~Q(slug__in=sorted(RESERVED))
            ),
            models.CheckConstraint(name="no_typology_lacks_a_name_key", condition=~Q(name_key="")),
            models.CheckConstraint(
                name="floor_not_above_cap", condition=Q(floor__lte=F("cap"), cap__lte=10_000)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("typology", args=[self.programme.slug, self.slug])


class Goal(models.Model):
    """What a programme wants to reach, how it is measured and how much is enough."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="goals")
    goal = models.CharField(max_length=200)
    metric = models.CharField(max_length=200)
    target = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.goal


class Facilitator(models.Model):
    """Somebody paid to make a programme work, for a term, by a rule, with no power over any vote."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="facilitators")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    pay_rule = models.TextField()
    interest = models.TextField(help_text="what else they stand to gain")

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "wallet", "starts_at"], name="a_facilitator_serves_a_term_once"
            ),
            models.CheckConstraint(
                name="a_term_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.wallet)
