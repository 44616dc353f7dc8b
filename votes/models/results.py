"""What follows voting: certificate, results as versions, settlement. Each exists once."""

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from functools import cached_property

from django.db import models
from django.db.models import Q

from chain.fields import BaseUnitsField
from votes.models.cycles import Contest, Cycle, Option
from votes.models.schedules import RULES

OUTCOMES = {
    "split": "Split by its rule",
    "return_to_reserve": "Returned to the reserve",
    "repeat_last_split": "Split as the last time",
    "equal_split": "Split equally above the floors",
    "nothing_given": "Given nothing by the vote over all programmes",
}
PAYS = {"split", "repeat_last_split", "equal_split"}


class Certificate(models.Model):
    """The closing of a cycle: how many ballots, their Merkle root, the rules. No ballot commits after it."""

    cycle = models.OneToOneField(
        Cycle, on_delete=models.PROTECT, primary_key=True, related_name="certificate"
    )
    certified_at = models.DateTimeField()
    ballot_count = models.PositiveIntegerField()
    merkle_root = models.BinaryField(max_length=32)
    rules_hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"certificate of {self.cycle}"

    @property
    def lateness(self) -> timedelta:
        """How long after `closes_at` the cycle was certified; acceptance ended at `closes_at` regardless."""
        return self.certified_at - self.cycle.closes_at


class Result(models.Model):
    """A version of a cycle's result; v1 at closing, a later one only where a named check fails."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="results")
    version = models.PositiveSmallIntegerField()
    published_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    software = models.CharField(max_length=40)
    voters = models.PositiveIntegerField(help_text="whose newest ballot has lines")
    power = BaseUnitsField(help_text="their voting power")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "version"], name="a_version_is_published_once")
        ]
        get_latest_by = "version"

    def __str__(self) -> str:
        return f"result v{self.version} of {self.cycle}"

    @cached_property
    def budgets(self) -> dict[int, int | None]:
        return budgets_of(self.contests.all())


class ContestResult(models.Model):
    """What one rule makes of a contest's ballots; `is_binding` for the rule that the frozen rules name.

    `power` [base units] and `voters` counted, `parameter` an exact fraction such as 3/100. `why`: one sentence where
    the fall-back that the rules name was not possible.
    """

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="contests")
    contest = models.ForeignKey(Contest, on_delete=models.PROTECT, related_name="results")
    rule = models.CharField(max_length=24, choices=RULES)
    is_binding = models.BooleanField()
    outcome = models.CharField(max_length=24, choices=OUTCOMES)
    voters = models.PositiveIntegerField()
    power = BaseUnitsField()
    parameter = models.TextField(null=True)  # noqa: DJ001 (null: the rule has none)
    why = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["result", "contest", "rule"], name="a_rule_is_applied_once"),
            models.UniqueConstraint(
                fields=["result", "contest"], condition=Q(is_binding=True), name="one_rule_binds_a_contest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contest} by {self.rule}"

    @property
    def pays(self) -> bool:
        """Whether the budget is split at all, by the vote or by a fall-back."""
        return self.outcome in PAYS


class OptionResult(models.Model):
    """One option's exact share, as a fraction such as 7/10, and its amount [base units]."""

    contest_result = models.ForeignKey(ContestResult, on_delete=models.PROTECT, related_name="options")
    option = models.ForeignKey(Option, on_delete=models.PROTECT, related_name="+")
    share = models.TextField()
    amount = BaseUnitsField()

    class Meta:
        ordering = ["option__number"]
        constraints = [
            models.UniqueConstraint(fields=["contest_result", "option"], name="an_option_has_one_share"),
            models.CheckConstraint(name="an_award_is_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.option}: {self.share}"

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.share)

    @property
    def residual(self) -> Fraction:
        """Its share of what remains after the floors; nothing where the budget is not split."""
        if not self.contest_result.pays:
            return Fraction(0)
        return (self.fraction * 10_000 - self.option.floor) / self.contest_result.contest.residual


def budgets_of(rows: Iterable[ContestResult]) -> dict[int, int | None]:
    """What each contest of a result splits [base units], by its id: its own budget, or what "*" gave its programme."""
    binding = [row for row in rows if row.is_binding]
    given = {
        option.option.key: option.amount
        for row in binding
        if row.contest.is_over_programmes
        for option in row.options.all()
    }
    return {
        row.contest_id: given.get(row.contest.key) if row.contest.budget is None else row.contest.budget
        for row in binding
    }


class Settlement(models.Model):
    """The moment at which a cycle's money moved, once, by the last result."""

    cycle = models.OneToOneField(Cycle, on_delete=models.PROTECT, primary_key=True, related_name="settlement")
    result = models.OneToOneField(Result, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"settlement of {self.cycle}"
