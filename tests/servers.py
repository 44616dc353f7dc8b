"""A private PostgreSQL and Valkey for each test run, in `.test/`; they end with it, however it ends.

This is a plugin and not a conftest: pytest-django reads the settings before any conftest is loaded, and they
come from the environment that this prepares. The first process starts the servers; workers of xdist inherit
its environment and turn to a database of their own.
"""

import contextlib
import os

import pytest

from tpp import setup
from tpp.embedded import EmbeddedPostgres, EmbeddedValkey
from tpp.processes import Stack, StartError, scratch

MOST_WORKERS = 64


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        try:
            early_config.add_cleanup(_start().close)
        except StartError as error:
            raise pytest.UsageError(str(error)) from error
    number = int(worker.removeprefix("gw")) + 1 if worker else 0
    own = {"DATABASE_OWNER_URL": f"tpp_{number}", "DATABASE_URL": f"tpp_{number}", "REDIS_URL": str(number)}
    for name, last in own.items():
        os.environ[name] = f"{os.environ[name].rpartition('/')[0]}/{last}"


def _start() -> contextlib.ExitStack:
    """Start the servers and write their addresses into the environment."""
    passwords = setup.new_passwords()
    with contextlib.ExitStack() as opened:
        directory = opened.enter_context(scratch(setup.ROOT / ".test"))
        stack = opened.enter_context(Stack(directory))
        postgres = EmbeddedPostgres(directory / "postgres", passwords["POSTGRES_PASSWORD"], durable=False)
        postgres.start(stack)
        valkey = EmbeddedValkey(
            directory / "valkey", passwords["VALKEY_PASSWORD"], durable=False, databases=MOST_WORKERS + 1
        )
        valkey.start(stack)
        os.environ.update(
            setup.loopback_settings("http://testserver")
            | setup.new_identity()
            | setup.addresses(passwords, f"127.0.0.1:{postgres.port}")
            | {"REDIS_URL": valkey.url(), "TPP_PAGE_SECONDS": "0"}
        )
        return opened.pop_all()
