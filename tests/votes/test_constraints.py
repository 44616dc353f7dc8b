"""Every named constraint of the voting room refuses its bad rows, whoever writes them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db.models import F

from accounts.models import Wallet
from tests.factories import HOUR, address
from tests.votes.rows import Stage, again, ballot_of, cycle_of, make_stage, refused, waiting_of
from votes.actions.challenges import open_challenge
from votes.actions.closing import close_cycle, publish_result
from votes.actions.counterfactuals import vary_result
from votes.actions.records import build_closed_record
from votes.actions.verifying import verify_result
from votes.models import (
    BallotPosition,
    ChallengeAnswer,
    ContestResult,
    Counterfactual,
    Cycle,
    Draft,
    Drafting,
    MetaContest,
    OptionResult,
    Record,
    RecordPart,
    Schedule,
    ScheduledContest,
    TreeNode,
    Verdict,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    return make_stage()


pytestmark = pytest.mark.django_db


def meta_contest_of(stage: Stage, **changes: Any) -> MetaContest:
    """The schedule's contest over all programmes, unless it is changed."""
    return MetaContest.objects.create(schedule=stage.community.schedule, **{"rule": "mean", **changes})


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


BLOCK = {
    "block_number": 1,
    "block_hash": bytes(32),
    "block_at": datetime(2020, 1, 1, tzinfo=UTC),
    "standard": "eip1271",
}


def verdict_of(stage: Stage, **changes: Any) -> Verdict:
    """The verdict on one that waits."""
    return Verdict.objects.create(
        waiting=waiting_of(stage.cycle), name="bad_signature", words="No.", **changes
    )


def draft_of(stage: Stage, **changes: Any) -> Draft:
    """Alice's, opened and empty, unless it is changed."""
    wallet, _ = Wallet.objects.get_or_create(
        address=address("alice"), defaults={"joined_at": stage.cycle.opens_at}
    )
    return Draft.objects.create(cycle=stage.cycle, wallet=wallet, opened_at=stage.cycle.opens_at, **changes)


def drafting_of(stage: Stage, **changes: Any) -> Drafting:
    """What is kept of the past cycle's drafts."""
    return Drafting.objects.create(**{"cycle": stage.past, "started": 0, "drafted": 0, "timed": 0, **changes})


def answer_of(stage: Stage) -> ChallengeAnswer:
    """Of Alice's challenge of the open cycle's result, which is published for it."""
    cycle = stage.cycle
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    open_challenge(number=cycle.number, check="sums", wallet=address("alice"), at=cycle.closes_at)
    assert verify_result(cycle_id=cycle.pk, at=cycle.closes_at)
    return ChallengeAnswer.objects.get()


def counterfactual_of(stage: Stage) -> Counterfactual:
    """Of the past cycle's result."""
    record_of(stage)
    assert vary_result(cycle_id=stage.past.pk, at=stage.past.closes_at)
    return Counterfactual.objects.all()[0]


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
    "a_waiting_ballot_is_stored_once": [lambda s: [waiting_of(s.cycle), waiting_of(s.cycle)]],
    "a_waiting_voter_is_an_address": [lambda s: waiting_of(s.cycle, voter=address("bob").upper())],
    "every_waiting_line_has_a_share": [lambda s: waiting_of(s.cycle, options=[0, 1])],
    "an_outcome_is_known": [lambda s: verdict_of(s, outcome="rumour")],
    "an_accepted_ballot_names_its_block": [
        lambda s: verdict_of(s, outcome="accepted"),
        lambda s: verdict_of(s, outcome="accepted", **{**BLOCK, "standard": ""}),
        lambda s: verdict_of(s, outcome="accepted", **{**BLOCK, "block_hash": None}),
    ],
    "one_draft_per_wallet_and_cycle": [lambda s: [draft_of(s), draft_of(s)]],
    "a_draft_that_was_saved_says_when": [
        lambda s: draft_of(s, version=1),
        lambda s: draft_of(s, content={}),
        lambda s: draft_of(s, version=1, first_saved_at=s.cycle.closes_at, saved_at=s.cycle.opens_at),
    ],
    "who_drafted_had_started": [
        lambda s: drafting_of(s, started=1, drafted=2),
        lambda s: drafting_of(s, started=1, timed=2),
    ],
    "a_median_is_of_five_or_more": [lambda s: drafting_of(s, started=4, timed=4, median_seconds=60)],
    "a_wallet_challenges_a_check_once": [lambda s: again(answer_of(s).challenge)],
    "a_challenge_is_answered_once_by_each_software": [lambda s: again(answer_of(s))],
    "a_counterfactual_is_computed_once": [lambda s: again(counterfactual_of(s))],
    "a_counterfactual_is_known": [lambda s: again(counterfactual_of(s), kind="without_rain")],
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
