"""After the vote drafts are counted and deleted, and only the counts are shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from journal.clock import database_clock
from tests.factories import HOUR, UNIT, a_moment_after, make_community, make_cycle, signed, wallet
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result
from votes.actions.drafting import KEPT_AFTER_CLOSING, count_drafts, forget_drafts
from votes.actions.drafts import Edit, save_draft
from votes.actions.steps import run_everything_due
from votes.models import Cancellation, Cycle, Draft, Drafting

pytestmark = pytest.mark.django_db

PEOPLE = [f"delegate{n}" for n in range(6)]
TYPED = {"lines": {"ignite/lending": "60"}, "locked": [], "reason": "mine alone"}


def a_vote(signers: int) -> Cycle:
    """Six delegates and a stranger open the ballot, n minutes ago each; four draft, the first `signers` sign."""
    community = make_community({**dict.fromkeys(PEOPLE, UNIT), "nobody": 0})
    cycle = make_cycle(community)
    now = database_clock()
    for n, name in enumerate([*PEOPLE, "nobody"]):
        opened = now - timedelta(minutes=n + 1)
        Draft.objects.create(cycle=cycle, wallet=wallet(name), opened_at=opened)
        if n < 4:
            save_draft(number=cycle.number, wallet=wallet(name), edit=Edit(0, dict(TYPED)), at=now)
    for name in PEOPLE[:signers]:
        cast_ballot(number=cycle.number, submission=signed(name, cycle), at=database_clock())
    return cycle


def shown(client: Client, cycle: Cycle) -> Any:
    (row,) = client.get("/api/v1/uptake/").json()["cycles"]
    assert row["cycle"] == cycle.number
    return row["drafting"]


def test_started_drafted_signed_and_the_median_are_counted_at_closing(client: Client) -> None:
    cycle = a_vote(signers=5)
    assert not count_drafts(cycle_id=cycle.pk, at=database_clock())  # voting goes on
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert shown(client, cycle) == {"started": None, "drafted": None, "signed": 5, "minutes_to_sign": None}
    assert count_drafts(cycle_id=cycle.pk, at=cycle.closes_at)
    assert not count_drafts(cycle_id=cycle.pk, at=cycle.closes_at)
    figures = shown(client, cycle)
    numerator, _, denominator = figures.pop("minutes_to_sign").partition("/")
    assert (
        3 <= int(numerator) / int(denominator or 1) < 3.5
    )  # of 1, 2, 3, 4 and 5, and the seconds of this test
    assert figures == {"started": 6, "drafted": 4, "signed": 5}
    page = client.get("/uptake/").content.decode()
    assert "6 delegates opened the ballot of cycle 1 while signed in, 4 saved a draft, and 5 signed" in page
    table = client.get("/api/v1/uptake.csv").content.decode().splitlines()
    assert table[0].count("drafting_") == 4
    assert ",6,4,5,3." in table[1]


def test_a_median_of_few_is_not_told(client: Client) -> None:
    cycle = a_vote(signers=4)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert count_drafts(cycle_id=cycle.pk, at=cycle.closes_at)
    assert shown(client, cycle)["minutes_to_sign"] is None
    assert Drafting.objects.get().timed == 4


def test_an_open_cycle_shows_nothing_of_its_drafts(client: Client) -> None:
    a_vote(signers=5)
    assert client.get("/api/v1/uptake/").json()["cycles"] == []


def test_drafts_are_deleted_days_after_the_vote_by_themselves(client: Client) -> None:
    cycle = a_vote(signers=5)
    later = cycle.closes_at + KEPT_AFTER_CLOSING
    run_everything_due(at=later - timedelta(microseconds=1))
    assert Draft.objects.filter(cycle=cycle).count() == 7
    before = shown(client, cycle)
    assert before["started"] == 6
    run_everything_due(at=later)
    assert not Draft.objects.filter(cycle=cycle).exists()
    assert shown(client, cycle) == before
    assert not forget_drafts(cycle_id=cycle.pk, at=a_moment_after(later))


def test_drafts_are_not_deleted_before_they_are_counted() -> None:
    cycle = a_vote(signers=5)
    assert not forget_drafts(cycle_id=cycle.pk, at=cycle.closes_at + 1_000 * HOUR)
    assert Draft.objects.exists()


def test_drafts_of_a_cancelled_cycle_are_deleted_at_once() -> None:
    cycle = make_cycle(make_community(), opens_in=2 * HOUR)
    Draft.objects.create(cycle=cycle, wallet=wallet("alice"), opened_at=database_clock())
    Cancellation.objects.create(cycle=cycle, cancelled_at=database_clock(), reason="Not now.")
    assert forget_drafts(cycle_id=cycle.pk, at=database_clock())
    assert not Draft.objects.exists()
