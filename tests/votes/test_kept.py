"""What was counted is never edited, deleted or emptied, whoever tries."""

import os

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from journal.clock import database_clock
from tests.factories import HOUR, address, make_community, make_cycle, signed
from tests.votes.rows import waiting_of
from votes.actions.ballots import cast_ballot
from votes.actions.challenges import ask_again, open_challenge
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.counterfactuals import vary_result
from votes.actions.cycles import cancel_unpublished
from votes.actions.heads import publish_head
from votes.actions.records import build_closed_record
from votes.actions.verifying import verify_result
from votes.models import (
    Announcement,
    Ballot,
    BallotPosition,
    Blind,
    Cancellation,
    Certificate,
    Challenge,
    ChallengeAnswer,
    Contest,
    ContestResult,
    Correction,
    Counterfactual,
    Cycle,
    CyclePower,
    Draft,
    Drafting,
    MetaContest,
    Option,
    OptionResult,
    OtherOutput,
    Reason,
    Recomputation,
    RecomputationAnswer,
    Record,
    RecordPart,
    Rehearsal,
    Result,
    Schedule,
    ScheduledContest,
    Settlement,
    TreeHead,
    TreeNode,
    Verdict,
    Verification,
    WaitingBallot,
    WaitingProgress,
    WaitingReason,
)

pytestmark = pytest.mark.django_db

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
    WaitingBallot,
    Verdict,
    Drafting,
    Challenge,
    ChallengeAnswer,
    Correction,
    Counterfactual,
    Recomputation,
    RecomputationAnswer,
    Verification,
}


def test_every_table_is_append_only_but_for_plans_and_erasable_words() -> None:
    assert set(apps.get_app_config("votes").get_models()) - KEPT == {
        Schedule,
        ScheduledContest,
        Rehearsal,
        MetaContest,
        Cycle,
        Reason,
        WaitingReason,
        WaitingProgress,
        Draft,
        OtherOutput,
    }


@pytest.fixture
def settled(superuser: psycopg.Connection) -> psycopg.Connection:
    """A committed row in every table of KEPT."""
    community = make_community(live_results=False)
    cancelled = make_cycle(community, opens_in=48 * HOUR, announced=False)
    assert cancel_unpublished(cycle_id=cancelled.pk, at=cancelled.opens_at)
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    waiting = waiting_of(cycle)
    Verdict.objects.create(waiting=waiting, outcome="rejected", name="bad_signature", words="No.")
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    TreeNode.objects.create(cycle=cycle, level=8, index=0, hash=bytes(32))  # the first of 256 ballots
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    Drafting.objects.create(cycle=cycle, started=0, drafted=0, timed=0)
    open_challenge(number=cycle.number, check="sums", wallet=address("alice"), at=cycle.closes_at)
    ask_again(number=cycle.number, at=cycle.closes_at)
    assert verify_result(cycle_id=cycle.pk, at=cycle.closes_at)
    Correction.objects.create(result=cycle.results.get(), actor=address("bob"), changes=[])
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert build_closed_record(cycle_id=cycle.pk, at=cycle.settles_at)
    assert vary_result(cycle_id=cycle.pk, at=cycle.settles_at)
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
