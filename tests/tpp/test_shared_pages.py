"""Everybody is given the same rendered page with their own parts filled in, and nobody anybody else's."""

import re
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.middleware.csrf import _unmask_cipher_token  # type: ignore[attr-defined]
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Wallet
from deliberation.actions import publish_post
from deliberation.models import Post
from journal.clock import database_clock, pretended_clock
from programmes.actions.sponsoring import say_sponsorship
from programmes.models import Application, Facilitator, Programme
from tests.factories import HOUR, Community, address, make_community, make_cycle, signed, wallet
from tests.programmes.typed import application, proposal
from tpp.shared_pages import ALIKE, SharedPages
from tpp.visitor import Marks
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result
from votes.models import Ballot

pytestmark = pytest.mark.django_db

THREAD = "/programmes/ignite/"
TOKEN = re.compile(r'(?:csrf-token" content|csrfmiddlewaretoken" value)="(\w+)"')


@pytest.fixture
def community(settings: Settings) -> Community:
    """Alice facilitates and sponsors, Bob proposed, Dora is an admin; a cycle has its result, another is open."""
    community, at = make_community(), database_clock()
    Facilitator.objects.create(
        programme=community.ignite,
        wallet=wallet("alice"),
        starts_at=at - HOUR,
        ends_at=at + HOUR,
        pay_rule="1 %",
        interest="None.",
    )
    bob = signed_in("bob")
    assert bob.post("/programmes/propose/", proposal()).status_code == 302
    assert bob.post("/programmes/ignite/lending/apply/", application()).status_code == 302
    tooling = Programme.objects.get(slug="tooling")
    say_sponsorship(programme=tooling, wallet=wallet("alice"), sponsors=True, at=at)
    counted = make_cycle(community, opens_in=-2 * HOUR, voting=90 * timedelta(minutes=1))
    assert close_cycle(cycle_id=counted.pk, at=counted.closes_at)
    assert publish_result(cycle_id=counted.pk, at=counted.closes_at)
    running = make_cycle(community, opens_in=timedelta(minutes=-20))
    cast_ballot(number=running.number, submission=signed("alice", running), at=database_clock())
    settings.TPP_ADMINS = [wallet("dora").address]
    settings.TPP_PAGE_SECONDS = 60
    return community


@pytest.fixture
def house(community: Community) -> Client:
    """The one server that everybody asks."""
    client = Client()
    client.get("/healthz")
    return client


def signed_in(name: str, house: Client | None = None) -> Client:
    client = Client(enforce_csrf_checks=house is not None)
    client.force_login(wallet(name), backend="accounts.backends.WalletBackend")
    if house:
        client.handler = house.handler
        client.handler.enforce_csrf_checks = True
    return client


def addresses() -> dict[str, list[str]]:
    """An address or more of every page that is shared, by its name."""
    filed, ballot = Application.objects.get(), Ballot.objects.get()
    return {
        "home": ["/"],
        "programmes": ["/programmes/"],
        "programme": [THREAD, "/programmes/tooling/"],
        "typology": ["/programmes/ignite/lending/"],
        "programme_history": ["/programmes/tooling/history/"],
        "programme_applications": ["/programmes/ignite/applications/"],
        "typology_applications": ["/programmes/ignite/lending/applications/"],
        "application": [filed.get_absolute_url()],
        "admission": ["/programmes/admission/"],
        "uptake": ["/uptake/"],
        "cycles": ["/cycles/"],
        "cycle": ["/cycles/1/", "/cycles/2/"],
        "ballot": ["/cycles/1/ballot/", "/cycles/2/ballot/"],
        "ballots": ["/cycles/2/ballots/"],
        "receipt": [ballot.get_absolute_url()],
        "result": ["/cycles/1/result/", "/cycles/2/result/"],
        "contest": ["/cycles/1/contests/ignite/"],
        "forum": ["/forum/"],
    }


def test_each_visitor_sees_exactly_the_page_that_was_rendered_for_them_alone(
    house: Client, settings: Settings
) -> None:
    assert addresses().keys() == ALIKE
    visitors = {name: signed_in(name, house) for name in ("alice", "bob", "dora")}
    stranger = Client()
    stranger.handler, stranger.cookies["sessionid"] = house.handler, "0" * 32
    with pretended_clock(database_clock()):
        for path in [path for paths in addresses().values() for path in paths]:
            shared = {name: read(visitor, path) for name, visitor in visitors.items()}
            shared |= {"": read(stranger, path)}
            settings.TPP_PAGE_SECONDS = 0
            own = {name: read(visitor, path) for name, visitor in visitors.items()} | {
                "": read(stranger, path)
            }
            settings.TPP_PAGE_SECONDS = 60
            assert shared == own, path
            assert len(set(own.values())) >= 3, path  # names differ; the admin has a link more
            for name in ("Alice", "Bob", "Dora"):
                assert shared[""].count(f">{name}<") == own[""].count(f">{name}<")


def read(visitor: Client, path: str) -> str:
    """The page at `path`, with every token put aside."""
    answer = visitor.get(path)
    assert answer.status_code == 200, path
    return TOKEN.sub("", answer.content.decode())


def test_what_only_one_may_do_is_offered_to_that_one(house: Client) -> None:
    alice, bob, dora = (signed_in(name, house) for name in ("alice", "bob", "dora"))
    pages = {
        name: visitor.get(THREAD).content.decode()
        for name, visitor in {"a": alice, "b": bob, "d": dora}.items()
    }
    assert [name for name, page in pages.items() if "/ignite/edit/" in page] == ["a"]
    assert [name for name, page in pages.items() if 'href="/admin/"' in page] == ["d"]
    pages = {
        name: c.get("/programmes/tooling/").content.decode() for name, c in {"a": alice, "b": bob}.items()
    }
    assert [name for name, page in pages.items() if "Stop sponsoring it" in page] == ["a"]
    assert [name for name, page in pages.items() if "/tooling/edit/" in page] == ["b"]


def test_a_filled_in_token_is_the_visitors_own_and_works_for_nobody_else(house: Client) -> None:
    alice, bob = signed_in("alice", house), signed_in("bob", house)
    tokens = {visitor: TOKEN.findall(visitor.get(THREAD).content.decode()) for visitor in (alice, bob)}
    for visitor, found in tokens.items():
        secret = visitor.cookies["csrftoken"].value
        assert len(found) == 3
        assert {_unmask_cipher_token(token) for token in found} == {secret}
    path = f"/threads/{Programme.objects.get(slug='ignite').thread_id}/posts/"
    forged = bob.post(path, {"text": "Forged.", "csrfmiddlewaretoken": tokens[alice][0]})
    assert forged.status_code == 403
    assert bob.post(path, {"text": "Mine.", "csrfmiddlewaretoken": tokens[bob][0]}).status_code == 302
    assert Post.objects.filter(author=wallet("bob"), text__text="Mine.").exists()


def test_whoever_posts_sees_it_at_once_and_is_told_so_once(house: Client, settings: Settings) -> None:
    settings.TPP_PAGE_SECONDS = 0.5
    alice, bob = signed_in("alice", house), signed_in("bob", house)
    token = TOKEN.findall(alice.get(THREAD).content.decode())[0]
    bob.get(THREAD)
    path = f"/threads/{Programme.objects.get(slug='ignite').thread_id}/posts/"
    assert alice.post(path, {"text": "Fund lending.", "csrfmiddlewaretoken": token}).status_code == 302
    seen = alice.get(THREAD).content
    assert b"Fund lending." in seen
    assert b"Your post is public." in seen
    assert b"Your post is public." not in alice.get(THREAD).content
    assert b"Your post is public." not in bob.get(THREAD).content
    time.sleep(0.6)
    assert b"Fund lending." in bob.get(THREAD).content


def test_whoever_signs_out_or_loses_the_session_is_a_stranger_at_once(house: Client) -> None:
    alice = signed_in("alice", house)
    page = alice.get("/cycles/").content
    assert b"Alice" in page
    kept = alice.cookies["sessionid"].value
    token = TOKEN.findall(page.decode())[0]
    assert alice.post("/sign-out/", {"csrfmiddlewaretoken": token}).status_code == 302
    thief = Client()
    thief.handler, thief.cookies["sessionid"] = house.handler, kept
    assert b"Alice" not in thief.get("/cycles/").content
    assert b"Alice" not in alice.get("/cycles/").content


def test_a_shared_page_costs_a_visitor_few_queries(house: Client) -> None:
    alice = signed_in("alice", house)
    alice.get(THREAD)
    with CaptureQueriesContext(connection) as queries:
        answer = alice.get(THREAD)
    assert len(queries) == 3  # the session, the wallet, a draft that was not sent
    assert answer["Cache-Control"] == "private, no-cache"
    assert "Cookie" in answer["Vary"]
    assert not answer.has_header("ETag")
    assert "Cache-Control" not in Client().get(THREAD)


def test_no_words_of_a_user_are_taken_for_a_part_of_the_page(
    house: Client, monkeypatch: pytest.MonkeyPatch, community: Community
) -> None:
    monkeypatch.setattr("tpp.visitor.secrets.token_hex", lambda size: "ab" * size)
    words = "<!--" + "ab" * 16 + ":0-->"
    publish_post(thread=community.ignite.thread, author=wallet("bob"), text=words, at=database_clock())
    page = signed_in("alice", house).get(THREAD).content.decode()
    assert "&lt;!--abab" in page
    assert "<!--" not in page
    assert Marks().name == "ab" * 16


def test_nothing_of_the_first_visitor_reaches_the_view(
    house: Client, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    render = SharedPages._render

    def spy(self: SharedPages, request: object) -> object:
        inner = self.get_response
        self.get_response = lambda given: asked.append(given) or inner(given)  # type: ignore[func-returns-value]
        return render(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(SharedPages, "_render", spy)
    alice = signed_in("alice", house)
    alice.get(THREAD, headers={"Authorization": "Basic YWxpY2U6YQ=="})
    (given,) = asked
    assert not given.COOKIES
    assert not isinstance(given.user, Wallet)
    assert given.session.is_empty()
    told = " ".join(map(str, given.META.values()))
    assert "sessionid" not in told
    assert "Basic" not in told
    assert address("alice") not in told
