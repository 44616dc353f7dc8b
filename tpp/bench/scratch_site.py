"""A scratch PostgreSQL and Valkey with our tables and nobody in them; they go when the bench is over."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tpp import setup
from tpp.demo.launcher import BEAT, WEB_SECONDS, WORKER, is_healthy
from tpp.embedded import EmbeddedPostgres, EmbeddedValkey
from tpp.processes import Stack, port_of, reserve_port, scratch


@dataclass(frozen=True)
class ScratchSite:
    """`environment` is the application's; `addresses` are those of the owner and the superuser."""

    stack: Stack
    environment: dict[str, str]
    addresses: dict[str, str]
    url: str

    def manage(self, *words: str) -> None:
        """Run a management command, which may know the superuser's address."""
        command = [sys.executable, "manage.py", *words]
        self.stack.run(words[0], command, env=self.environment | self.addresses)

    def serve(
        self, application: str = "tpp.wsgi:application", *, port: int | None = None, workers: int = 1
    ) -> None:
        """Start the web server; with two `workers` as in production, else as the demo does."""
        words = (
            f"-m granian --interface wsgi --host 127.0.0.1 --port {port or self.port} --workers {workers}"
            f" --blocking-threads 4 {application}"
        )
        name = "web" if port is None else f"web-{port}"
        web = self.stack.start(name, [sys.executable, *words.split()], env=self.environment)
        web.wait_until(lambda: _listens(port) if port else is_healthy(self.url), seconds=WEB_SECONDS)

    def work(self) -> None:
        """Start the worker and the beat that ticks it."""
        for name, command in (("worker", WORKER), ("beat", BEAT)):
            self.stack.start(name, [sys.executable, *command.split()], env=self.environment)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def scratch_site() -> Iterator[ScratchSite]:
    keys = setup.new_identity() | setup.new_passwords()
    with scratch(setup.ROOT / ".test") as state, Stack(state) as stack:
        postgres = EmbeddedPostgres(state / "postgres", keys["POSTGRES_PASSWORD"])
        postgres.start(stack)
        valkey = EmbeddedValkey(state / "valkey", keys["VALKEY_PASSWORD"])
        valkey.start(stack)
        with reserve_port() as reserved:
            url = f"http://127.0.0.1:{port_of(reserved)}"
        addresses = setup.addresses(keys, f"127.0.0.1:{postgres.port}")
        environment = (
            dict(os.environ)
            | setup.loopback_settings(url)
            | {name: keys[name] for name in setup.new_identity()}
            | {"DATABASE_URL": addresses["DATABASE_URL"], "REDIS_URL": valkey.url(), "PYTHONUNBUFFERED": "1"}
        )
        site = ScratchSite(stack, environment, addresses, url)
        site.manage("prepare_database")
        yield site
