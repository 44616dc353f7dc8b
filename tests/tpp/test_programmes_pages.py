"""Programme and typology pages: money as a picture, and a number of questions that doesn't grow with what is there."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from journal.clock import database_clock
from programmes.templatetags.columns import Column, Part, money_columns
from tests.factories import HOUR, Community, a_moment_after, make_community, make_cycle, signed, wallet
from tests.programmes.typed import application, proposal
from tests.tpp.html_reader import Page
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle

pytestmark = pytest.mark.django_db


@pytest.fixture
def community(settings: Settings) -> Community:
    settings.TPP_PAGE_SECONDS = 0
    return make_community()


def questions(path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert Client().get(path).status_code == 200
    return len(asked)


def test_money_over_the_cycles_is_drawn_with_its_numbers_in_words(community: Community) -> None:
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    closed = a_moment_after(cycle.closes_at)
    assert close_cycle(cycle_id=cycle.pk, at=closed)
    assert publish_result(cycle_id=cycle.pk, at=closed)
    assert settle_cycle(cycle_id=cycle.pk, at=closed + 2 * HOUR)
    for path, words in (
        ("/programmes/ignite/", "Given over the cycles: 1,000 TST in cycle 1"),
        ("/programmes/security/audits/", "Given over the cycles: 5.5 TST in cycle 1"),
    ):
        shown = Client().get(path).content.decode()
        page = Page.read(shown)
        assert page.faults == []
        picture = next(e for e in page.elements if e.attributes.get("class") == "columns")
        assert str(picture.attributes["aria-label"]).startswith(words)
        assert 'height="100.0000%"' in shown or path == "/programmes/ignite/"
    assert "Cycle 1, Lending: 600 TST" in Client().get("/programmes/ignite/").content.decode()


def test_a_picture_escapes_names_and_is_left_out_without_money(community: Community) -> None:
    token = community.meta.token
    drawn = money_columns([Column("1", (Part("<b>", 1, 5), Part("b", 2, 0)))], token, "Given")
    assert "&lt;b&gt;" in drawn
    assert drawn.count("<rect") == 1
    assert money_columns([Column("1", (Part("a", 1, 0),))], token, "Given") == ""
    assert money_columns([], token, "Given") == ""


@pytest.mark.parametrize(
    "path",
    [
        "/programmes/",
        "/programmes/tooling/",
        "/programmes/tooling/docs/",
        "/programmes/tooling/applications/",
        "/programmes/tooling/history/",
        "/programmes/admission/",
    ],
)
def test_pages_ask_no_more_the_more_there_is(community: Community, path: str) -> None:
    client = Client()
    client.force_login(wallet("alice"))
    client.post("/programmes/propose/", proposal())
    client.post("/programmes/tooling/docs/apply/", application())
    client.post("/programmes/tooling/sponsor/")
    few = questions(path)
    for name in ("Games", "Bridges", "Wallets"):
        client.post("/programmes/propose/", proposal(name=name))
        client.post("/programmes/tooling/docs/apply/", application(title=name))
        client.post(f"/programmes/{name.lower()}/sponsor/")
    other = Client()
    other.force_login(wallet("bob"))
    other.post("/programmes/tooling/sponsor/")
    assert questions(path) <= few <= 26
