"""What a site says while its servers are away, and that it goes on by itself when they are back."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from psycopg.conninfo import make_conninfo
from pytest_django import Settings

from tpp import setup
from tpp.database import make_database
from tpp.demo.launcher import WEB
from tpp.embedded import EmbeddedPostgres, EmbeddedValkey
from tpp.processes import Stack, free_port, port_of, reserve_port, scratch

WELL = {"database": "ok", "broker": "ok"}
LOST = "The database cannot be reached just now. Nothing that was accepted is lost."

# Prints the number of an open cycle and the signed ballots of three people.
OPEN_A_CYCLE = """
import json, django
django.setup()
from tests.factories import make_community, make_cycle, signed
cycle = make_cycle(make_community())
bodies = [signed(name, cycle).body().decode() for name in ("alice", "bob", "carol")]
print(json.dumps([cycle.number, bodies]))
"""


@pytest.mark.django_db
def test_with_everything_up_it_says_so(client: Client) -> None:
    assert client.get("/healthz").json() == {"process": "ok", **WELL}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, WELL)


@pytest.mark.django_db
def test_a_broker_that_does_not_answer_is_down_within_seconds(client: Client, settings: Settings) -> None:
    with reserve_port() as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{port_of(silent)}/0"
        start = time.monotonic()
        ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"database": "ok", "broker": "down"})
    assert time.monotonic() - start < 4


@pytest.mark.django_db
def test_a_broker_that_speaks_another_language_is_down(client: Client, settings: Settings) -> None:
    """PostgreSQL, for one."""
    settings.REDIS_URL = f"redis://127.0.0.1:{connection.settings_dict['PORT']}/0"
    assert client.get("/healthz").json() == {"process": "ok", "database": "ok", "broker": "down"}


@dataclass
class Answer:
    status: int
    retry_after: str | None
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Site:
    """A PostgreSQL and a Valkey that can be stopped, and web servers of ours on top."""

    def __init__(self, directory: Path, stack: Stack) -> None:
        passwords = setup.new_passwords()
        self.stack = stack
        self.postgres = EmbeddedPostgres(
            directory / "postgres", passwords["POSTGRES_PASSWORD"], durable=False
        )
        self.valkey = EmbeddedValkey(directory / "valkey", passwords["VALKEY_PASSWORD"], durable=False)
        self.postgres.start(stack)
        self.valkey.start(stack)
        addresses = setup.addresses(passwords, f"127.0.0.1:{self.postgres.port}")
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"REDIS_URL": self.valkey.url(), "DJANGO_SETTINGS_MODULE": "tpp.settings"}
        local = setup.loopback_settings("http://127.0.0.1:8000")
        self.environment = inherited | local | setup.new_identity() | addresses | own
        self.run("manage.py", "prepare_database")
        number, self.bodies = json.loads(self.run("-c", OPEN_A_CYCLE))
        self.ballots = f"/api/v1/cycles/{number}/ballots/"
        self.start_web()

    def start_web(self) -> None:
        """Start a web server, which `ask` turns to from now on."""
        self.port = free_port()
        command = [sys.executable, *WEB.split(), "--port", str(self.port)]
        web = self.stack.start("web", command, env=self.environment)
        web.wait_until(self._listens, seconds=30)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, name: str) -> None:
        child = next(child for child in self.stack.children if child.name == name)
        child.stop()
        self.stack.children.remove(child)

    def run(self, *words: str) -> str:
        """Run Python with the site's settings; what it printed."""
        command = [sys.executable, *words]
        result = subprocess.run(
            command, cwd=setup.ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def ask(self, path: str, body: str | None = None) -> Answer:
        """GET, or POST where there is a body."""
        asked = HTTPConnection("127.0.0.1", self.port, timeout=10)
        asked.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
        answer = asked.getresponse()
        text = answer.read().decode()
        asked.close()
        return Answer(answer.status, answer.getheader("Retry-After"), text)

    def must_say_that_it_is_away(self, path: str, body: str | None = None) -> None:
        answer = self.ask(path, body)
        assert (answer.status, answer.retry_after) == (503, "5"), path
        if path.startswith("/api/"):
            assert answer.json["refusal"] == "unavailable"
            assert answer.json["words"].startswith(LOST)
        else:
            assert "<h1>Back in a moment</h1>" in answer.text
            assert LOST in answer.text


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with ExitStack() as opened:
        directory = opened.enter_context(scratch(setup.ROOT / ".test"))
        yield Site(directory, opened.enter_context(Stack(directory)))


def test_a_lost_database_is_told_in_words_and_its_return_needs_no_restart(site: Site) -> None:
    alice, bob, _ = site.bodies
    first = site.ask(site.ballots, alice)
    assert first.status == 201

    site.stop("postgres")
    ready = site.ask("/readyz")
    assert (ready.status, ready.json) == (503, {"database": "down", "broker": "ok"})
    health = site.ask("/healthz")
    assert (health.status, health.json) == (200, {"process": "ok", "database": "down", "broker": "ok"})
    for path in ("/", "/programmes/ignite/", "/cycles/1/", "/nowhere/", "/api/v1/cycles/", site.ballots):
        site.must_say_that_it_is_away(path)
    site.must_say_that_it_is_away(site.ballots, bob)

    site.postgres.start(site.stack)
    assert site.ask("/readyz").json == WELL
    assert site.ask("/programmes/ignite/").status == 200
    assert site.ask(site.ballots, bob).status == 201
    again = site.ask(site.ballots, alice)
    assert (again.status, again.json) == (201, first.json)


def test_without_a_broker_ballots_are_still_accepted(site: Site) -> None:
    site.stop("valkey")
    ready = site.ask("/readyz")
    assert (ready.status, ready.json) == (503, {"database": "ok", "broker": "down"})
    start = time.monotonic()
    assert site.ask(site.ballots, site.bodies[2]).status == 201
    assert site.ask("/").status == 200
    assert time.monotonic() - start < 5
    site.valkey.start(site.stack)
    assert site.ask("/readyz").json == WELL


def test_a_web_server_that_is_there_before_its_database_goes_on_when_that_comes(site: Site) -> None:
    site.stop("postgres")
    site.start_web()
    site.must_say_that_it_is_away("/")
    assert site.ask("/healthz").json["database"] == "down"
    site.postgres.start(site.stack)
    assert site.ask("/").status == 200


def test_a_database_that_is_not_set_up_is_told_in_words(site: Site) -> None:
    """Roles and database are there, and no table yet."""
    name = "empty"
    admin, owner, application = (site.environment[f"DATABASE_{kind}URL"] for kind in ("ADMIN_", "OWNER_", ""))
    empty = {
        "owner": make_conninfo(owner, dbname=name),
        "application": make_conninfo(application, dbname=name),
    }
    make_database(admin=admin, **empty)
    before = site.environment
    site.environment = before | {"DATABASE_URL": f"{application.rpartition('/')[0]}/{name}"}
    site.start_web()
    site.environment = before
    page = site.ask("/")
    assert (page.status, page.retry_after) == (503, "5")
    assert "The database is not set up yet." in page.text
    assert site.ask("/readyz").json == {"database": "not set up", "broker": "ok"}
