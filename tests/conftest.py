"""What every test stands on: a database made as in production, and a reason for what cannot run here."""

import importlib
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from subprocess import TimeoutExpired
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.conninfo import make_conninfo
from pytest_django import DjangoDbBlocker

from tpp import database, embedded_node
from tpp.processes import StartError

# eth_account, our oracle, brings py_ecc, which lets Python recurse 100,000 deep: deep JSON would then end the
# process instead of being refused. Tests keep the limit that the server has.
_limit = sys.getrecursionlimit()
importlib.import_module("py_ecc")
sys.setrecursionlimit(_limit)

# Playwright's synchronous interface keeps an event loop in the thread of the tests.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# What tests with a mark need, and whether it is here.
NEEDS = {
    "browser": ("Chromium", CHROMIUM is not None),
    "node": ("Node with npm", shutil.which("npm") is not None),
    "compose": ("docker-compose", shutil.which("docker-compose") is not None),
    "registry": (
        "a package registry",
        True,
    ),  # whether one answers is seen when it is asked (tests/environments)
}
REQUIRED = set(filter(None, os.environ.get("TPP_REQUIRE", "").split(",")))

# Delete every row but those that set-up writes. Cheaper than TRUNCATE by far, for many tables with few rows.
EMPTY_TABLES = """
    DO $$
    DECLARE name text;
    BEGIN
        SET LOCAL session_replication_role = replica;  -- no trigger, no foreign key
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
            AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
        LOOP
            EXECUTE format('DELETE FROM %I', name);
        END LOOP;
    END $$
"""


@cache
def fault_of_the_node() -> str:
    """Why the EVM node cannot be set up; empty where it is."""
    try:
        embedded_node.prepare()
    except (StartError, TimeoutExpired) as error:
        return str(error)
    return ""


def pytest_configure() -> None:
    if unknown := REQUIRED - NEEDS.keys():
        raise pytest.UsageError(f"TPP_REQUIRE knows {', '.join(NEEDS)}, not {', '.join(sorted(unknown))}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark, (need, is_here) in NEEDS.items():
        if item.get_closest_marker(mark) and not is_here:
            if mark in REQUIRED:
                pytest.fail(f"needs {need}, which TPP_REQUIRE says must be here", pytrace=False)
            pytest.skip(f"needs {need}, which is not here")
        if mark == "node" and item.get_closest_marker(mark) and (fault := fault_of_the_node()):
            (pytest.fail if mark in REQUIRED else pytest.skip)(fault)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = Counter(
        need
        for report in terminalreporter.stats.get("skipped", [])
        for mark, (need, is_here) in NEEDS.items()
        if mark in report.keywords and not is_here
    )
    for need, count in skipped.items():
        terminalreporter.write_line(f"Skipped for want of {need}: {count} test(s)", yellow=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium, quiet and without sandbox (root has none)."""
    arguments = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [f"--{word}" for word in (*arguments.split(), "disable-component-update", "disable-sync")],
    }


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This worker's database, a copy of one made as in production; the tests' role owns nothing."""
    admin, owner, application = (
        os.environ[name] for name in ("DATABASE_ADMIN_URL", "DATABASE_OWNER_URL", "DATABASE_URL")
    )
    with psycopg.connect(admin) as one_worker_at_a_time, django_db_blocker.unblock():
        one_worker_at_a_time.execute("SELECT pg_advisory_xact_lock(1)")
        database.prepare(
            admin=admin,
            owner=make_conninfo(owner, dbname="tpp_template"),
            application=make_conninfo(application, dbname="tpp_template"),
            say=lambda line: None,
        )
        database.make_database(admin=admin, owner=owner, application=application, template="tpp_template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", _empty_tables)
        yield
    with django_db_blocker.unblock():
        connection.close()


def _connect_as_superuser() -> psycopg.Connection:
    name = connection.settings_dict["NAME"]
    return psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname=name, autocommit=True)


@pytest.fixture
def superuser(db: None) -> Iterator[psycopg.Connection]:
    """A superuser's connection to this test's database; what it writes is committed at once."""
    with _connect_as_superuser() as opened:
        yield opened


def _empty_tables(operations: DatabaseOperations, statements: list[str]) -> None:
    """In place of Django's TRUNCATE, for which the application's role has no right."""
    with _connect_as_superuser() as opened:
        opened.execute("SET lock_timeout = '10s'")
        opened.execute(EMPTY_TABLES)
