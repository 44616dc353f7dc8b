"""A page that all see alike is rendered once a second; nobody's own page is ever given to somebody else."""

import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from deliberation.actions import publish_post
from journal.clock import database_clock
from programmes.models import Programme
from tests.factories import HOUR, make_community, make_cycle, signed, wallet
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle

pytestmark = pytest.mark.django_db

PAGE = "/programmes/ignite/"


@pytest.fixture
def thread(settings: Settings) -> object:
    settings.TPP_PAGE_SECONDS = 0.2
    return make_community().ignite.thread


def say(thread: object, words: str) -> None:
    publish_post(thread=thread, author=wallet("alice"), text=words, at=database_clock())  # type: ignore[arg-type]


def test_a_page_is_shown_again_for_its_time_and_then_rendered_anew(thread: object, client: Client) -> None:
    assert client.get(PAGE).status_code == 200
    say(thread, "Fund lending.")
    assert b"Fund lending." not in client.get(PAGE).content
    time.sleep(0.25)
    assert b"Fund lending." in client.get(PAGE).content


def test_whoever_is_signed_in_gets_a_page_of_their_own(thread: object, client: Client) -> None:
    client.get(PAGE)
    client.force_login(wallet("alice"), backend="accounts.backends.WalletBackend")
    assert b"Alice" in client.get(PAGE).content
    client.logout()
    assert b"Sign out" not in client.get(PAGE).content


def test_a_page_that_sets_a_cookie_or_fails_is_not_kept(thread: object, client: Client) -> None:
    tokens = {Client().get("/sign-in/").cookies["csrftoken"].value for _ in range(2)}
    assert len(tokens) == 2
    assert client.get("/programmes/later/").status_code == 404
    Programme.objects.filter(slug="ignite").update(slug="later")
    assert client.get("/programmes/later/").status_code == 200


def test_other_addresses_and_queries_are_other_pages(thread: object, client: Client) -> None:
    assert client.get("/forum/").content != client.get(PAGE).content
    assert client.get("/healthz").status_code == 200


def test_of_the_api_only_what_says_so_is_kept(settings: Settings, client: Client) -> None:
    settings.TPP_PAGE_SECONDS = 60
    community = make_community()
    closed = make_cycle(community, opens_in=-2 * HOUR, voting=HOUR + HOUR / 2)
    assert close_cycle(cycle_id=closed.pk, at=closed.closes_at)
    running = make_cycle(community, opens_in=-HOUR / 4)
    kept, live = (f"/api/v1/cycles/{cycle.number}/ballots/" for cycle in (closed, running))
    first = client.get(kept)
    assert first["Cache-Control"] == "public, max-age=60"
    assert client.get(live).json()["ballots"] == []
    cast_ballot(number=running.number, submission=signed("alice", running), at=database_clock())
    assert len(client.get(live).json()["ballots"]) == 1
    with CaptureQueriesContext(connection) as queries:
        again = client.get(kept)
        unchanged = client.get(kept, headers={"If-None-Match": first["ETag"]})
    assert len(queries) == 0
    assert (again.content, again["Cache-Control"]) == (first.content, first["Cache-Control"])
    assert unchanged.status_code == 304
