"""Pages that stand above the rooms: the front in every phase, the frame of every page, pages about errors."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from journal.clock import database_clock
from tests.accounts.visitors import Visitor
from tests.factories import HOUR, Community, make_community, make_cycle, signed, wallet
from tests.tpp.html_reader import Page
from tpp.pages.context import current_cycle
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.models import Cancellation, Cycle

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def planned(community: Community) -> Cycle:
    return make_cycle(community, opens_in=10 * HOUR, announced=False)


def announced(community: Community) -> Cycle:
    return make_cycle(community, opens_in=HOUR, frozen=False)


def opened(community: Community) -> Cycle:
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    return cycle


def counting(community: Community) -> Cycle:
    return make_cycle(community, opens_in=-2 * HOUR, voting=HOUR)


def challenged(community: Community) -> Cycle:
    cycle = make_cycle(community, opens_in=-2 * HOUR, voting=90 * MINUTE)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    return cycle


def settled(community: Community) -> Cycle:
    cycle = make_cycle(community, opens_in=-9 * HOUR, voting=HOUR)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at + HOUR)
    return cycle


def cancelled(community: Community) -> Cycle:
    cycle = planned(community)
    Cancellation.objects.create(
        cycle=cycle, cancelled_at=database_clock(), reason="The <b>budget</b> is gone."
    )
    return cycle


PHASES: dict[Callable[[Community], Cycle], str] = {
    planned: "Cycle 1 opens in 9:59 h",
    announced: "Cycle 1 opens in 59:59 min",
    opened: "Cycle 1 is open: 1,010 TST to split",
    counting: "Cycle 1 has closed",
    challenged: "The result of cycle 1 is out",
    settled: "Cycle 1 is settled",
    cancelled: "Test community",
}


@pytest.mark.parametrize(
    ("reach", "heading"), PHASES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_the_front_says_where_the_cycle_is(
    client: Client, reach: Callable[[Community], Cycle], heading: str
) -> None:
    cycle = reach(make_community())
    page = Page.read(client.get("/").content.decode())
    shown = page.all("h1")[0].text.replace("\xa0", " ")
    assert shown[: len(heading) - 5] == heading[:-5]
    for path in (
        "/",
        "/cycles/",
        "/cycles/1/",
        "/cycles/1/ballot/",
        "/cycles/1/result/",
        "/cycles/1/ballots/",
        "/cycles/1/record/",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert Page.read(answer.content.decode()).faults == [], path
    assert Cycle.objects.at(database_clock()).get() == cycle


def test_a_cancelled_cycle_says_why_and_is_not_on_the_front(client: Client) -> None:
    cancelled(make_community())
    front = client.get("/").content.decode()
    assert "Test community is being set up" in front
    assert "is gone" not in front
    for path in ("/cycles/1/", "/cycles/1/ballot/"):
        assert "The &lt;b&gt;budget&lt;/b&gt; is gone." in client.get(path).content.decode()


def test_what_is_under_way_comes_before_what_is_coming_and_that_before_what_was() -> None:
    community, at = make_community(), database_clock()
    assert current_cycle(at=at) is None
    last = settled(community)
    assert current_cycle(at=at) == last
    coming = make_cycle(community, opens_in=30 * HOUR, announced=False)
    assert current_cycle(at=at) == coming
    running = counting(community)
    assert current_cycle(at=database_clock()) == running


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "This place is being set up"),
        ("/cycles/", "There is no cycle yet."),
        ("/programmes/", "There is no programme yet."),
        ("/forum/", "Nobody has said anything yet."),
        ("/sign-in/", "There are no passwords here."),
    ],
)
def test_a_site_without_a_community_says_what_is_missing(client: Client, path: str, words: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Page.read(answer.content.decode()).faults == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "Now"),
        ("/cycles/", "Cycles"),
        ("/cycles/1/", "Cycles"),
        ("/cycles/1/ballot/", "Vote"),
        ("/programmes/", "Programmes"),
        ("/programmes/ignite/lending/", "Programmes"),
        ("/forum/", "Forum"),
        ("/sign-in/", None),
        ("/nowhere/", None),
    ],
)
def test_the_navigation_says_where_one_is(client: Client, path: str, place: str | None) -> None:
    opened(make_community())
    links = Page.read(client.get(path).content.decode()).all("a")
    assert [a.text for a in links if "aria-current" in a.attributes] == ([place] if place else [])


def test_a_page_greets_who_is_signed_in_and_offers_to_sign_out(client: Client) -> None:
    client.force_login(wallet("alice"))
    shown = client.get("/sign-in/").content.decode()
    assert "Alice</span>" in shown
    assert "Sign out" in shown


def test_a_reload_shows_a_message_once(client: Client) -> None:
    community = make_community()
    client.force_login(wallet("alice"))
    client.post(f"/threads/{community.ignite.thread_id}/posts/", {"text": "Hello."})
    assert "Your post is public." in client.get("/programmes/ignite/").content.decode()
    assert "Your post is public." not in client.get("/programmes/ignite/").content.decode()


def test_pages_about_refusals_are_sound() -> None:
    community = make_community()
    visitor = Visitor()
    thread = f"/threads/{community.ignite.thread_id}/posts/"
    token = visitor.token()
    answers = {
        404: visitor.client.get("/nowhere/"),
        403: visitor.client.post(thread, {"text": "Hello.", "csrfmiddlewaretoken": token}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert Page.read(answer.content.decode()).faults == []
    forged = visitor.client.post(thread, {"text": "Hello."})
    assert forged.status_code == 403
    assert Page.read(forged.content.decode()).faults == []
    visitor.sign_in()
    empty = visitor.client.post(thread, {"text": "", "csrfmiddlewaretoken": visitor.token()})
    assert empty.status_code == 400
    assert Page.read(empty.content.decode()).faults == []


@pytest.mark.parametrize("path", ["/", "/cycles/1/", "/programmes/ignite/", "/healthz"])
def test_asking_for_the_head_alone_is_answered(client: Client, path: str) -> None:
    opened(make_community())
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/cycles/0/", "/cycles/2/", "/cycles/01/", "/cycles/9999999999/", "/cycles/-1/", "/cycles/1e3/"]
)
def test_a_cycle_that_is_not_there_is_answered_404(client: Client, path: str) -> None:
    opened(make_community())
    for address in (path, f"{path}result/", f"{path}ballot/", f"/api/v1{path}"):
        assert client.get(address).status_code == 404, address


def test_static_files_are_served_with_their_kind(client: Client) -> None:
    kinds = {
        "/static/css/site.css": "text/css",
        "/static/js/page.js": "text/javascript",
        "/static/icon.svg": "image/svg+xml",
    }
    for path, kind in kinds.items():
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer["Content-Type"].partition(";")[0] == kind
        assert b"".join(answer)  # to the end, or the file stays open
    assert client.get("/static/../tpp/settings.py").status_code == 404
