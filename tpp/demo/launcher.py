"""`bin/demo`: every process of the real thing on this machine, from one command; no Django in this process.

All state lies in one ignored directory: PostgreSQL's and Valkey's data, logs, the secrets of this copy.
Processes start in order and stop in reverse; when one ends by itself, all do.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from tpp import setup
from tpp.demo import smoke
from tpp.embedded import EmbeddedPostgres, EmbeddedValkey
from tpp.processes import Stack, StartError, port_of, reserve_port, scratch, try_lock

PORT = 8000
STEPS = 6
WEB_SECONDS = 60.0
SMOKE_TIMES = ("--voting-seconds", "20", "--window-seconds", "3")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

WEB = "-m granian --interface wsgi --host 127.0.0.1 --workers 1 --blocking-threads 4 tpp.wsgi:application"
WORKER = "-m celery -A tpp worker --queues quick,long --concurrency 2 --loglevel INFO"
BEAT = "-m celery -A tpp beat --scheduler celery.beat:Scheduler --loglevel INFO"

WHAT_TO_TRY = """\
Sign in there as one of the delegates, with the wallet that the page brings along, and split the open cycle's
budget; the cycle closes and is counted before your eyes. Ctrl-C stops everything; the next start goes on."""


class Stopped(Exception):
    """Somebody asked us to stop."""


@dataclass
class Progress:
    """Numbered lines with the seconds since the start."""

    started: float = field(default_factory=time.monotonic)
    done: int = 0

    def step(self, text: str) -> None:
        self.done += 1
        _say(f"[{self.done}/{STEPS}] {time.monotonic() - self.started:5.1f} s  {text} …")


def main(words: Sequence[str] | None = None) -> int:
    """Run the demo: 0 when it was stopped or its smoke test passed, else 1."""
    options = _options(words)
    os.chdir(setup.ROOT)
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGINT:
            signal.signal(number, _stop)
    try:
        if options.smoke:
            with scratch(setup.ROOT / ".test") as state, Stack(state) as stack, _undisturbed_end():
                _smoke(stack, start_site(stack, reserve_port(), SMOKE_TIMES))
        else:
            with _only_demo_in(options.state, options.fresh) as stack, _undisturbed_end():
                times = (
                    "--voting-seconds",
                    str(options.voting_seconds),
                    "--window-seconds",
                    str(options.window_seconds),
                )
                site = start_site(stack, _port(options.port), times)
                stack.start("crowd", _python(f"-m tpp.demo.crowd {site}"))
                _watch(stack)
    except Stopped:
        _say("Stopped.")
        return int(options.smoke)
    except (StartError, smoke.SmokeFailed) as error:
        _say(f"The demo failed: {error}")
        return 1
    return 0


def start_site(stack: Stack, reserved: socket.socket, seeding: Sequence[str] | None) -> str:
    """Start everything in order; answer the site's address when it answers. Without `seeding` it is empty."""
    progress, state, keys = Progress(), stack.directory, _secrets(stack.directory)
    with reserved:
        site = f"http://127.0.0.1:{port_of(reserved)}"
        progress.step("PostgreSQL")
        postgres = EmbeddedPostgres(state / "postgres", keys["POSTGRES_PASSWORD"])
        postgres.start(stack)
        progress.step("Valkey")
        valkey = EmbeddedValkey(state / "valkey", keys["VALKEY_PASSWORD"])
        valkey.start(stack)
        databases = setup.addresses(keys, f"127.0.0.1:{postgres.port}")
        environment = _environment(keys, site) | {
            "DATABASE_URL": databases["DATABASE_URL"],
            "REDIS_URL": valkey.url(),
        }
        progress.step("Database")
        stack.run("prepare_database", _python("manage.py prepare_database"), env=environment | databases)
        if seeding is not None:
            progress.step("Community")
            stack.run("seed_demo", [*_python("manage.py seed_demo"), *seeding], env=environment)
    progress.step("Web server, worker and clock")
    web = stack.start("web", [*_python(WEB), "--port", site.rpartition(":")[2]], env=environment)
    stack.start("worker", _python(WORKER), env=environment)
    stack.start("beat", _python(BEAT), env=environment)
    progress.step("Waiting for the first answer")
    web.wait_until(lambda: is_healthy(site), seconds=WEB_SECONDS)
    _say(f"Ready: {site}/")
    return site


def _watch(stack: Stack) -> None:
    """Keep everything running until somebody stops us or a process ends."""
    _say(WHAT_TO_TRY)
    _say(f"Logs: {stack.logs}")
    while not (ended := stack.ended()):
        time.sleep(0.3)
    raise StartError(f"{ended.name} ended with status {ended.process.returncode}.{ended.last_words()}")


def _smoke(stack: Stack, site: str) -> None:
    """Run the smoke test; where it fails, show the ends of the logs, which are removed with the rest."""
    try:
        smoke.run(site)
    except Exception:
        for child in stack.children:
            _say(f"{child.name}:{' ended.' if child.has_ended else ''}{child.last_words(40)}")
        raise


@contextlib.contextmanager
def _only_demo_in(state: Path, fresh: bool) -> Iterator[Stack]:
    """The stack of `state`, which no other demo uses."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "demo.lock").open("a+") as lock:
        if not try_lock(lock.fileno()):
            lock.seek(0)
            raise StartError(
                f"another one (process {lock.read()}) runs on {state}. Stop that, or name another --state."
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        with Stack(state) as stack:
            if fresh:
                _forget(state)
            yield stack


def _forget(state: Path) -> None:
    """Remove the data and the secrets of earlier starts."""
    for servers in ("postgres", "valkey"):
        shutil.rmtree(state / servers, ignore_errors=True)
    (state / "secrets.env").unlink(missing_ok=True)


def _secrets(state: Path) -> dict[str, str]:
    """The secrets of this copy, made once."""
    path = state / "secrets.env"
    if not path.exists():
        if (state / "postgres").exists():
            raise StartError(f"{path} is gone and its data locked with it; bin/demo --fresh starts over.")
        values = setup.new_identity() | setup.new_passwords()
        setup.write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))
    lines = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: value for name, _, value in lines}


def _environment(keys: Mapping[str, str], site: str) -> dict[str, str]:
    """What every process of ours finds in its environment, but for the servers' addresses."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    identity = {name: keys[name] for name in setup.new_identity()}
    return inherited | setup.loopback_settings(site) | identity | {"TPP_DEMO": "1", "PYTHONUNBUFFERED": "1"}


def _port(wanted: int | None) -> socket.socket:
    """The port that was asked for, or else the usual one or the next that is free."""
    return reserve_port(PORT, candidates=100) if wanted is None else reserve_port(wanted)


def _python(words: str) -> list[str]:
    return [sys.executable, *words.split()]


def is_healthy(site: str) -> bool:
    """Whether the site says that it and its servers are well; never through a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{site}/healthz", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


@contextlib.contextmanager
def _undisturbed_end() -> Iterator[None]:
    """Let nobody interrupt the stopping that follows; each process has its time limit."""
    try:
        yield
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/demo", description="TPP on this machine, with a seeded community."
    )
    parser.add_argument("--fresh", action="store_true", help="forget the data of earlier starts")
    parser.add_argument(
        "--port", type=int, help=f"the port of the site; without it {PORT}, or the next free one"
    )
    parser.add_argument(
        "--state", type=Path, default=setup.ROOT / ".demo", help="where data, secrets and logs lie (.demo)"
    )
    parser.add_argument(
        "--voting-seconds", type=int, default=600, help="how long a new community's cycles stay open"
    )
    parser.add_argument(
        "--window-seconds", type=int, default=60, help="how long their results can be challenged"
    )
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="start beside everything else, vote, wait for the result, check it, remove all traces",
    )
    options = parser.parse_args(words)
    options.state = options.state.resolve()
    return options


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _stop(number: int, frame: object) -> None:
    raise Stopped
