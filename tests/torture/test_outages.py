"""Beat, broker, database and clocks fail while people vote and while a cycle closes; nothing is lost or done twice."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from tests.torture.crowd import Background, Sent, ballots_for, check_answers, send_all
from tests.torture.site import OpenCycle, Site, host_and_port
from tpp import setup
from tpp.embedded import EmbeddedPostgres, EmbeddedValkey
from tpp.processes import Child, Stack, scratch

VOTERS = 120
EVERY = 11  # seconds from one opening to the next
CLIENTS = 6

FOUND = """
import django, sys
from datetime import timedelta
django.setup()
from tests.torture.founding import found
found(voters=int(sys.argv[1]), every=timedelta(seconds=int(sys.argv[2])))
"""


class Night(Site):
    """A site with a PostgreSQL and a Valkey of its own, which keep what they were given over a crash."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    beats: list[Child]
    workers: list[Child]
    closed: int = 0
    restarted: int = 0
    broker_is_away: bool = False

    def wait_for(self, ready: Callable[[], Any], *, seconds: float = 90) -> Any:
        """Start workers again that have ended, as docker-compose does: some end when they lose their broker."""

        def is_ready() -> Any:
            for place, worker in enumerate(self.workers):
                if worker.has_ended and not self.broker_is_away:
                    self.stack.children.remove(worker)
                    self.workers[place] = self.start_worker()
                    self.restarted += 1
            return ready()

        return super().wait_for(is_ready, seconds=seconds)

    def begin(self) -> None:
        command = [sys.executable, "-c", FOUND, str(VOTERS), str(EVERY)]
        subprocess.run(command, cwd=setup.ROOT, env=dict(self.environment), check=True)
        self.start_web()
        self.workers = [self.start_worker()]
        self.beats = [self.start_beat()]

    def child(self, name: str) -> Child:
        return next(child for child in self.stack.children if child.name == name)

    def tell_broker(self, command: str) -> None:
        host, port = host_and_port(self.valkey.url())
        with socket.create_connection((host, port), timeout=5) as connected:
            connected.sendall(f"AUTH {self.valkey.password}\r\n{command}\r\nQUIT\r\n".encode())
            assert connected.makefile("rb").read().startswith(b"+OK\r\n+OK")

    def vote(self, cycle: OpenCycle, voters: range) -> list[Sent]:
        ballots = ballots_for(cycle, voters)
        send_all(self, cycle, ballots, clients=CLIENTS)
        return ballots

    def finish(self, cycle: OpenCycle, ballots: list[Sent]) -> None:
        """See the cycle through to its end, and that every answer was true."""
        self.wait_for_settlement(cycle, seconds=90)
        told = check_answers(self, cycle, ballots)
        assert told[201], told
        self.closed += 1
        assert self.check_every_closing() >= self.closed


@pytest.fixture(scope="module")
def night() -> Iterator[Night]:
    passwords = setup.new_passwords()
    with scratch(setup.ROOT / ".test") as directory, Stack(directory) as stack:
        postgres = EmbeddedPostgres(directory / "postgres", passwords["POSTGRES_PASSWORD"])
        valkey = EmbeddedValkey(directory / "valkey", passwords["VALKEY_PASSWORD"])
        postgres.start(stack)
        valkey.start(stack)
        addresses = setup.addresses(passwords, f"127.0.0.1:{postgres.port}")
        environment = {
            **os.environ,
            **setup.loopback_settings("http://127.0.0.1:8000"),
            **setup.new_identity(),
            **addresses,
            "REDIS_URL": valkey.url(),
        }
        prepared = [sys.executable, "manage.py", "prepare_database"]
        subprocess.run(prepared, cwd=setup.ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        superuser = make_conninfo(addresses["DATABASE_ADMIN_URL"], dbname="tpp")
        night = Night(stack, environment, superuser)
        night.postgres, night.valkey = postgres, valkey
        night.begin()
        yield night


def beat_is_stopped_across_a_closing(night: Night) -> None:
    cycle = night.open_cycle(left=4)
    ballots = night.vote(cycle, range(40))
    (beat,) = night.beats
    night.end(beat)
    night.wait_for(lambda: night.seconds_until(cycle.closes_at) < 0)
    ballots += night.vote(cycle, range(40, 50))
    assert {sent.answers[0] for sent in ballots[40:]} == {409}, (
        "too late, whether or not anything has closed it"
    )
    time.sleep(3)
    assert night.ask("SELECT * FROM votes_certificate WHERE cycle_id = %s", cycle.pk) == []
    night.beats = [night.start_beat()]
    night.finish(cycle, ballots)


def broker_is_flushed_while_a_cycle_closes(night: Night) -> None:
    cycle = night.open_cycle(left=3)
    ballots = night.vote(cycle, range(40))
    while night.seconds_until(cycle.closes_at) > -2:
        night.tell_broker("FLUSHALL")
        time.sleep(0.1)
    night.finish(cycle, ballots)


def broker_is_killed_across_a_closing(night: Night) -> None:
    """Ballots are accepted without it; when it is back with nothing in it, worker and beat go on by themselves."""
    cycle = night.open_cycle(left=4)
    night.broker_is_away = True
    night.end(night.child("valkey"))
    ballots = night.vote(cycle, range(40))
    assert {sent.answers[0] for sent in ballots} == {201}
    night.wait_for(lambda: night.seconds_until(cycle.closes_at) < 0)
    night.valkey.start(night.stack)
    night.tell_broker("FLUSHALL")
    night.broker_is_away = False
    night.finish(cycle, ballots)


def database_is_restarted_in_mid_ballot(night: Night, how: signal.Signals) -> None:
    """SIGINT ends its connections in order, SIGQUIT is a crash: it recovers from its log at the start."""
    cycle = night.open_cycle(left=5)
    ballots = ballots_for(cycle, range(VOTERS))
    crowd = Background(night, cycle, ballots, clients=CLIENTS)
    night.wait_for(lambda: sum(sent.is_in for sent in ballots) > 10)
    night.end(night.child("postgres"), how)
    night.postgres.start(night.stack)
    crowd.join()
    night.finish(cycle, ballots)


def database_is_restarted(night: Night) -> None:
    database_is_restarted_in_mid_ballot(night, signal.SIGINT)


def database_crashes(night: Night) -> None:
    database_is_restarted_in_mid_ballot(night, signal.SIGQUIT)


def two_beats_and_four_workers_are_at_it(night: Night) -> None:
    """Half of them with clocks that are ten minutes ahead or behind."""
    more = [night.start_worker(clock_off_by=600), night.start_worker(clock_off_by=-600), night.start_worker()]
    more.append(night.start_beat())
    cycle = night.open_cycle(left=3)
    night.finish(cycle, night.vote(cycle, range(40)))
    for child in more:
        night.end(child)


def only_a_worker_with_a_wrong_clock_is_left(night: Night, off_by: int) -> None:
    for child in night.workers:
        night.end(child)
    night.workers = []
    wrong = night.start_worker(clock_off_by=off_by)
    cycle = night.open_cycle(left=3)
    night.finish(cycle, night.vote(cycle, range(40)))
    night.end(wrong)
    night.workers = [night.start_worker()]


def the_workers_clock_is_ten_minutes_ahead(night: Night) -> None:
    only_a_worker_with_a_wrong_clock_is_left(night, 600)


def the_workers_clock_is_ten_minutes_behind(night: Night) -> None:
    only_a_worker_with_a_wrong_clock_is_left(night, -600)


FEW: list[Callable[[Night], None]] = [
    beat_is_stopped_across_a_closing,
    broker_is_killed_across_a_closing,
    database_crashes,
    two_beats_and_four_workers_are_at_it,
]
MANY = [
    *FEW,
    broker_is_flushed_while_a_cycle_closes,
    database_is_restarted,
    the_workers_clock_is_ten_minutes_ahead,
    the_workers_clock_is_ten_minutes_behind,
]
TROUBLES = MANY if "TPP_TORTURE" in os.environ else FEW


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_fails_during_a_closing_nothing_is_lost_and_nothing_done_twice(
    night: Night,
    trouble: Callable[[Night], None],
    rounds: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    times = rounds(1, 5)
    for _ in range(times):
        trouble(night)
    ((ballots,),) = night.ask("SELECT count(*) FROM votes_ballot")
    figure(
        f"outages: {trouble.__name__.replace('_', ' ')}, {times} time(s);"
        f" so far {night.check_every_closing()} closings,"
        f" {ballots} ballots, {night.restarted} workers that had ended started again: every answer true, each row once"
    )
