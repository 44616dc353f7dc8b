"""What is new since the reader's last ballot: exactly what came after it, and the minutes that it asks."""

from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deliberation.actions import publish_post
from journal.clock import database_clock
from programmes.actions.applying import NewApplication, NewMilestone, send_application
from tests.contests import page_of, publish
from tests.factories import HOUR, UNIT, Community, address, make_community, make_cycle, signed, wallet
from votes.actions.closing import settle_cycle
from votes.actions.cycles import announce_cycle, freeze_power, plan_cycle
from votes.actions.past import record_ballot
from votes.models import Cycle
from votes.record.rules import Instants
from votes.whats_new import read_news

pytestmark = pytest.mark.django_db


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def cycle(community: Community) -> Cycle:
    """An open cycle after a settled one in which only Alice voted; posts and an application came since."""
    now = database_clock()
    opens_at = now - 40 * HOUR
    instants = Instants(
        announced_at=opens_at - 3 * HOUR,
        snapshot_at=opens_at - HOUR,
        opens_at=opens_at,
        closes_at=opens_at + 10 * HOUR,
        settles_at=opens_at + 11 * HOUR,
    )
    past = plan_cycle(
        schedule=community.schedule, instants=instants, at=instants.announced_at, origin="demo", number=1
    )
    assert announce_cycle(cycle_id=past.pk, at=instants.announced_at)
    assert freeze_power(cycle_id=past.pk, at=instants.snapshot_at)
    past = Cycle.objects.get(pk=past.pk)
    submission, rules = signed("alice", past), past.announcement.rules
    record_ballot(
        cycle=past,
        signed=submission.ballot,
        rules=rules,
        signature=submission.signature,
        received_at=opens_at + HOUR,
    )
    publish(past)
    assert settle_cycle(cycle_id=past.pk, at=past.settles_at)
    say(community, "five words were said before", at=opens_at + 2 * HOUR)
    say(community, "three words more", at=now - HOUR)
    cycle = make_cycle(community)
    at = database_clock()
    send_application(
        typology=community.ignite.typologies.get(slug="lending"),
        applicant=wallet("bob"),
        application=NewApplication("Desk", "Bob.", "A desk.", "", (), address("bob"), UNIT),
        milestones=[
            NewMilestone(
                measure="Users", target="1", source="The site", due_on=(at + 240 * HOUR).date(), amount=UNIT
            )
        ],
        at=at,
    )
    return cycle


def say(community: Community, words: str, *, at: datetime) -> None:
    publish_post(thread=community.ignite.thread, author=wallet("bob"), text=words, at=at)


def test_somebody_unknown_sees_what_is_new_since_the_last_closing(cycle: Cycle) -> None:
    news = read_news(cycle, voter=None, at=database_clock())
    assert not news.is_own
    assert news.words == 3
    ignite, security = news.programmes
    assert (ignite.posts, ignite.is_first, ignite.edits, ignite.budget_moved) == (1, False, 0, False)
    assert [(line.option.key, line.applications, line.awarded) for line in ignite.lines] == [
        ("lending", 1, 600 * UNIT),
        ("exchanges", 0, 400 * UNIT),
    ]
    assert security.posts == 0
    assert news.seconds == 1 + 2 * 60 + 4 * 15  # three words are 0.9 seconds
    assert news.minutes == 4


def test_a_voter_sees_what_is_new_since_their_own_last_ballot(cycle: Cycle) -> None:
    alice = read_news(cycle, voter=address("alice"), at=database_clock())
    assert (alice.is_own, alice.words, alice.programmes[0].posts) == (True, 8, 2)
    bob = read_news(cycle, voter=address("bob"), at=database_clock())
    assert (bob.is_own, bob.words) == (False, 3)


def test_on_the_first_ballot_everything_is_new(community: Community) -> None:
    say(community, "two words", at=database_clock())
    cycle = make_cycle(community)
    news = read_news(cycle, voter=address("alice"), at=database_clock())
    assert (news.since, news.words, news.back) == (None, 2, [])
    assert all(item.is_first for item in news.programmes)


def test_the_ballot_page_says_it_at_the_top(cycle: Cycle, client: Client) -> None:
    page = page_of(client, cycle, "ballot/")
    assert "This cycle asks about 4 minutes" in page
    assert "What is new since the last vote closed" in page
    assert "1 new application" in page
    client.force_login(wallet("alice"), backend="accounts.backends.WalletBackend")
    assert "What is new since your last ballot" in page_of(client, cycle, "ballot/")


def test_the_number_of_queries_is_bounded(cycle: Cycle) -> None:
    fresh = Cycle.objects.select_related("announcement").get(pk=cycle.pk)
    with CaptureQueriesContext(connection) as queries:
        read_news(fresh, voter=address("alice"), at=database_clock())
    assert len(queries) <= 15
