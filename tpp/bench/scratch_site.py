"""A scratch PostgreSQL and Valkey with our tables and nobody in them; they go when the bench is over."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tpp import setup
from tpp.demo.launcher import WEB_SECONDS, is_healthy
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

    def serve(self) -> None:
        """Start the web server as the demo does, and return when it answers."""
        words = (
            f"-m granian --interface wsgi --host 127.0.0.1 --port {self.url.rpartition(':')[2]} --workers 1"
        )
        command = [sys.executable, *words.split(), "--blocking-threads", "4", "tpp.wsgi:application"]
        web = self.stack.start("web", command, env=self.environment)
        web.wait_until(lambda: is_healthy(self.url), seconds=WEB_SECONDS)


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
