"""The public clock: whether what happens by itself happens, how late, and when what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ADMIN, Wallet, holds_role
from journal.clock import database_clock
from journal.models import Alarm, Heartbeat, JobRun, Mail
from journal.reading import InstantField, reads
from tpp.pages.calendar import INSTANTS
from votes.actions.steps import STEPS
from votes.models import Cycle, Schedule

TICK_EVERY = timedelta(seconds=cast(float, settings.CELERY_BEAT_SCHEDULE["tick"]["schedule"]))
LATE_AFTER = timedelta(seconds=10)  # a scheduler that ticks every second, or a job, is then called late
MEASURED_RUNS = 50  # of each job, for median and worst
SHOWN_CYCLES = 12
SHOWN_INSTANTS = 12
SHOWN_ALARMS = 20
MOST_COMING_CYCLES = 50

# What each step of `votes.actions.steps` does, in words.
JOBS = {
    "announce": "Publish rules",
    "cancel": "Cancel what is unpublished",
    "freeze": "Freeze power",
    "head": "Sign the tree",
    "close": "Close and certify",
    "tally": "Publish result",
    "record": "Make record",
    "settle": "Move money",
    "count_drafts": "Count drafts",
    "forget_drafts": "Forget drafts",
    "final_record": "Make final record",
}


@dataclass(frozen=True)
class Waiting:
    """A job that is due and not done."""

    step: str
    cycle: Cycle
    late: timedelta

    @property
    def words(self) -> str:
        return f"{JOBS.get(self.step, self.step)}, due {in_words(self.late)} ago"


@dataclass(frozen=True)
class Job:
    """One step's record: its last runs that succeeded, newest first, and its last failure."""

    step: str
    runs: Sequence[JobRun]
    failure: JobRun | None

    @property
    def last(self) -> JobRun | None:
        return self.runs[0] if self.runs else None

    @property
    def median(self) -> timedelta | None:
        return median([run.lateness for run in self.runs]) if self.runs else None

    @property
    def worst(self) -> timedelta | None:
        return max((run.lateness for run in self.runs), default=None)

    @property
    def failed_cycle(self) -> int | None:
        """The number of the cycle that it failed on last."""
        kind, _, number = self.failure.subject.partition("/") if self.failure else ("", "", "")
        return int(number) if kind == "cycle" and number.isdecimal() else None

    @property
    def measured_runs(self) -> int:
        return len(self.runs)

    @property
    def title(self) -> str:
        return JOBS.get(self.step, self.step)

    @property
    def words(self) -> dict[str, str]:
        """Its lateness for eyes: of the last run, the median, the worst."""
        last = self.last.lateness if self.last else None
        late = {"last": last, "median": self.median, "worst": self.worst}
        return {name: "" if value is None else in_words(value) for name, value in late.items()}


@dataclass(frozen=True)
class CycleRuns:
    """How late each step of one cycle was; None where no job did it."""

    cycle: Cycle
    late: dict[str, timedelta | None]

    @property
    def words(self) -> list[str]:
        return ["" if late is None else in_words(late) for late in self.late.values()]


@dataclass(frozen=True)
class Coming:
    """A coming instant, and what it is on the wall clock of its cycle's schedule."""

    at: datetime
    what: str
    cycle: Cycle
    zone: str
    there: datetime | None

    @property
    def there_iso(self) -> str | None:
        return self.there.isoformat() if self.there else None

    @property
    def there_words(self) -> str:
        return f"{self.there:%a} {self.there.day} {self.there:%b %H:%M %Z}" if self.there else ""


@dataclass(frozen=True)
class Clock:
    """All that the page and its JSON show."""

    at: datetime
    ticked_at: datetime | None
    waiting: list[Waiting]
    jobs: list[Job]
    cycles: list[CycleRuns]
    coming: list[Coming]
    alarms: list[Alarm]

    @property
    def since_tick(self) -> timedelta | None:
        return None if self.ticked_at is None else max(timedelta(0), self.at - self.ticked_at)

    @property
    def is_late(self) -> bool:
        """Whether the scheduler is: no tick ever, or none for longer than `LATE_AFTER`."""
        return self.since_tick is None or self.since_tick > LATE_AFTER

    @property
    def words(self) -> str:
        """The scheduler in a few words."""
        if self.since_tick is None:
            return "The scheduler has not ticked yet"
        late = "The scheduler is late: its last tick was" if self.is_late else "The scheduler's last tick was"
        return f"{late} {in_words(self.since_tick)} ago"

    @property
    def late_jobs(self) -> list[Waiting]:
        return [job for job in self.waiting if job.late > LATE_AFTER]

    @property
    def has_failures(self) -> bool:
        return any(job.failure for job in self.jobs)


@extend_schema_field({"type": ["integer", "null"]})
class DurationField(serializers.Field[Any, Any, int, Any]):
    """A duration: whole microseconds."""

    def to_representation(self, value: timedelta) -> int:
        return value // timedelta(microseconds=1)


class WaitingSerializer(serializers.Serializer[Waiting]):
    step = serializers.CharField()
    cycle = serializers.IntegerField(source="cycle.number")
    late_microseconds = DurationField(source="late", help_text="how long it has been due")


class RunSerializer(serializers.Serializer[JobRun]):
    subject = serializers.CharField(help_text="what it ran on, such as cycle/12")
    due_at = InstantField()
    finished_at = InstantField()
    late_microseconds = DurationField(source="lateness")


class FailureSerializer(RunSerializer):
    words = serializers.CharField(source="failure")
    was_done_since = serializers.BooleanField()


class JobSerializer(serializers.Serializer[Job]):
    step = serializers.CharField()
    title = serializers.CharField()
    measured_runs = serializers.IntegerField(help_text="at most the last 50")
    last = RunSerializer(allow_null=True)
    median_late_microseconds = DurationField(source="median", allow_null=True)
    worst_late_microseconds = DurationField(source="worst", allow_null=True)
    last_failure = FailureSerializer(source="failure", allow_null=True)


class CycleRunsSerializer(serializers.Serializer[CycleRuns]):
    cycle = serializers.IntegerField(source="cycle.number")
    late_microseconds = serializers.DictField(
        source="late",
        child=DurationField(),
        help_text="by step; null where no job did it, but a request that came first",
    )


class ComingSerializer(serializers.Serializer[Coming]):
    at = InstantField()
    what = serializers.CharField()
    cycle = serializers.IntegerField(source="cycle.number")
    time_zone = serializers.CharField(source="zone")
    there = serializers.CharField(
        source="there_iso", allow_null=True, help_text="the same instant on that zone's clocks"
    )


class AlarmSerializer(serializers.Serializer[Alarm]):
    name = serializers.CharField()
    subject = serializers.CharField(help_text="what it is about, such as cycle/12/closed")
    words = serializers.CharField()
    raised_at = InstantField()


class ClockSerializer(serializers.Serializer[Clock]):
    """Whether the scheduler runs, how late each job was, and what comes next."""

    now = InstantField(source="at")
    last_tick = InstantField(source="ticked_at", allow_null=True)
    since_tick_microseconds = DurationField(source="since_tick", allow_null=True)
    is_late = serializers.BooleanField(help_text="no tick for more than 10 seconds, or never")
    waiting = WaitingSerializer(many=True, help_text="due and not done")
    jobs = JobSerializer(many=True)
    cycles = CycleRunsSerializer(many=True)
    coming = ComingSerializer(many=True)
    alarms = AlarmSerializer(many=True, help_text="what must never have been; newest first")


@require_safe
@never_cache
def clock_page(request: HttpRequest) -> HttpResponse:
    """The clock as a page."""
    at = database_clock()
    is_admin = isinstance(request.user, Wallet) and holds_role(request.user.address, ADMIN, at)
    page = {
        "clock": read_clock(at=at),
        "mail": _mail() if is_admin else None,
        "columns": [JOBS.get(name, name) for name in STEPS if name != "cancel"],
        "tick_seconds": f"{TICK_EVERY.total_seconds():g}",
        "measured_runs": MEASURED_RUNS,
        "feed": settings.TPP_SITE_URL + reverse("calendar"),
    }
    return render(request, "tpp/clock.html", page)


@never_cache
@reads(ClockSerializer, tag="working of the site")
def clock_api(request: Request) -> Response:
    """The clock as data: instants as ISO 8601 UTC, durations in whole microseconds."""
    return Response(ClockSerializer(read_clock(at=database_clock())).data)


def read_clock(*, at: datetime) -> Clock:
    """What the clock shows at `at`."""
    beat = Heartbeat.objects.first()
    return Clock(
        at=at,
        ticked_at=beat.ticked_at if beat else None,
        waiting=_waiting(at),
        jobs=_jobs(),
        cycles=_runs_by_cycle(at),
        coming=_coming(at),
        alarms=list(Alarm.objects.all()[:SHOWN_ALARMS]),
    )


def median(values: Iterable[timedelta]) -> timedelta:
    """The middle one, or the mean of the two in the middle, to the microsecond.

    >>> median([timedelta(seconds=9), timedelta(seconds=1), timedelta(seconds=2)]).seconds
    2
    """
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def in_words(duration: timedelta) -> str:
    """A duration for eyes; what is below zero counts as none.

    >>> in_words(timedelta(seconds=0.44)), in_words(timedelta(seconds=200)), in_words(timedelta(hours=50))
    ('0.4 s', '3 min 20 s', '2 d 2 h')
    """
    tenths = max(0, duration // timedelta(milliseconds=100))
    seconds = tenths // 10
    if seconds < 10:
        return f"{seconds}.{tenths % 10} s"
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _waiting(at: datetime) -> list[Waiting]:
    """What is due now, by the scheduler's own questions, the latest first."""
    waiting = [
        Waiting(step.name, cycle, at - step.due_at(cycle))
        for step in STEPS.values()
        for cycle in step.due(at).distinct()
    ]
    return sorted(waiting, key=lambda job: -job.late)


def _jobs() -> list[Job]:
    runs: dict[str, list[JobRun]] = {}
    for run in JobRun.objects.done().newest_of_each_step(MEASURED_RUNS):
        runs.setdefault(run.step, []).append(run)
    failures = {run.step: run for run in JobRun.objects.last_failures()}
    return [Job(name, runs.get(name, []), failures.get(name)) for name in STEPS]


def _runs_by_cycle(at: datetime) -> list[CycleRuns]:
    """The last live cycles; what the demo or an import brought in was never a job's."""
    live = Cycle.objects.filter(origin="live", announced_at__lte=at).select_related("cancellation")
    cycles = list(live.order_by("-opens_at")[:SHOWN_CYCLES])
    subjects = {f"cycle/{cycle.number}": cycle.number for cycle in cycles}
    late = {
        (subjects[run.subject], run.step): run.lateness
        for run in JobRun.objects.done().filter(subject__in=subjects).order_by("pk")
    }
    return [
        CycleRuns(cycle, {name: late.get((cycle.number, name)) for name in STEPS if name != "cancel"})
        for cycle in cycles
    ]


def _coming(at: datetime) -> list[Coming]:
    """The next instants of all cycles, soonest first."""
    cycles = Cycle.objects.scheduled().not_cancelled().filter(settles_at__gt=at).select_related("schedule")
    coming = [
        Coming(
            getattr(cycle, name),
            what,
            cycle,
            zone=_zone(cycle.schedule),
            there=wall_clock(getattr(cycle, name), _zone(cycle.schedule)),
        )
        for cycle in cycles.order_by("opens_at")[:MOST_COMING_CYCLES]
        for name, what in INSTANTS.items()
        if getattr(cycle, name) > at
    ]
    return sorted(coming, key=lambda instant: instant.at)[:SHOWN_INSTANTS]


def _mail() -> dict[str, Any]:
    """For admins: how much mail is under way or in trouble, and why; nobody's address."""
    return {
        "unsent": Mail.objects.unsent().count(),
        "troubles": list(
            Mail.objects.in_trouble().values("failure").annotate(count=Count("pk")).order_by("-count")[:5]
        ),
        "is_sent": settings.TPP_SENDS_MAIL,
    }


def _zone(schedule: Schedule | None) -> str:
    return schedule.time_zone if schedule else "UTC"


def wall_clock(at: datetime, zone: str) -> datetime | None:
    """`at` on the clocks of `zone`, an IANA name; None where there is no such zone.

    >>> from datetime import UTC
    >>> f"{wall_clock(datetime(2026, 7, 1, 18, tzinfo=UTC), 'Europe/London'):%H:%M %Z}"
    '19:00 BST'
    """
    try:
        return at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return None
