"""How often each campaign does its thing, and a place for what it measured."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from tests.torture.site import Site
from tpp.celery import app
from tpp.processes import Stack

_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def rounds() -> Callable[[int, int], int]:
    """`rounds(few, many)`: few in `bin/test`, many in `bin/torture`, or as `--rounds` says there."""
    asked = os.environ.get("TPP_TORTURE_ROUNDS", "")

    def choose(few: int, many: int) -> int:
        if "TPP_TORTURE" not in os.environ:
            return few
        return int(asked) if asked else many

    return choose


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep one line for the summary; docs/reliability.md is written from them."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash.get(_FIGURES, []):
        terminalreporter.write_line(f"measured: {line}")


@pytest.fixture
def live(transactional_db: None, tmp_path: Path) -> Iterator[Site]:
    """A site on this test's own database and broker, with no process yet."""
    app.control.purge()
    superuser = make_conninfo(os.environ["DATABASE_ADMIN_URL"], dbname=connection.settings_dict["NAME"])
    with Stack(tmp_path) as stack:
        yield Site(stack, dict(os.environ), superuser)
    app.control.purge()
