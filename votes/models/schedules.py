"""When cycles happen and what is put to the vote in them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from programmes.models import Programme
from votes.record.rules import Instants
from votes.recurrence import wall_times
from votes.tally import RULES as TALLY_RULES

RULES = {name: rule.title for name, rule in TALLY_RULES.items()}
FALLBACKS = {
    "return_to_reserve": "Return the budget to the reserve",
    "repeat_last_split": "Repeat the last split",
    "equal_split": "Split equally above the floors",
}


class Schedule(models.Model):
    """A recurrence of cycles: RFC 5545 rule and IANA zone for the openings, and the lengths of the phases.

    An opening is announced `announce_before` ahead, power is taken `snapshot_before` ahead, voting lasts `voting`,
    the challenge window `window`. A cycle not published `notice` before its opening is cancelled by rule. Without
    `live_results` ballots are sealed until their cycle closes.
    """

    name = models.CharField(max_length=80, unique=True)
    recurrence = models.CharField(max_length=200, help_text="RFC 5545, such as FREQ=MONTHLY;BYDAY=1WE")
    time_zone = models.CharField(max_length=64, help_text="IANA name, such as Europe/London")
    first_opens_at = models.DateTimeField()
    announce_before = models.DurationField()
    snapshot_before = models.DurationField()
    notice = models.DurationField()
    voting = models.DurationField()
    window = models.DurationField()
    ahead = models.PositiveSmallIntegerField(default=2, help_text="how many coming cycles are kept ready")
    is_active = models.BooleanField(default=True)
    live_results = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="schedule_lengths_make_sense",
                condition=Q(announce_before__gt=models.F("snapshot_before"))
                & Q(snapshot_before__gt=timedelta(0))
                & Q(voting__gt=timedelta(0))
                & Q(window__gte=timedelta(0))
                & Q(notice__gte=timedelta(0))
                & Q(notice__lt=models.F("announce_before")),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def openings_after(self, at: datetime, count: int) -> list[datetime]:
        """The next `count` openings strictly after `at`, as UTC instants.

        The rule runs on the zone's wall clock: a meeting at 18:00 stays at 18:00 when the clocks change. A wall
        time that the change skips falls on the instant it would have had before the change; one that it repeats
        means the first of the two. Openings ascend: where a change makes two fall together, there is one.
        """
        zone = ZoneInfo(self.time_zone)
        start = self.first_opens_at.astimezone(zone).replace(tzinfo=None)
        # one wall-clock day of slack, so that no change of the clocks hides an opening
        after = at.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
        utc = ZoneInfo("UTC")
        openings: list[datetime] = []
        for wall in wall_times(self.recurrence, first=start, after=after):
            if len(openings) == count:
                break
            opening = wall.replace(tzinfo=zone).astimezone(utc)
            if opening > (openings[-1] if openings else at):
                openings.append(opening)
        return openings

    def instants(self, opens_at: datetime) -> Instants:
        """All instants of the cycle that opens at `opens_at`."""
        closes_at = opens_at + self.voting
        return Instants(
            announced_at=opens_at - self.announce_before,
            snapshot_at=opens_at - self.snapshot_before,
            opens_at=opens_at,
            closes_at=closes_at,
            settles_at=closes_at + max(self.window, timedelta(microseconds=1)),
        )


class ScheduledContest(models.Model):
    """One programme's place on the ballot of a schedule's cycles. `quorum_power` [basis points].

    Where the schedule has a meta contest, `floor` and `cap` [basis points of the cycle's whole budget] bound what it
    may give the programme; otherwise they say nothing.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="contests")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=24, choices=RULES)
    quorum_power = models.PositiveSmallIntegerField(default=0)
    quorum_voters = models.PositiveIntegerField(default=0)
    fallback = models.CharField(max_length=24, choices=FALLBACKS, default="return_to_reserve")
    position = models.PositiveSmallIntegerField(default=0)
    floor = models.PositiveSmallIntegerField(default=0)
    cap = models.PositiveSmallIntegerField(default=10_000)
    is_put_by_rule = models.BooleanField(
        default=False, db_default=False, help_text="by the rule of admission, and by no admin since"
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="a_programme_floor_is_not_above_its_cap",
                condition=Q(floor__lte=models.F("cap"), cap__lte=10_000),
            ),
            models.CheckConstraint(
                name="a_scheduled_fallback_is_known", condition=Q(fallback__in=list(FALLBACKS))
            ),
            models.UniqueConstraint(fields=["schedule", "programme"], name="a_programme_is_on_a_ballot_once"),
            models.CheckConstraint(name="a_scheduled_rule_is_known", condition=Q(rule__in=list(RULES))),
            models.CheckConstraint(name="quorum_not_above_all_power", condition=Q(quorum_power__lte=10_000)),
        ]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.programme}"


class MetaContest(models.Model):
    """That a schedule's cycles first split the budget per cycle over the programmes on their ballot.

    Each programme's contest then splits what the programme is given. `quorum_power` [basis points].
    """

    schedule = models.OneToOneField(
        Schedule, on_delete=models.CASCADE, primary_key=True, related_name="meta_contest"
    )
    rule = models.CharField(max_length=24, choices=RULES)
    quorum_power = models.PositiveSmallIntegerField(default=0)
    quorum_voters = models.PositiveIntegerField(default=0)
    fallback = models.CharField(max_length=24, choices=FALLBACKS, default="return_to_reserve")

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_meta_rule_is_known", condition=Q(rule__in=list(RULES))),
            models.CheckConstraint(
                name="a_meta_fallback_is_known", condition=Q(fallback__in=list(FALLBACKS))
            ),
            models.CheckConstraint(
                name="a_meta_quorum_is_not_above_all_power", condition=Q(quorum_power__lte=10_000)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule}: all programmes"
