"""A cycle, its frozen rules and its contests; the one definition of its phases."""

from datetime import datetime
from functools import cached_property, lru_cache
from typing import ClassVar

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Case, CharField, Exists, F, Func, OuterRef, Q, Value, When
from django.urls import reverse

from chain.fields import BaseUnitsField
from deliberation.models import Thread
from ledger.models import Account
from power.models import Snapshot
from programmes.models import Programme, Typology
from votes.models.schedules import FALLBACKS, RULES, Schedule
from votes.record.rules import META, Instants, Rules
from votes.tally import Bounds, largest_lines

ORIGINS = {"live": "Live", "demo": "Demo", "imported": "Unsigned import"}


class TimestampRange(Func):
    function = "TSTZRANGE"


class CycleQuerySet(models.QuerySet["Cycle"]):
    def at(self, at: datetime) -> "CycleQuerySet":
        """Cycles with their `phase` at `at`: the only definition of a phase.

        A function of the instants and of rows that exist, never a stored status; every interval is half-open.
        """
        exists = {name: Exists(_rows_of(name)) for name in _MILESTONES}
        phase = Case(
            When(exists["cancellation"], then=Value("cancelled")),
            When(~exists["announcement"], then=Value("planned")),
            When(exists["settlement"], then=Value("settled")),
            When(exists["result"], then=Value("challenge")),
            When(Q(closes_at__lte=at), then=Value("counting")),
            When(Q(opens_at__lte=at), then=Value("open")),
            default=Value("announced"),
            output_field=CharField(),
        )
        return self.annotate(**{"phase": phase})  # noqa: PIE804 (so that Cycle itself can declare it)

    def in_phase(self, *phases: str) -> "CycleQuerySet":
        """Those of `at` that are in one of `phases`."""
        return self.filter(Q(("phase__in", phases)))

    def not_cancelled(self) -> "CycleQuerySet":
        return self.filter(cancellation__isnull=True)

    def scheduled(self) -> "CycleQuerySet":
        """Cycles that belong to this deployment's calendar, imports left out."""
        return self.exclude(origin="imported")


_MILESTONES = ("cancellation", "announcement", "settlement", "result")


def _rows_of(name: str) -> models.QuerySet[models.Model]:
    rows = apps.get_model("votes", name)._default_manager.all()
    filtered: models.QuerySet[models.Model] = rows.filter(cycle=OuterRef("pk"))
    return filtered


class Cycle(models.Model):
    """One vote: when it happens and what it owns. Nothing of it changes once it is announced.

    `window`: how long the result can be challenged before money moves.
    """

    number = models.PositiveIntegerField(unique=True)
    origin = models.CharField(max_length=8, choices=ORIGINS, default="live")
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, null=True, related_name="cycles")
    title = models.CharField(max_length=120)
    announced_at = models.DateTimeField()
    snapshot_at = models.DateTimeField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    settles_at = models.DateTimeField()
    notice = models.DurationField()
    window = models.DurationField()
    account = models.OneToOneField(Account, on_delete=models.PROTECT, null=True, related_name="+")
    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="+")

    phase: str  # annotated by CycleQuerySet.at

    objects: ClassVar[models.Manager["Cycle"]] = CycleQuerySet.as_manager()

    class Meta:
        ordering = ["opens_at"]
        constraints = [
            models.CheckConstraint(
                name="cycle_instants_ascend",
                condition=Q(announced_at__lt=F("snapshot_at"))
                & Q(snapshot_at__lt=F("opens_at"))
                & Q(opens_at__lt=F("closes_at"))
                & Q(closes_at__lt=F("settles_at")),
            ),
            models.CheckConstraint(name="cycle_origin_is_known", condition=Q(origin__in=list(ORIGINS))),
            models.CheckConstraint(
                name="only_an_import_moves_no_money",
                condition=Q(origin="imported") | Q(account__isnull=False),
            ),
            ExclusionConstraint(
                name="cycles_do_not_overlap",
                expressions=[(TimestampRange("opens_at", "closes_at"), RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"Cycle {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("cycle", args=[self.number])

    @property
    def instants(self) -> Instants:
        return Instants(
            announced_at=self.announced_at,
            snapshot_at=self.snapshot_at,
            opens_at=self.opens_at,
            closes_at=self.closes_at,
            settles_at=self.settles_at,
        )

    @property
    def is_unsigned_import(self) -> bool:
        return self.origin == "imported"

    @property
    def is_sealed(self) -> bool:
        """Whether its frozen rules keep ballots secret until it is certified."""
        return hasattr(self, "announcement") and not self.announcement.rules.live_results

    @property
    def hides_ballots(self) -> bool:
        """Whether its ballots are secret now. The certificate's row opens all of them at once."""
        return self.is_sealed and not hasattr(self, "certificate")


class Announcement(models.Model):
    """The frozen rules.json of a cycle, byte for byte, and their SHA-256."""

    cycle = models.OneToOneField(
        Cycle, on_delete=models.PROTECT, primary_key=True, related_name="announcement"
    )
    rules_json = models.TextField()
    rules_hash = models.BinaryField(max_length=32, unique=True)
    published_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"rules of {self.cycle}"

    @property
    def rules(self) -> Rules:
        return _parse_rules(self.rules_json)


@lru_cache(maxsize=8)
def _parse_rules(rules_json: str) -> Rules:
    """The text is the key, so no answer is ever stale; nearly all requests are for the open cycle."""
    return Rules.parse(rules_json)


class Contest(models.Model):
    """One budget [base units] to split over options, as the frozen rules say.

    The key of the one over all programmes is "*"; a budget of null is what that one gives the programme.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="contests")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=64, help_text="the programme's slug in ballots, or *")
    name = models.CharField(max_length=120)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, null=True, related_name="+")
    budget: "models.Field[int | None, int | None]" = BaseUnitsField(null=True)  # type: ignore[assignment,misc]
    rule = models.CharField(max_length=24, choices=RULES)
    quorum_power = models.PositiveSmallIntegerField()
    quorum_voters = models.PositiveIntegerField()
    fallback = models.CharField(max_length=24, choices=FALLBACKS)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "key"], name="a_contest_key_is_used_once"),
            models.UniqueConstraint(fields=["cycle", "position"], name="a_contest_has_its_own_place"),
            models.CheckConstraint(name="a_contest_budget_is_not_negative", condition=Q(budget__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over_programmes(self) -> bool:
        return self.key == META

    @cached_property
    def bounds(self) -> dict[int, Bounds]:
        """Floors and caps by option id, in the order of the ballot."""
        return {option.pk: Bounds(option.floor, option.cap) for option in self.options.all()}

    @cached_property
    def residual(self) -> int:
        """What the floors leave to vote on [basis points of the budget]."""
        return 10_000 - sum(bound.floor for bound in self.bounds.values())

    @cached_property
    def largest_lines(self) -> dict[int, int]:
        """The largest line of each option, by its id [basis points of what remains after the floors]."""
        return dict(zip(self.bounds, largest_lines(list(self.bounds.values())), strict=True))


class Option(models.Model):
    """What a contest's budget can go to. `number` counts over the whole cycle, as in rules.json, from 0."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="options")
    contest = models.ForeignKey(Contest, on_delete=models.PROTECT, related_name="options")
    number = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=64, help_text="the typology's slug in ballots")
    name = models.CharField(max_length=120)
    typology = models.ForeignKey(Typology, on_delete=models.PROTECT, null=True, related_name="+")
    floor = models.PositiveSmallIntegerField()
    cap = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "number"], name="an_option_number_is_used_once"),
            models.UniqueConstraint(fields=["contest", "key"], name="an_option_key_is_used_once"),
            models.CheckConstraint(
                name="option_floor_not_above_cap", condition=Q(floor__lte=F("cap"), cap__lte=10_000)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def largest_line(self) -> int:
        """The largest line that keeps its cap [basis points of what remains after the floors]."""
        return self.contest.largest_lines[self.pk]

    @property
    def colour(self) -> int:
        """Its place in the palette: the typology's own, or by its place on the ballot."""
        return self.typology.colour if self.typology else self.number % 10 + 1


class Cancellation(models.Model):
    """A cycle that will not happen, with the public reason; `actor` is blank where a rule decided."""

    cycle = models.OneToOneField(
        Cycle, on_delete=models.PROTECT, primary_key=True, related_name="cancellation"
    )
    cancelled_at = models.DateTimeField()
    reason = models.TextField()
    actor = models.CharField(max_length=42, blank=True)

    def __str__(self) -> str:
        return f"{self.cycle} cancelled"


class CyclePower(models.Model):
    """The voting power frozen for a cycle; exists once."""

    cycle = models.OneToOneField(Cycle, on_delete=models.PROTECT, primary_key=True, related_name="power")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"power of {self.cycle}"
