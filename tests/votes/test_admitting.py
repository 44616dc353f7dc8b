"""What the rule admits is put to the vote by itself, and never keeps a cycle from being announced."""

import psycopg
import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from journal.clock import database_clock
from journal.models import AuditEntry, JobRun
from ledger.actions import open_account, transfer
from programmes.models import MetaProgramme, Sponsorship, Typology
from tests.factories import HOUR, UNIT, Community, address, make_community, make_cycle, wallet
from tests.programmes.typed import proposal
from tests.races import at_once
from votes.actions.admitting import admission_due
from votes.actions.cycles import announce_cycle
from votes.actions.schedules import describe
from votes.actions.steps import admit, due_steps, run_everything_due
from votes.models import Cycle, ScheduledContest

pytestmark = pytest.mark.django_db


@pytest.fixture
def community() -> Community:
    """One in which Tooling is proposed and has sponsors enough."""
    made = make_community()
    MetaProgramme.objects.update(budget_per_cycle=2_000 * UNIT)
    client = Client()
    client.force_login(wallet("bob"), backend="accounts.backends.WalletBackend")
    assert client.post("/programmes/propose/", proposal()).status_code == 302
    sponsor = Client()
    sponsor.force_login(wallet("alice"), backend="accounts.backends.WalletBackend")
    assert sponsor.post("/programmes/tooling/sponsor/").status_code == 302
    assert Sponsorship.objects.count() == 1
    return made


def on_the_ballot(community: Community) -> list[str]:
    return [contest.programme.slug for contest in community.schedule.contests.select_related("programme")]


def told(verb: str) -> list[str]:
    return list(AuditEntry.objects.filter(verb=verb).values_list("after", flat=True))


def test_an_admitted_programme_stands_on_the_next_announced_ballot(community: Community) -> None:
    run_everything_due(at=database_clock())
    assert on_the_ballot(community) == ["ignite", "security", "tooling"]
    tooling = ScheduledContest.objects.get(programme__slug="tooling")
    assert (tooling.rule, tooling.fallback, tooling.is_put_by_rule) == ("ladder", "return_to_reserve", True)
    assert told("put_on_ballot") == ["Tooling: on the ballot of Weekly from the next announcement on."]
    cycle = Cycle.objects.earliest("opens_at")
    run_everything_due(at=cycle.announced_at)
    rules = Cycle.objects.get(pk=cycle.pk).announcement.rules
    assert [contest.programme for contest in rules.contests] == ["ignite", "security", "tooling"]
    assert "Tooling" in Client().get("/admin/log/").content.decode()


def test_what_is_announced_or_due_keeps_its_ballot(community: Community) -> None:
    announced = make_cycle(community, opens_in=30 * HOUR)
    due = make_cycle(community, opens_in=2 * HOUR, voting=HOUR, announced=False)
    later = make_cycle(community, opens_in=90 * HOUR, announced=False)
    assert admit(at=database_clock())
    for cycle in (announced, due):
        rules = Cycle.objects.get(pk=cycle.pk).announcement.rules
        assert [contest.programme for contest in rules.contests] == ["ignite", "security"]
    assert announce_cycle(cycle_id=later.pk, at=later.announced_at)
    assert len(Cycle.objects.get(pk=later.pk).announcement.rules.contests) == 3


def test_an_admin_takes_it_off_and_it_stays_off(community: Community) -> None:
    run_everything_due(at=database_clock())
    before = describe(community.schedule)
    assert "contest tooling" in before
    ScheduledContest.objects.filter(programme__slug="tooling").delete()
    make_cycle(community, opens_in=900 * HOUR, announced=False)
    assert admit(at=database_clock())
    assert on_the_ballot(community) == ["ignite", "security"]


def test_a_fault_of_it_leaves_it_off_in_public_and_the_cycle_is_announced(community: Community) -> None:
    run_everything_due(at=database_clock())
    cycle = Cycle.objects.earliest("opens_at")
    Typology.objects.filter(programme__slug="tooling").update(floor=6_000)
    run_everything_due(at=cycle.announced_at)
    rules = Cycle.objects.get(pk=cycle.pk).announcement.rules
    assert [contest.programme for contest in rules.contests] == ["ignite", "security"]
    (words,) = told("leave_off_ballot")
    assert words.startswith(
        f"Tooling: left off the ballot of Weekly, cycle {cycle.number}: Tooling: the floors sum"
    )
    assert on_the_ballot(community) == ["ignite", "security"]


def test_where_the_money_ends_it_is_the_newcomer_that_waits(community: Community) -> None:
    run_everything_due(at=database_clock())
    cycle = Cycle.objects.earliest("opens_at")
    meta, at = MetaProgramme.objects.get(), database_clock()
    other = open_account(token=meta.token, name="elsewhere")
    amount = (
        1_000_000 - 1_015
    ) * UNIT  # enough stays for what stood there before, too little for the newcomer
    transfer(debit=meta.source, credit=other, amount=amount, reason="Spent.", key="spent", at=at)
    run_everything_due(at=cycle.announced_at)
    assert len(Cycle.objects.get(pk=cycle.pk).announcement.rules.contests) == 2
    assert "the source may give only" in told("leave_off_ballot")[0]


def test_what_else_blocks_takes_nothing_off(community: Community) -> None:
    run_everything_due(at=database_clock())
    cycle = Cycle.objects.earliest("opens_at")
    Typology.objects.update(floor=6_000)
    run_everything_due(at=cycle.announced_at)
    assert not hasattr(Cycle.objects.get(pk=cycle.pk), "announcement")
    assert on_the_ballot(community) == ["ignite", "security", "tooling"]
    assert told("leave_off_ballot") == []
    assert ScheduledContest.objects.get(programme__slug="tooling").is_put_by_rule


def test_what_an_admin_put_there_is_not_taken_off(community: Community) -> None:
    run_everything_due(at=database_clock())
    ScheduledContest.objects.update(is_put_by_rule=False)
    cycle = Cycle.objects.earliest("opens_at")
    Typology.objects.filter(programme__slug="tooling").update(floor=6_000)
    run_everything_due(at=cycle.announced_at)
    assert not hasattr(Cycle.objects.get(pk=cycle.pk), "announcement")


@pytest.mark.django_db(transaction=True)
def test_an_admission_that_failed_is_tried_again_at_the_next_tick(
    community: Community, superuser: psycopg.Connection
) -> None:
    make_cycle(community, opens_in=30 * HOUR, announced=False)
    at = database_clock()
    superuser.execute(
        "ALTER TABLE programmes_admission ADD CONSTRAINT nobody CHECK (rule <> 'queue') NOT VALID"
    )
    try:
        with pytest.raises(DatabaseError, match="nobody"):
            admit(at=at)
    finally:
        superuser.execute("ALTER TABLE programmes_admission DROP CONSTRAINT nobody")
    assert not JobRun.objects.filter(step="admit").exists()
    assert on_the_ballot(community) == ["ignite", "security"]
    assert admission_due(at=at)
    run_everything_due(at=at)
    assert on_the_ballot(community) == ["ignite", "security", "tooling"]
    assert not admit(at=at)


def test_a_schedule_kept_by_an_admin_is_followed_by_an_admission(
    community: Community, settings: Settings
) -> None:
    settings.TPP_ADMINS = [address("alice")]
    run_everything_due(at=database_clock())
    assert admission_due(at=database_clock()) is None
    newer = make_cycle(community, opens_in=999 * HOUR, announced=False)
    assert admission_due(at=database_clock()) == newer
    assert [step.name for step, _ in due_steps(at=database_clock())] == []


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_put_it_there_once(community: Community) -> None:
    make_cycle(community, opens_in=30 * HOUR, announced=False)
    at = database_clock()
    answers = at_once(*[lambda: admit(at=at)] * 3)
    assert sorted(answers) == [False, False, True]
    assert on_the_ballot(community) == ["ignite", "security", "tooling"]
    assert JobRun.objects.filter(step="admit").count() == 1
