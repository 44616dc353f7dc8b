"""From a planned cycle to frozen rules and frozen power, and what phase a cycle is in."""

import hashlib
from datetime import datetime, timedelta

import pytest

from journal.clock import database_clock
from journal.refusal import Refusal
from power.actions import publish_register
from power.models import Snapshot, SnapshotPower
from power.registers import Entry
from programmes.models import MetaProgramme, Programme, Typology
from tests.factories import HOUR, POWERS, UNIT, address, make_community, make_cycle
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.cycles import announce_cycle, cancel_unpublished, find_cycle, freeze_power, perform_due
from votes.models import Announcement, Cancellation, Contest, Cycle, Option, Schedule, ScheduledContest
from votes.record.rules import Rules
from votes.tally import Bounds

pytestmark = pytest.mark.django_db

MOMENT = timedelta(microseconds=1)


def planned(opens_in: timedelta = 24 * HOUR) -> Cycle:
    return make_cycle(make_community(), opens_in=opens_in, announced=False)


def phase(cycle: Cycle, at: datetime) -> str:
    return Cycle.objects.at(at).get(pk=cycle.pk).phase


# Announcing


def test_a_cycle_is_announced_once_between_its_announcement_and_its_notice() -> None:
    cycle = planned()
    last = cycle.opens_at - cycle.notice
    for at, done in (
        (cycle.announced_at - MOMENT, False),
        (last + MOMENT, False),
        (last, True),
        (last, False),
    ):
        assert announce_cycle(cycle_id=cycle.pk, at=at) is done
    assert Announcement.objects.get().published_at == last


def test_the_rules_hold_all_that_was_set_and_nothing_else_is_read_afterwards() -> None:
    community = make_community(quorum_power=500, quorum_voters=3)
    cycle = make_cycle(community, opens_in=24 * HOUR, frozen=False)
    announcement = Announcement.objects.get()
    rules = Rules.parse(announcement.rules_json)
    assert hashlib.sha256(announcement.rules_json.encode()).digest() == bytes(announcement.rules_hash)
    assert (rules.cycle, rules.origin, rules.instants) == (cycle.number, "live", cycle.instants)
    assert rules.window_seconds == cycle.window.total_seconds()
    assert rules.power.sha256 == bytes(community.meta.register.sha256).hex()
    assert (rules.power.holders, rules.power.total) == (3, 100 * UNIT)
    ignite, security = rules.contests
    assert (ignite.rule, security.rule) == ("ladder", "mean")
    assert (ignite.budget, ignite.quorum_power, ignite.quorum_voters) == (1_000 * UNIT, 500, 3)
    assert security.bounds == (Bounds(1_000, 8_000), Bounds(0, 10_000))

    Programme.objects.update(budget=1)
    Typology.objects.update(floor=1, cap=9_999)
    Schedule.objects.update(voting=HOUR)
    ScheduledContest.objects.all().delete()
    register = publish_register(
        name="New", entries=[Entry(address("mallory"), UNIT, "")], at=database_clock()
    )
    MetaProgramme.objects.update(register=register)
    assert freeze_power(cycle_id=cycle.pk, at=cycle.snapshot_at)
    powers = dict(SnapshotPower.objects.values_list("address", "power"))
    assert powers == {address(name): power for name, power in POWERS.items()}
    for contest, frozen in zip(Contest.objects.all(), rules.contests, strict=True):
        assert (contest.key, contest.budget, contest.rule) == (frozen.programme, frozen.budget, frozen.rule)
        assert (contest.quorum_power, contest.quorum_voters) == (frozen.quorum_power, frozen.quorum_voters)
        options = [(o.key, o.floor, o.cap) for o in contest.options.all()]
        assert options == [(o.typology, o.floor, o.cap) for o in frozen.options]
    assert [option.number for option in Option.objects.all()] == list(range(4))


def test_what_cannot_be_announced_is_refused_with_every_reason_at_once() -> None:
    cycle = planned()
    Typology.objects.filter(programme__slug="ignite").update(floor=5_000)
    Typology.objects.filter(programme__slug="security").update(floor=0, cap=4_000)
    nobody = publish_register(name="Empty", entries=[Entry(address("alice"), 0, "")], at=database_clock())
    MetaProgramme.objects.update(register=nobody)
    with pytest.raises(Refusal) as refusal:
        announce_cycle(cycle_id=cycle.pk, at=cycle.announced_at)
    assert refusal.value.name == "cannot_be_announced"
    for words in ("Ignite: the floors sum to 10000", "Security: the caps sum to 8000", "no voting power"):
        assert words in refusal.value.words
    assert not Announcement.objects.exists()
    ScheduledContest.objects.all().delete()
    with pytest.raises(Refusal, match="no programme stands on the ballot"):
        announce_cycle(cycle_id=cycle.pk, at=cycle.announced_at)


# Cancelling by rule


def test_a_cycle_that_is_not_published_in_time_cancels_itself_once_and_says_why() -> None:
    cycle = planned()
    last = cycle.opens_at - cycle.notice
    assert [cancel_unpublished(cycle_id=cycle.pk, at=at) for at in (last, last + MOMENT, last + MOMENT)] == [
        False,
        True,
        False,
    ]
    cancellation = Cancellation.objects.get()
    assert (cancellation.cancelled_at, cancellation.actor) == (last + MOMENT, "")
    assert "were not published 1:00:00 before" in cancellation.reason
    assert not announce_cycle(cycle_id=cycle.pk, at=last)
    assert not freeze_power(cycle_id=cycle.pk, at=cycle.closes_at)
    assert not close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)


def test_an_announced_cycle_does_not_cancel_itself() -> None:
    cycle = make_cycle(make_community())
    assert not cancel_unpublished(cycle_id=cycle.pk, at=cycle.opens_at)


# Freezing power


def test_power_is_frozen_once_from_its_instant_on() -> None:
    cycle = make_cycle(make_community(), frozen=False)
    late = cycle.snapshot_at + HOUR
    assert [freeze_power(cycle_id=cycle.pk, at=at) for at in (cycle.snapshot_at - MOMENT, late, late)] == [
        False,
        True,
        False,
    ]
    snapshot = Snapshot.objects.get()
    assert (snapshot.timepoint, snapshot.taken_at) == (cycle.snapshot_at, late)
    assert (snapshot.holder_count, snapshot.total_power) == (3, 100 * UNIT)


def test_power_of_a_planned_cycle_is_not_frozen() -> None:
    cycle = planned()
    assert not freeze_power(cycle_id=cycle.pk, at=cycle.snapshot_at)


# Freezes that no job has performed


def test_a_request_performs_what_is_due_and_nothing_before() -> None:
    cycle = planned()
    for at, expected, announced, frozen in (
        (cycle.announced_at - MOMENT, "planned", 0, 0),
        (cycle.announced_at, "announced", 1, 0),
        (cycle.snapshot_at - MOMENT, "announced", 1, 0),
        (cycle.snapshot_at, "announced", 1, 1),
        (cycle.opens_at, "open", 1, 1),
    ):
        found = find_cycle(number=cycle.number, at=at)
        assert (found.phase, Announcement.objects.count(), Snapshot.objects.count()) == (
            expected,
            announced,
            frozen,
        )
    assert not perform_due(found, at=cycle.opens_at)


def test_a_request_cancels_what_was_not_published_in_time() -> None:
    cycle = planned()
    assert find_cycle(number=cycle.number, at=cycle.opens_at).phase == "cancelled"
    assert find_cycle(number=cycle.number, at=cycle.closes_at).phase == "cancelled"
    with pytest.raises(Refusal, match="unknown_cycle"):
        find_cycle(number=99, at=cycle.opens_at)


# Phases


def test_a_phase_begins_at_its_instant_and_ends_before_the_next() -> None:
    cycle = planned()
    for at in vars(cycle.instants).values():
        assert phase(cycle, at) == "planned"
    assert announce_cycle(cycle_id=cycle.pk, at=cycle.announced_at)
    assert freeze_power(cycle_id=cycle.pk, at=cycle.snapshot_at)
    for at, expected in (
        (cycle.announced_at, "announced"),
        (cycle.snapshot_at, "announced"),
        (cycle.opens_at - MOMENT, "announced"),
        (cycle.opens_at, "open"),
        (cycle.closes_at - MOMENT, "open"),
        (cycle.closes_at, "counting"),
        (cycle.settles_at, "counting"),
    ):
        assert phase(cycle, at) == expected
        assert Cycle.objects.at(at).in_phase(expected).get() == cycle
        assert not Cycle.objects.at(at).exclude(pk=cycle.pk).in_phase(expected).exists()
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert phase(cycle, cycle.closes_at) == "counting"
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert phase(cycle, cycle.closes_at) == phase(cycle, cycle.settles_at) == "challenge"
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert phase(cycle, cycle.settles_at) == "settled"


def test_a_cancelled_cycle_is_nothing_but_cancelled() -> None:
    cycle = make_cycle(make_community())
    Cancellation.objects.create(cycle=cycle, cancelled_at=cycle.opens_at, reason="Why.")
    assert {phase(cycle, at) for at in vars(cycle.instants).values()} == {"cancelled"}
    assert not Cycle.objects.not_cancelled().exists()
    at = cycle.settles_at
    assert not close_cycle(cycle_id=cycle.pk, at=at)
    assert not publish_result(cycle_id=cycle.pk, at=at)
    assert not settle_cycle(cycle_id=cycle.pk, at=at)
