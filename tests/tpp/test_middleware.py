"""A lost database is told in words; every other mistake stays one. See also test_health.py."""

import logging
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tests.tpp.html_reader import Page


class Visitor:
    """The test client keeps connections that a server gives up after each request."""

    def get(self, path: str) -> Any:
        try:
            return Client(raise_request_exception=False).get(path)
        finally:
            connection.close()


@pytest.fixture
def visitor(settings: Settings) -> Visitor:
    settings.ROOT_URLCONF = "tests.tpp.failing"
    return Visitor()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_midway_is_told_in_words(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    page = visitor.get("/lost/")
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert "<h1>Back in a moment</h1>" in page.content.decode()
    assert "Nothing that was accepted is lost." in page.content.decode()
    data = visitor.get("/api/lost/")
    assert (data.status_code, data["Retry-After"], data["Content-Type"]) == (503, "5", "application/json")
    assert data.json()["refusal"] == "unavailable"
    assert visitor.get("/fine/").content == b"fine"
    assert "terminating connection" in caplog.text
    assert [message for message in errors(caplog) if "Service Unavailable" not in message] == []


@pytest.mark.django_db(transaction=True)
def test_a_database_without_tables_is_told_in_words(visitor: Visitor) -> None:
    page = visitor.get("/unprepared/")
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert "The database is not set up yet." in page.content.decode()
    assert visitor.get("/api/unprepared/").json()["words"].startswith("The database is not set up yet.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/wrong/", "/broken/", "/api/wrong/", "/api/broken/"])
def test_a_mistake_of_ours_is_written_down_and_not_shown(
    visitor: Visitor, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = visitor.get(path)
    assert page.status_code == 500
    shown = page.content.decode()
    assert "<h1>Something broke on our side</h1>" in shown
    assert "secret words" not in shown
    assert "no_such_column" not in shown
    assert errors(caplog) == [f"Internal Server Error: {path}"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/lost/", "/unprepared/", "/broken/"])
def test_pages_about_errors_are_sound(visitor: Visitor, path: str) -> None:
    assert Page.read(visitor.get(path).content.decode()).faults == []


@pytest.mark.parametrize("host", ["evil.example", "testserver:port", "a b", "<script>"])
def test_a_request_for_another_host_is_refused_quietly(host: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = Client().get("/", HTTP_HOST=host)
    assert answer.status_code == 400
    assert "<script>" not in answer.content.decode()
    assert errors(caplog) == []
