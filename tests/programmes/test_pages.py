"""Programme pages: what each says, that user text is text, and what is not there."""

from datetime import timedelta

import pytest
from django.test import Client

from journal.clock import database_clock
from programmes.actions import NewTypology, Statement, found_programme
from programmes.models import Facilitator, Goal, MetaProgramme
from tests.factories import HOUR, UNIT, Community, a_moment_after, make_community, make_cycle, signed, wallet
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>\"'&"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;"


@pytest.fixture
def community() -> Community:
    return make_community()


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    return answer.content.decode()


def settle(community: Community) -> None:
    """One cycle in which alice's ballot alone decides."""
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    closed = a_moment_after(cycle.closes_at)
    assert close_cycle(cycle_id=cycle.pk, at=closed)
    assert publish_result(cycle_id=cycle.pk, at=closed)
    assert settle_cycle(cycle_id=cycle.pk, at=closed + 2 * HOUR)


@pytest.mark.usefixtures("community")
def test_the_list_shows_every_programme_with_budget_and_typologies(client: Client) -> None:
    shown = page(client, "/programmes/")
    for words in ("Ignite", "What ignite is for.", "1,000&nbsp;TST", "Security", "10&nbsp;TST"):
        assert words in shown
    for address in ("/programmes/ignite/", "/programmes/ignite/lending/", "/programmes/security/audits/"):
        assert f'href="{address}"' in shown


def test_a_programme_shows_its_statement_goals_and_facilitators(client: Client, community: Community) -> None:
    at = database_clock()
    Goal.objects.create(programme=community.security, goal="Fewer faults", metric="Reports", target="10")
    Facilitator.objects.create(
        programme=community.security,
        wallet=wallet("bob"),
        starts_at=at,
        ends_at=at + timedelta(days=90),
        pay_rule="1 % of what milestones deliver",
        interest="Audits for a living",
    )
    shown = page(client, "/programmes/security/")
    for words in (
        "Impact.",
        "Mechanic.",
        "Plan.",
        "Fewer faults",
        "Reports",
        "Bob",
        "1 % of what milestones",
    ):
        assert words in shown
    for words in ("Audits for a living", "At least 10", "At most 80", "No cycle has split it yet."):
        assert words in shown


def test_a_typology_shows_its_bounds_and_what_it_holds(client: Client, community: Community) -> None:
    shown = page(client, "/programmes/security/audits/")
    assert "Read code." in shown
    assert "No cycle has decided on it yet." in shown
    settle(community)
    shown = page(client, "/programmes/security/audits/")
    # 10 tokens: floor 1, and half of the remaining 9
    assert "<b>" in shown
    assert f'<data value="{55 * UNIT // 10}" title="5.5 TST">' in shown
    assert "Audits, cycle 1" in shown


def test_past_splits_stand_on_programme_and_list(client: Client, community: Community) -> None:
    settle(community)
    for path in ("/programmes/", "/programmes/ignite/"):
        assert 'aria-label="Lending 60' in page(client, path)
    assert 'href="/cycles/1/result/"' in page(client, "/programmes/ignite/")


def test_what_people_wrote_is_shown_as_text_on_every_page(client: Client, community: Community) -> None:
    at = database_clock()
    meta = community.meta
    MetaProgramme.objects.filter(pk=meta.pk).update(name=f"M {EVIL}", description=f"D {EVIL}")
    told = dict.fromkeys(
        ("summary", "impact", "mechanic", "plan", "accountability", "conflicts"), f"T {EVIL}"
    )
    programme = found_programme(
        meta=meta,
        statement=Statement(slug="evil", name=f"P {EVIL}", **told),
        budget=UNIT,
        typologies=[
            NewTypology("one", f"Y {EVIL}", f"S {EVIL}", description=f"L {EVIL}"),
            NewTypology("two", "Two", "Two."),
        ],
        at=at,
    )
    Goal.objects.create(programme=programme, goal=EVIL, metric=EVIL, target=EVIL)
    writer = wallet("bob")
    type(writer).objects.filter(pk=writer.pk).update(name=f"W {EVIL}")
    Facilitator.objects.create(
        programme=programme,
        wallet=writer,
        starts_at=at,
        ends_at=at + timedelta(days=1),
        pay_rule=EVIL,
        interest=EVIL,
    )
    for path in ("/", "/programmes/", "/programmes/evil/", "/programmes/evil/one/", "/cycles/", "/forum/"):
        shown = page(client, path)
        assert "<script>alert" not in shown, path
        assert "M " + ESCAPED in shown, path
    shown = page(client, "/programmes/evil/")
    for kind in "PTYSW":
        assert f"{kind} {ESCAPED}" in shown


@pytest.mark.usefixtures("community")
@pytest.mark.parametrize(
    "path",
    [
        "/programmes/none/",
        "/programmes/IGNITE/",
        "/programmes/ignite/none/",
        "/programmes/ignite/audits/",
        "/programmes/none/lending/",
        "/programmes/ignite/lending/more/",
        "/programmes/a%00b/",
        "/programmes/" + "x" * 5000 + "/",
    ],
)
def test_what_is_not_there_is_answered_404_in_words(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


@pytest.mark.usefixtures("community")
def test_an_address_without_its_last_slash_leads_to_the_page(client: Client) -> None:
    answer = client.get("/programmes/ignite")
    assert (answer.status_code, answer["Location"]) == (301, "/programmes/ignite/")


def test_a_site_without_a_community_says_so(client: Client) -> None:
    assert "There is no programme yet." in page(client, "/programmes/")
