"""The clockwork on its real broker: a tick hands out exactly what is due, and a worker does it."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from django.conf import settings

from journal.clock import database_clock
from journal.models import Heartbeat, JobRun
from tests.factories import HOUR, Community, make_community, make_cycle
from tpp.celery import app
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.steps import admit as admit_now
from votes.models import Cycle
from votes.tasks import STALE, run_step, tick

QUEUES = ("quick", "long")


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The broker of this run, its queues empty."""
    with redis.Redis.from_url(settings.REDIS_URL) as opened:
        opened.delete(*QUEUES)
        yield opened
        opened.delete(*QUEUES)


def waiting(broker: redis.Redis) -> dict[tuple[str, str, Any], float]:
    """What waits in the queues: queue, task and arguments, and in how many seconds it expires."""
    found = {}
    for queue in QUEUES:
        for raw in broker.lrange(queue, 0, -1):
            message = json.loads(raw)
            arguments = json.loads(base64.b64decode(message["body"]))[0]
            expires = datetime.fromisoformat(message["headers"]["expires"])
            name = message["headers"]["task"].removeprefix("votes.tasks.")
            found[queue, name, tuple(arguments)] = (expires - datetime.now(expires.tzinfo)).total_seconds()
    return found


def cycle_in(community: Community, opens_in: timedelta, *, until: str) -> int:
    """A cycle of half an hour, brought to the row named by `until`; its id."""
    done = ("planned", "announced", "frozen", "certified", "published", "settled").index(until)
    cycle = make_cycle(community, opens_in=opens_in, voting=HOUR / 2, announced=done >= 1, frozen=done >= 2)
    if done >= 3:
        assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    if done >= 4:
        assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    if done >= 5:
        assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    return cycle.pk


@pytest.mark.django_db
def test_a_tick_hands_out_exactly_what_is_due(broker: redis.Redis) -> None:
    community = make_community()
    community.schedule.ahead = 3
    community.schedule.save()
    expected: set[tuple[str, str, Any]] = {("quick", "plan_schedule", (community.schedule.pk,))}
    for name, queue, opens_in, until in (
        ("settle", "quick", -40 * HOUR, "published"),
        ("tally", "long", -30 * HOUR, "certified"),
        ("close", "quick", -20 * HOUR, "frozen"),
        ("freeze", "quick", -HOUR / 3, "announced"),
        ("cancel", "quick", HOUR / 2, "planned"),
        ("announce", "quick", 2 * HOUR, "planned"),
    ):
        expected.add((queue, "run_step", (name, cycle_in(community, opens_in, until=until))))
    records = Cycle.objects.filter(results__isnull=False).values_list("pk", flat=True)
    expected.update(("long", "run_step", ("record", pk)) for pk in records)
    settled = cycle_in(community, -50 * HOUR, until="settled")
    expected.update(("long", "run_step", (name, settled)) for name in ("record", "final_record"))
    cycle_in(community, 10 * HOUR, until="planned")
    expected.add(("quick", "admit", ()))
    tick()
    handed_out = waiting(broker)
    assert handed_out.keys() == expected
    assert all(3590 < seconds <= STALE for seconds in handed_out.values())
    broker.delete(*QUEUES)
    tick()
    assert waiting(broker) == {}, "a tick that had piled up behind the first"
    Heartbeat.objects.update(ticked_at=database_clock() - timedelta(seconds=1))
    tick()
    assert waiting(broker).keys() == expected
    Heartbeat.objects.update(ticked_at=database_clock() + HOUR)
    broker.delete(*QUEUES)
    tick()
    assert waiting(broker).keys() == expected, "also after the database's clock was set back"


@pytest.mark.django_db
def test_a_tick_with_nothing_due_hands_out_nothing(broker: redis.Redis) -> None:
    community = make_community()
    for opens_in in (10 * HOUR, 20 * HOUR):
        cycle_in(community, opens_in, until="planned")
    assert admit_now(at=database_clock())
    tick()
    assert waiting(broker) == {}


@pytest.mark.django_db(transaction=True)
def test_a_worker_does_what_was_handed_out_and_drops_what_has_expired(broker: redis.Redis) -> None:
    community = make_community()
    due = cycle_in(community, 2 * HOUR, until="planned")
    frozen_too_late = cycle_in(community, -HOUR / 3, until="announced")
    run_step.apply_async(("freeze", frozen_too_late), queue="quick", expires=-1)
    run_step.apply_async(("announce", due), queue="quick", expires=10)
    with start_worker(app, pool="solo", queues=",".join(QUEUES), perform_ping_check=False):
        limit = time.monotonic() + 20
        while not JobRun.objects.exists() and time.monotonic() < limit:
            time.sleep(0.05)
    assert list(JobRun.objects.values_list("step", flat=True)) == ["announce"]
    assert Cycle.objects.filter(announcement__isnull=False, power__isnull=True).count() == 2
