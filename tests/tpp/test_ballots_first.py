"""The short way to the view of ballots answers, header by header, as the way through every middleware does."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import resolve, reverse
from pytest_django import Settings

from tests.factories import make_community, make_cycle, signed
from tpp import ballots_first
from votes import api
from votes.actions.ballots import remember
from votes.models import Ballot, Cycle

SHORT_WAY = "tpp.ballots_first.BallotsFirst"


def post(cycle: Cycle, body: bytes, **more: Any) -> Any:
    address = reverse("api_ballots", args=[cycle.number])
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "of nobody"
    return client.post(address, body, content_type="application/json", **more)


@pytest.fixture
def cycle() -> Cycle:
    cycle = make_cycle(make_community())
    remember(cycle.announcement.rules)
    return cycle


def test_the_address_of_ballots_is_known_and_no_other() -> None:
    for number in (1, 12, 999_999_999):
        address = reverse("api_ballots", args=[number])
        assert ballots_first._ADDRESS.fullmatch(address)
        assert resolve(address).func is api.ballots
    for other in ("/api/v1/cycles/0/ballots/", "/api/v1/cycles/1/ballots", "/api/v1/cycles/1/ballots/\n"):
        assert not ballots_first._ADDRESS.fullmatch(other)


@pytest.mark.django_db
@pytest.mark.parametrize("broken", [False, True], ids=["sound", "broken"])
def test_both_ways_answer_with_the_same_headers(
    cycle: Cycle, settings: Settings, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    if broken:  # a mistake of ours
        monkeypatch.setattr("votes.api.parse_submission", lambda _: 1 / 0)
    body = signed("alice", cycle, nonce=1).body()
    asked: list[Callable[[], Any]] = [
        lambda: post(cycle, body),
        lambda: post(cycle, b"{}"),
        lambda: post(cycle, body, HTTP_HOST="evil.example"),
    ]
    short = [ask() for ask in asked]
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != SHORT_WAY]
    assert len(settings.MIDDLEWARE) == 13
    long = [ask() for ask in asked]
    expected = [500, 500, 400] if broken else [201, 400, 400]
    assert [answer.status_code for answer in short] == [answer.status_code for answer in long] == expected
    assert [dict(answer.items()) for answer in short] == [dict(answer.items()) for answer in long]
    assert [answer.content for answer in short] == [answer.content for answer in long]
    assert [dict(answer.cookies) for answer in short] == [{}, {}, {}]
    if not broken:
        assert short[0]["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in short[0]["Content-Security-Policy"]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_unnoticed_costs_no_ballot(cycle: Cycle) -> None:
    first, second = (signed("alice", cycle, nonce=nonce).body() for nonce in (1, 2))
    assert post(cycle, first).status_code == 201
    _end(connection.connection.info.backend_pid)
    assert post(cycle, second).status_code == 201
    assert list(Ballot.objects.order_by("pk").values_list("nonce", flat=True)) == [1, 2]
    assert post(cycle, second).status_code == 201
    assert Ballot.objects.count() == 2


def _end(pid: int) -> None:
    """End the server's side of a connection, from a connection of its own."""

    def end() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
                assert cursor.fetchone() == (True,)
        finally:
            connection.close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
