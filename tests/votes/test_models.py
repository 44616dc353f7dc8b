"""Every constraint and trigger of the voting room refuses its bad row, whoever writes it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Model

from deliberation.actions import open_thread
from journal.clock import database_clock
from ledger.actions import open_account
from tests.factories import HOUR, Community, address, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.cycles import cancel_unpublished
from votes.actions.heads import publish_head
from votes.actions.records import build_closed_record
from votes.models import (
    Announcement,
    Ballot,
    BallotPosition,
    Blind,
    Cancellation,
    Certificate,
    Contest,
    ContestResult,
    Cycle,
    CyclePower,
    MetaContest,
    Option,
    OptionResult,
    Reason,
    Record,
    RecordPart,
    Rehearsal,
    Result,
    Schedule,
    ScheduledContest,
    Settlement,
    TreeHead,
    TreeNode,
)

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Stage:
    """A cycle with a result and without ballots; after it an open one in which Alice has voted."""

    community: Community
    past: Cycle
    cycle: Cycle
    ballot: Ballot


@pytest.fixture
def stage() -> Stage:
    community = make_community()
    past = make_cycle(community, opens_in=-72 * HOUR)
    assert close_cycle(cycle_id=past.pk, at=past.closes_at)
    assert publish_result(cycle_id=past.pk, at=past.closes_at)
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    return Stage(community, past, cycle, Ballot.objects.get())


@contextmanager
def refused(by: str) -> Iterator[None]:
    """The database refuses what is done inside, by the constraint of this name or with this SQLSTATE."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
    cause = caught.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert by in {cause.sqlstate, cause.diag.constraint_name}, cause


def ballot_of(cycle: Cycle, name: str = "bob", **changes: Any) -> Ballot:
    """A row as acceptance would write it, unless it is changed."""
    row: dict[str, Any] = {
        "cycle": cycle,
        "voter": address(name),
        "sequence": 1,
        "replaces": None,
        "nonce": 1,
        "options": [0],
        "shares": [10_000],
        "reason_hash": bytes(32),
        "digest": bytes(31) + bytes([Ballot.objects.count()]),
        "signature": bytes(65),
    }
    return Ballot.objects.create(**{**row, **changes})


def cycle_of(stage: Stage, opens_at: datetime, voting: timedelta = HOUR, **changes: Any) -> Cycle:
    """A planned cycle's row, unless it is changed."""
    number = 1 + max(Cycle.objects.values_list("number", flat=True))
    row: dict[str, Any] = {
        "number": number,
        "title": "Cycle",
        "announced_at": opens_at - 3 * HOUR,
        "snapshot_at": opens_at - HOUR,
        "opens_at": opens_at,
        "closes_at": opens_at + voting,
        "settles_at": opens_at + voting + HOUR,
        "notice": HOUR,
        "window": HOUR,
        "account": open_account(token=stage.community.meta.token, name=f"cycle/{number}"),
        "thread": open_thread(title="Cycle", address="/", at=opens_at),
    }
    return Cycle.objects.create(**{**row, **changes})


def meta_contest_of(stage: Stage, **changes: Any) -> MetaContest:
    """The schedule's contest over all programmes, unless it is changed."""
    return MetaContest.objects.create(schedule=stage.community.schedule, **{"rule": "mean", **changes})


def again(row: Any, **changes: Any) -> object:
    """A second row like `row`, but for its changes."""
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    if row._meta.pk.get_internal_type() == "BigAutoField":
        fields.pop(row._meta.pk.attname)
    return type(row).objects.create(**{**fields, **changes})


def record_of(stage: Stage) -> Record:
    """The closed record of the past cycle."""
    build_closed_record(cycle_id=stage.past.pk, at=stage.past.settles_at)
    return Record.objects.get()


def instants_changed(change: Callable[[Cycle], object]) -> Callable[[Stage], object]:
    """A planned cycle whose instants are changed."""

    def write(stage: Stage) -> None:
        planned = cycle_of(stage, stage.cycle.closes_at + HOUR)
        change(planned)
        planned.save()

    return write


# The rows that each named constraint refuses.
BAD_ROWS: dict[str, list[Callable[[Stage], object]]] = {
    "a_ballot_is_stored_once": [
        lambda s: ballot_of(s.cycle, digest=s.ballot.digest),
    ],
    "one_first_ballot_per_voter_and_cycle": [lambda s: ballot_of(s.cycle, "alice", nonce=9)],
    "a_voter_is_an_address": [
        lambda s: ballot_of(s.cycle, voter=address("bob").upper()),
        lambda s: ballot_of(s.cycle, voter=address("bob")[:-1]),
        lambda s: ballot_of(s.cycle, voter=""),
    ],
    "only_the_first_ballot_replaces_nothing": [
        lambda s: ballot_of(s.cycle, sequence=2),
        lambda s: ballot_of(s.cycle, sequence=0),
    ],
    "every_line_has_a_share": [
        lambda s: ballot_of(s.cycle, options=[0, 1]),
        lambda s: ballot_of(s.cycle, options=[]),
    ],
    "a_position_is_given_once": [
        lambda s: [
            BallotPosition.objects.create(cycle=s.cycle, ballot=ballot, position=0)
            for ballot in (s.ballot, ballot_of(s.cycle))
        ],
    ],
    "a_subtree_is_hashed_once": [
        lambda s: [TreeNode.objects.create(cycle=s.cycle, level=8, index=0, hash=bytes(32)) for _ in "ab"],
    ],
    "cycle_instants_ascend": [
        instants_changed(lambda c: setattr(c, "snapshot_at", c.announced_at)),
        instants_changed(lambda c: setattr(c, "opens_at", c.snapshot_at)),
        instants_changed(lambda c: setattr(c, "closes_at", c.opens_at)),
        instants_changed(lambda c: setattr(c, "settles_at", c.closes_at)),
    ],
    "cycle_origin_is_known": [lambda s: cycle_of(s, s.cycle.closes_at, origin="rumour")],
    "only_an_import_moves_no_money": [
        lambda s: cycle_of(s, s.cycle.closes_at, account=None),
        lambda s: cycle_of(s, s.cycle.closes_at, account=None, origin="demo"),
    ],
    "cycles_do_not_overlap": [
        lambda s: cycle_of(s, s.cycle.opens_at),
        lambda s: cycle_of(s, s.cycle.closes_at - timedelta(microseconds=1)),
        lambda s: cycle_of(s, s.cycle.opens_at - HOUR, HOUR + timedelta(microseconds=1)),
        lambda s: cycle_of(s, s.cycle.opens_at - HOUR, 48 * HOUR, origin="imported"),
    ],
    "a_contest_key_is_used_once": [lambda s: again(s.cycle.contests.all()[0], position=7)],
    "a_contest_has_its_own_place": [lambda s: again(s.cycle.contests.all()[0], key="another")],
    "a_contest_budget_is_not_negative": [
        lambda s: again(s.cycle.contests.all()[0], key="another", position=7, budget=-1),
    ],
    "an_option_number_is_used_once": [lambda s: again(s.cycle.options.all()[0], key="another")],
    "an_option_key_is_used_once": [lambda s: again(s.cycle.options.all()[0], number=7)],
    "option_floor_not_above_cap": [
        lambda s: again(s.cycle.options.all()[0], key="another", number=7, floor=5_001, cap=5_000),
        lambda s: again(s.cycle.options.all()[0], key="another", number=7, cap=10_001),
    ],
    "a_version_is_published_once": [lambda s: again(s.past.results.get())],
    "a_rule_is_applied_once": [lambda s: again(ContestResult.objects.filter(is_binding=False)[0])],
    "one_rule_binds_a_contest": [
        lambda s: again(ContestResult.objects.filter(is_binding=True)[0], rule="another"),
    ],
    "an_option_has_one_share": [lambda s: again(OptionResult.objects.all()[0])],
    "an_award_is_not_negative": [
        lambda s: again(OptionResult.objects.all()[0], option_id=s.cycle.options.all()[0].pk, amount=-1),
    ],
    "schedule_lengths_make_sense": [
        lambda s: Schedule.objects.update(announce_before=F("snapshot_before")),
        lambda s: Schedule.objects.update(snapshot_before=timedelta(0)),
        lambda s: Schedule.objects.update(voting=timedelta(0)),
        lambda s: Schedule.objects.update(window=timedelta(seconds=-1)),
        lambda s: Schedule.objects.update(notice=timedelta(seconds=-1)),
        lambda s: Schedule.objects.update(notice=F("announce_before")),
    ],
    "a_programme_is_on_a_ballot_once": [lambda s: again(ScheduledContest.objects.all()[0])],
    "a_scheduled_rule_is_known": [lambda s: ScheduledContest.objects.update(rule="whim")],
    "quorum_not_above_all_power": [lambda s: ScheduledContest.objects.update(quorum_power=10_001)],
    "a_scheduled_fallback_is_known": [lambda s: ScheduledContest.objects.update(fallback="burn")],
    "a_programme_floor_is_not_above_its_cap": [
        lambda s: ScheduledContest.objects.update(floor=5_001, cap=5_000),
        lambda s: ScheduledContest.objects.update(cap=10_001),
    ],
    "a_record_is_made_once": [lambda s: again(record_of(s))],
    "a_record_is_closed_or_final": [lambda s: again(record_of(s), kind="draft")],
    "a_part_is_stored_once": [lambda s: again(record_of(s) and RecordPart.objects.all()[0])],
    "a_meta_rule_is_known": [lambda s: meta_contest_of(s, rule="whim")],
    "a_meta_fallback_is_known": [lambda s: meta_contest_of(s, fallback="burn")],
    "a_meta_quorum_is_not_above_all_power": [lambda s: meta_contest_of(s, quorum_power=10_001)],
}


def test_every_named_constraint_stands_in_the_table() -> None:
    models = apps.get_app_config("votes").get_models()
    named = {constraint.name for model in models for constraint in model._meta.constraints}
    assert named == BAD_ROWS.keys()


def test_every_named_constraint_refuses_its_bad_rows(stage: Stage) -> None:
    for name, writes in BAD_ROWS.items():
        for write in writes:
            with refused(name):
                write(stage)


def test_what_exists_once_cannot_be_written_twice(stage: Stage) -> None:
    at = database_clock()
    result = stage.past.results.get()
    Settlement.objects.create(cycle=stage.past, result=result, settled_at=at)
    Cancellation.objects.create(cycle=stage.past, cancelled_at=at, reason="Why.")
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


# What was counted is never edited

KEPT = {
    Announcement,
    Contest,
    Option,
    Cancellation,
    CyclePower,
    Ballot,
    BallotPosition,
    Blind,
    Certificate,
    Result,
    ContestResult,
    OptionResult,
    Settlement,
    Record,
    RecordPart,
    TreeHead,
    TreeNode,
}


def test_every_table_is_append_only_but_for_plans_and_erasable_words() -> None:
    assert set(apps.get_app_config("votes").get_models()) - KEPT == {
        Schedule,
        ScheduledContest,
        Rehearsal,
        MetaContest,
        Cycle,
        Reason,
    }


@pytest.fixture
def settled(superuser: psycopg.Connection) -> psycopg.Connection:
    """A committed row in every table of KEPT."""
    community = make_community(live_results=False)
    cancelled = make_cycle(community, opens_in=48 * HOUR, announced=False)
    assert cancel_unpublished(cycle_id=cancelled.pk, at=cancelled.opens_at)
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    TreeNode.objects.create(cycle=cycle, level=8, index=0, hash=bytes(32))  # the first of 256 ballots
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert build_closed_record(cycle_id=cycle.pk, at=cycle.settles_at)
    return superuser


def answers(role: str, model: type[Model]) -> list[str | None]:
    """The SQLSTATEs with which PostgreSQL answers UPDATE, DELETE and TRUNCATE to the role of this address."""
    table, key = model._meta.db_table, model._meta.pk.column
    states = []
    with psycopg.connect(os.environ[role], dbname=connection.settings_dict["NAME"]) as opened:
        for statement in (
            f"UPDATE {table} SET {key} = {key}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with pytest.raises(psycopg.Error) as refusal:
                opened.execute(statement.encode())
            opened.rollback()
            states.append(refusal.value.sqlstate)
    return states


@pytest.mark.django_db(transaction=True)
def test_nobody_changes_deletes_or_empties_what_is_kept(settled: psycopg.Connection) -> None:
    forbidden = "42501"
    for model in KEPT:
        assert model._default_manager.exists(), f"nothing shown for {model}"
        assert answers("DATABASE_URL", model) == [forbidden] * 3
        for role in ("DATABASE_OWNER_URL", "DATABASE_ADMIN_URL"):
            assert answers(role, model) == ["TP100"] * 3, f"{role} on {model}"
    assert answers("DATABASE_URL", Cycle) == ["TP101", "TP101", forbidden]
    for role in ("DATABASE_OWNER_URL", "DATABASE_ADMIN_URL"):
        assert answers(role, Cycle) == ["TP101"] * 3
