"""What the system did and must tell."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber


class JobRunQuerySet(models.QuerySet["JobRun"]):
    def done(self) -> "JobRunQuerySet":
        """Runs that did what they were for."""
        return self.filter(failure="")

    def newest_of_each_step(self, count: int) -> "JobRunQuerySet":
        """The last `count` runs of every step, newest first."""
        place = Window(RowNumber(), partition_by="step", order_by="-pk")
        return self.annotate(place=place).filter(Q(("place__lte", count))).order_by("-pk")

    def last_failures(self) -> "JobRunQuerySet":
        """The last failed run of each step; `was_done_since`: whether the same succeeded after it."""
        later = JobRun.objects.done().filter(
            step=OuterRef("step"), subject=OuterRef("subject"), pk__gt=OuterRef("pk")
        )
        failed = self.exclude(failure="").order_by("step", "-pk").distinct("step")
        return failed.annotate(**{"was_done_since": Exists(later)})  # noqa: PIE804 (so that JobRun can declare it)


class JobRun(models.Model):
    """One run of one step of scheduled work, kept for the public clock page and for operators.

    Lateness is `finished_at - due_at`. A run that failed stays, with its words.
    """

    step = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, help_text="what it ran on, such as cycle/12")
    due_at = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    failure = models.TextField(blank=True)

    was_done_since: bool  # annotated by JobRunQuerySet.last_failures

    objects: ClassVar[models.Manager["JobRun"]] = JobRunQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="newest_job_runs_first")]
        constraints = [
            models.CheckConstraint(
                name="a_run_finishes_after_it_started", condition=Q(finished_at__gte=F("started_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.subject}"

    @property
    def lateness(self) -> timedelta:
        return self.finished_at - self.due_at


class Heartbeat(models.Model):
    """The scheduler's last tick: one row that every tick overwrites, none before the first.

    `ticked_at` is the database's clock as the tick began, written once it had handed out all that was due: so it
    proves that beat, broker, worker and database work together.
    """

    only = models.BooleanField(primary_key=True, default=True, editable=False)
    ticked_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="there_is_one_heartbeat", condition=Q(only=True))]

    def __str__(self) -> str:
        return f"last tick {self.ticked_at:%Y-%m-%d %H:%M:%S} UTC"


class AuditEntry(models.Model):
    """What somebody with a role did, for everybody to read; appended, never edited.

    `before` and `after` are words. `actor` is an address.
    """

    actor = models.CharField(max_length=42)
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=120, help_text="what it was done to, such as cycle/12")
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"

    @property
    def words(self) -> str:
        """The verb for eyes: Cancel cycle."""
        return self.verb.replace("_", " ").capitalize()


class Alarm(models.Model):
    """Something that must never be true was found to be, and somebody has to look; appended, never edited.

    The same words about the same thing stand once, at the instant at which they were found first.
    """

    name = models.CharField(max_length=40)
    subject = models.CharField(max_length=120, help_text="what it is about, such as cycle/12/closed")
    words = models.TextField()
    raised_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["name", "subject", "words"], name="an_alarm_is_raised_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"
