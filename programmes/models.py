"""The meta programme, its Token Programmes, their typologies and facilitators."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Wallet
from chain.fields import BaseUnitsField
from deliberation.models import Thread
from ledger.models import Account, Token
from power.models import Register

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
    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="+")
    made_by_demo = models.BooleanField(
        default=False, help_text="set by the demo's seeder and by nothing else"
    )
    only = models.BooleanField(default=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["only"], name="there_is_one_meta_programme"),
            models.CheckConstraint(name="the_one_meta_programme_says_so", condition=Q(only=True)),
        ]

    def __str__(self) -> str:
        return self.name


class Programme(models.Model):
    """A Token Programme (TPP). `budget` [base units] is what it is given in each cycle."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80, unique=True)
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

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="a_programme_slug_is_canonical", condition=Q(slug__regex=SLUG)),
            models.CheckConstraint(name="a_programme_budget_is_not_negative", condition=Q(budget__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("programme", args=[self.slug])


class Typology(models.Model):
    """A category of building within a programme. `floor` and `cap` [basis points of the budget]."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="typologies")
    slug = models.SlugField(max_length=64)
    name = models.CharField(max_length=80)
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
            models.CheckConstraint(name="a_typology_slug_is_canonical", condition=Q(slug__regex=SLUG)),
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
