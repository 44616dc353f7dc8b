"""A live site of real processes, which can be stopped, killed and misled one by one, and what must hold of it."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg

from tpp.demo.launcher import BEAT, WEB, WORKER
from tpp.processes import Child, Stack, free_port
from votes.record.rules import Rules

SKEWED = Path(__file__).resolve().parent / "skewed"
_QUIETLY = "--without-gossip --without-mingle --without-heartbeat"


@dataclass(frozen=True)
class OpenCycle:
    """A cycle that is open. Its instants are the database's."""

    pk: int
    number: int
    closes_at: datetime
    rules: Rules


@dataclass
class Site:
    """`environment` is that of every process; `superuser` the address for looking into the database."""

    stack: Stack
    environment: Mapping[str, str]
    superuser: str
    port: int = field(default_factory=free_port)
    started: int = 0

    def start(self, name: str, command: str, **environment: str) -> Child:
        self.started += 1
        words = [sys.executable, *command.split()]
        return self.stack.start(f"{name}-{self.started}", words, env={**self.environment, **environment})

    def start_web(self) -> Child:
        web = self.start("web", f"{WEB} --port {self.port}")
        web.wait_until(self._answers, seconds=60)
        return web

    def start_worker(self, *, clock_off_by: int = 0) -> Child:
        """A worker, whose system clock is `clock_off_by` [s] ahead."""
        command = f"{WORKER} {_QUIETLY} -n worker{self.started}@%h"
        return self.start("worker", command, **self._clock(clock_off_by))

    def start_beat(self, *, clock_off_by: int = 0) -> Child:
        return self.start("beat", BEAT, **self._clock(clock_off_by))

    def end(self, child: Child, number: signal.Signals = signal.SIGKILL) -> None:
        """End a process, and all that it started, by this signal."""
        os.killpg(child.process.pid, number)
        child.process.wait(30)
        self.stack.children.remove(child)

    def _clock(self, seconds: int) -> dict[str, str]:
        return {"PYTHONPATH": str(SKEWED), "TPP_TEST_CLOCK_OFF_BY": str(seconds)} if seconds else {}

    def _answers(self) -> bool:
        """Whether it serves pages already; it listens earlier than that."""
        asked = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            asked.request("GET", "/readyz")
            return asked.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            asked.close()

    # What the database says

    def ask(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.superuser, autocommit=True) as connected:
            return connected.execute(query, values or None).fetchall()

    def wait_for(self, ready: Callable[[], Any], *, seconds: float = 60) -> Any:
        """What `ready` answers, as soon as that is something."""
        limit = time.monotonic() + seconds
        while not (answer := ready()):
            assert time.monotonic() < limit, self.last_words()
            time.sleep(0.05)
        return answer

    def last_words(self) -> str:
        return "\n".join(
            f"{child.name}{' (ended)' if child.has_ended else ''}:{child.last_words(60)}"
            for child in self.stack.children
        )

    def open_cycle(self, *, left: float) -> OpenCycle:
        """Wait for a cycle that is open, with its power, for at least `left` [s] more."""

        def find() -> list[tuple[Any, ...]]:
            return self.ask(
                """
                SELECT c.id, c.number, c.closes_at, a.rules_json
                FROM votes_cycle c JOIN votes_announcement a ON a.cycle_id = c.id
                    JOIN votes_cyclepower p ON p.cycle_id = c.id
                WHERE c.opens_at <= clock_timestamp()
                  AND c.closes_at > clock_timestamp() + make_interval(secs => %s)
                """,
                left,
            )

        ((pk, number, closes_at, rules),) = self.wait_for(find)
        return OpenCycle(pk, number, closes_at, Rules.parse(rules.encode()))

    def seconds_until(self, instant: datetime) -> float:
        """By the database's clock."""
        ((left,),) = self.ask("SELECT extract(epoch FROM %s - clock_timestamp())", instant)
        return float(left)

    def wait_for_settlement(self, cycle: OpenCycle, *, seconds: float = 60) -> None:
        """Wait until a cycle has all that a finished one has."""

        def is_finished() -> bool:
            found = self.ask("SELECT kind FROM votes_record WHERE cycle_id = %s", cycle.pk)
            return len(found) == 2

        self.wait_for(is_finished, seconds=seconds)

    def certified(self, cycle: OpenCycle) -> set[bytes]:
        """The digests in the certificate's tree; the certificate must say the same."""
        rows = self.ask(
            "SELECT b.digest FROM votes_ballotposition p JOIN votes_ballot b ON b.id = p.ballot_id"
            " WHERE p.cycle_id = %s",
            cycle.pk,
        )
        ((count,),) = self.ask("SELECT ballot_count FROM votes_certificate WHERE cycle_id = %s", cycle.pk)
        stored = self.ask("SELECT count(*) FROM votes_ballot WHERE cycle_id = %s", cycle.pk)
        assert [(count,)] == [(len(rows),)] == stored
        return {bytes(digest) for (digest,) in rows}

    def check_every_closing(self) -> int:
        """What must hold of every closed cycle, however it came about; how many there are."""
        late = self.ask(
            "SELECT c.number, b.received_at FROM votes_ballot b JOIN votes_cycle c ON c.id = b.cycle_id"
            " WHERE b.received_at >= c.closes_at OR b.received_at < c.opens_at"
        )
        assert late == []
        missing = self.ask(
            "SELECT c.cycle_id FROM votes_certificate c WHERE ballot_count <>"
            " (SELECT count(*) FROM votes_ballot b WHERE b.cycle_id = c.cycle_id)"
        )
        assert missing == []
        early = self.ask(
            "SELECT t.certified_at, c.closes_at FROM votes_certificate t JOIN votes_cycle c ON c.id = t.cycle_id"
            " WHERE t.certified_at < c.closes_at OR EXISTS"
            " (SELECT FROM votes_settlement s WHERE s.cycle_id = c.id AND s.settled_at < c.settles_at)"
        )
        assert early == []
        twice = self.ask(
            "SELECT step, subject FROM journal_jobrun WHERE failure = '' AND step <> 'head'"
            " GROUP BY step, subject HAVING count(*) > 1"
        )
        assert twice == []
        assert self.ask("SELECT * FROM journal_alarm") == []
        ((count,),) = self.ask("SELECT count(*) FROM votes_certificate")
        return int(count)

    def lateness(self, step: str) -> list[float]:
        """How late each run of `step` was finished [s], ascending."""
        rows = self.ask(
            "SELECT extract(epoch FROM finished_at - due_at) FROM journal_jobrun"
            " WHERE step = %s AND failure = '' ORDER BY 1",
            step,
        )
        return [float(seconds) for (seconds,) in rows]


def host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
