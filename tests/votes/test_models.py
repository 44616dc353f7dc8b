"""Every trigger of the voting room refuses its bad row, whoever writes it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from journal.clock import database_clock
from tests.factories import HOUR, address
from tests.votes.rows import Stage, again, ballot_of, cycle_of, make_stage, refused
from votes.models import (
    Announcement,
    BallotPosition,
    Cancellation,
    Certificate,
    Contest,
    Cycle,
    CyclePower,
    Option,
    Reason,
    Result,
    Settlement,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    return make_stage()


def test_what_exists_once_cannot_be_written_twice(stage: Stage) -> None:
    at = database_clock()
    result = stage.past.results.get()
    Settlement.objects.create(cycle=stage.past, result=result, settled_at=at)
    Cancellation.objects.create(cycle=stage.cycle, cancelled_at=at, reason="Why.")
    for row in (
        Announcement.objects.get(cycle=stage.past),
        CyclePower.objects.get(cycle=stage.past),
        Certificate.objects.get(cycle=stage.past),
        Settlement.objects.get(),
        Cancellation.objects.get(),
    ):
        with refused("23505"):
            again(row)
    with refused("23505"):  # rules are those of one cycle
        again(Announcement.objects.get(cycle=stage.past), cycle_id=stage.cycle.pk)
    with refused("23505"):
        cycle_of(stage, stage.cycle.closes_at, number=stage.cycle.number)
    BallotPosition.objects.create(cycle=stage.cycle, ballot=stage.ballot, position=0)
    with refused("23505"):
        BallotPosition.objects.create(cycle=stage.cycle, ballot=stage.ballot, position=1)


def test_adjacent_cycles_are_accepted(stage: Stage) -> None:
    cycle_of(stage, stage.cycle.closes_at)
    cycle_of(stage, stage.cycle.opens_at - HOUR)


# What the trigger says of a ballot


def test_a_ballot_row_is_accepted_while_the_cycle_is_open(stage: Stage) -> None:
    first = ballot_of(stage.cycle)
    ballot_of(stage.cycle, sequence=2, replaces=first, nonce=2)


def test_a_ballot_replaces_only_the_one_before_it_and_only_once(stage: Stage) -> None:
    first = ballot_of(stage.cycle)
    second: dict[str, Any] = {"replaces": first, "sequence": 2, "nonce": 2}
    wrong = ({"nonce": 1}, {"nonce": 0}, {"sequence": 3}, {"sequence": 1}, {"voter": address("carol")})
    for changes in wrong:
        with refused("TP006"):
            ballot_of(stage.cycle, **second | changes)
    ballot_of(stage.cycle, replaces=first, sequence=2, nonce=2)
    with refused("votes_ballot_replaces_id_key"):
        ballot_of(stage.cycle, replaces=first, sequence=2, nonce=3)


def test_a_ballot_replaces_none_of_another_cycle(stage: Stage) -> None:
    demo = cycle_of(stage, stage.past.opens_at - 24 * HOUR, origin="demo")
    announce(demo)
    earlier = ballot_of(demo, received_at=demo.opens_at)
    with refused("TP006"):
        ballot_of(stage.cycle, replaces=earlier, sequence=2, nonce=2)


def announce(cycle: Cycle) -> None:
    Announcement.objects.create(
        cycle=cycle, rules_json="{}", rules_hash=cycle.pk.to_bytes(32, "big"), published_at=cycle.announced_at
    )


def test_a_ballot_before_the_announcement_or_the_opening_is_refused(stage: Stage) -> None:
    coming = cycle_of(stage, stage.cycle.closes_at)
    with refused("TP002"):
        ballot_of(coming)
    announce(coming)
    with refused("TP002"):
        ballot_of(coming)


def test_a_ballot_after_the_closing_is_refused_though_no_job_has_closed(stage: Stage) -> None:
    over = cycle_of(stage, stage.past.opens_at - 24 * HOUR)
    announce(over)
    with refused("TP003"):
        ballot_of(over)


def test_a_ballot_after_the_certificate_is_refused_though_time_is_left(stage: Stage) -> None:
    Certificate.objects.create(
        cycle=stage.cycle,
        certified_at=database_clock(),
        ballot_count=0,
        merkle_root=bytes(32),
        rules_hash=bytes(32),
    )
    with refused("TP003"):
        ballot_of(stage.cycle)


def test_a_ballot_of_a_cancelled_cycle_is_refused(stage: Stage) -> None:
    Cancellation.objects.create(cycle=stage.cycle, cancelled_at=database_clock(), reason="Why.")
    with refused("TP004"):
        ballot_of(stage.cycle)


def test_an_unsigned_ballot_is_refused_but_in_an_import(stage: Stage) -> None:
    with refused("TP005"):
        ballot_of(stage.cycle, signature=None)
    demo = cycle_of(stage, stage.cycle.opens_at - 2 * HOUR, origin="demo")
    announce(demo)
    with refused("TP005"):
        ballot_of(demo, signature=None, received_at=demo.opens_at)
    imported = cycle_of(stage, stage.cycle.opens_at - HOUR, origin="imported")
    announce(imported)
    ballot_of(imported, signature=None, received_at=imported.opens_at)


def test_the_instant_of_a_live_ballot_is_the_database_s(stage: Stage) -> None:
    before = database_clock()
    ballot = ballot_of(stage.cycle, received_at=stage.cycle.opens_at)
    ballot.refresh_from_db()
    assert before < ballot.received_at < database_clock()
    over = cycle_of(stage, stage.past.opens_at - 24 * HOUR)
    announce(over)
    with refused("TP003"):
        ballot_of(over, received_at=over.opens_at)


def test_the_instant_of_a_past_ballot_is_the_given_one_within_the_window(stage: Stage) -> None:
    demo = cycle_of(stage, stage.past.opens_at - 24 * HOUR, origin="demo")
    announce(demo)
    ballot = ballot_of(demo, received_at=demo.opens_at)
    ballot.refresh_from_db()
    assert ballot.received_at == demo.opens_at
    with refused("TP003"):
        ballot_of(demo, "carol", received_at=demo.closes_at)
    with refused("TP002"):
        ballot_of(demo, "carol", received_at=demo.opens_at - timedelta(microseconds=1))


# What is announced stays


def test_a_planned_cycle_may_change_and_go(stage: Stage) -> None:
    planned = cycle_of(stage, stage.cycle.closes_at)
    assert Cycle.objects.filter(pk=planned.pk).update(settles_at=planned.settles_at + HOUR) == 1
    assert Cycle.objects.filter(pk=planned.pk).delete()[0] == 1


def test_an_announced_or_cancelled_cycle_neither_changes_nor_goes(stage: Stage) -> None:
    cancelled = cycle_of(stage, stage.cycle.closes_at)
    Cancellation.objects.create(cycle=cancelled, cancelled_at=database_clock(), reason="Why.")
    for cycle in (stage.cycle, cancelled):
        for change in ({"closes_at": cycle.closes_at + HOUR}, {"title": "Another"}, {"number": 99}):
            with refused("TP101"):
                Cycle.objects.filter(pk=cycle.pk).update(**change)
        with refused("TP101"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM votes_cycle WHERE id = %s", [cycle.pk])


def test_a_reason_may_be_erased_and_not_rewritten(stage: Stage) -> None:
    reason = Reason.objects.create(ballot=stage.ballot, text="Because.")
    with refused("TP102"):
        Reason.objects.update(text="Why not.")
    assert reason.delete()[0] == 1


def test_a_cycle_keeps_its_account(stage: Stage) -> None:
    with refused("votes_cycle_account_id_key"):
        cycle_of(stage, stage.cycle.closes_at, account=stage.cycle.account)


def test_contests_and_options_belong_to_a_cycle_that_exists(stage: Stage) -> None:
    for model in (Contest, Option, Result):
        with refused("23503"):
            again(model.objects.all()[0], cycle_id=0, **({"contest_id": 0} if model is Option else {}))
            connection.check_constraints()
