"""Filling an empty database with the demo's community, and waking it after a pause."""

from collections.abc import Callable
from datetime import datetime, timedelta

from programmes.models import Programme
from tpp.demo.content import community
from tpp.demo.founding import MONTH, found
from tpp.demo.year import open_cycle, past_cycle, talk
from votes.actions.steps import run_everything_due
from votes.models import Cycle, Schedule, ScheduledContest

PERIOD_MINUTES = 20


def seed_year(*, at: datetime, voting: timedelta, window: timedelta, say: Callable[[str], None]) -> None:
    """Fill an empty database with people, programmes and a year of past cycles."""
    people = community()
    found(people, at=at - 13 * MONTH)
    say(
        f"{len(people.programmes)} programmes, {len(people.delegates)} delegates, {len(people.persons)} others"
    )
    schedule = _schedule(at, voting, window)
    for story in people.stories:
        cycle = past_cycle(schedule=schedule, story=story, people=people, now=at)
        say(f"cycle {cycle.number}: {cycle.ballots.count()} signed ballots, closed, tallied, settled")


def open_now(*, at: datetime, say: Callable[[str], None]) -> None:
    """Open a live cycle at `at` with its first ballots, announce the next one, and tell what was said."""
    people = community()
    schedule = Schedule.objects.get()
    # a round minute reads better; only a cycle of seconds can't spare the seconds before
    schedule.first_opens_at = (
        at if schedule.voting < timedelta(minutes=3) else at.replace(second=0, microsecond=0)
    )
    schedule.save(update_fields=["first_opens_at"])
    cycle = open_cycle(schedule=schedule, people=people, at=at)
    say(f"cycle {cycle.number}: open for {schedule.voting}, {cycle.ballots.count()} ballots so far")
    talk(people, now=at)
    say(f"{len(people.posts)} posts in the open threads")
    run_everything_due(at=at)


def wake(*, at: datetime) -> None:
    """After a pause, let the schedule's next cycle open within a minute or so."""
    coming = Cycle.objects.scheduled().filter(closes_at__gt=at, opens_at__lt=at + timedelta(minutes=3))
    if not coming.exists():
        Schedule.objects.filter(is_active=True).update(first_opens_at=at + timedelta(seconds=75))


def _schedule(at: datetime, voting: timedelta, window: timedelta) -> Schedule:
    schedule = Schedule.objects.create(
        name="Regular cycles",
        recurrence=f"FREQ=MINUTELY;INTERVAL={PERIOD_MINUTES}",
        time_zone="UTC",
        first_opens_at=at,
        announce_before=timedelta(minutes=PERIOD_MINUTES),
        snapshot_before=timedelta(seconds=30),
        notice=timedelta(seconds=45),
        voting=voting,
        window=window,
        ahead=1,
    )
    rules = {content["slug"]: content["rule"] for content in community().programmes}
    for position, programme in enumerate(Programme.objects.all()):
        ScheduledContest.objects.create(
            schedule=schedule,
            programme=programme,
            rule=rules[programme.slug],
            quorum_power=500,
            quorum_voters=3,
            position=position,
        )
    return schedule
