"""`bin/bench`: how fast the pages and the rules are, on this machine, now."""

import http.client
import random
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import urlsplit

from tpp import setup
from tpp.demo.launcher import start_site
from tpp.processes import Stack, reserve_port, scratch
from votes.tally import RULES, Bounds, profile, tally

Answer = TypeVar("Answer")

CLIENTS = 16
SECONDS = 8.0
PAGES = ("/", "/cycles/11/result/", "/programmes/ignite/", "/cycles/12/ballot/", "/api/v1/cycles/11/result/")


def main() -> int:
    """Print a table of figures; nothing is judged."""
    _say(f"{CLIENTS} clients, {SECONDS:.0f} s a page, load generator on the same cores")
    with scratch(setup.ROOT / ".test") as state, Stack(state) as stack:
        site = start_site(stack, reserve_port(), ("--voting-seconds", "3600"))
        for path in PAGES:
            _page(site, path)
    _rules(ballots=100_000, options=20)
    return 0


def _page(site: str, path: str) -> None:
    _load(site, path, 1.0)  # warm
    took = sorted(_load(site, path, SECONDS))
    p50, p95 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.95))
    _say(f"| {path} | {len(took) / SECONDS:.0f}/s | p50 {p50:.0f} ms | p95 {p95:.0f} ms |")


def _load(site: str, path: str, seconds: float) -> list[float]:
    """How long each answer took [s]."""
    deadline = time.perf_counter() + seconds

    def client() -> list[float]:
        connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=30)
        took = []
        while (started := time.perf_counter()) < deadline:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.OK:
                raise RuntimeError(f"{path} answered {answer.status}")
            took.append(time.perf_counter() - started)
        connection.close()
        return took

    with ThreadPoolExecutor(CLIENTS) as clients:
        return [each for took in clients.map(lambda _: client(), range(CLIENTS)) for each in took]


def _rules(*, ballots: int, options: int) -> None:
    chance = random.Random(1)  # noqa: S311 (the same ballots every time)
    votes = [(chance.getrandbits(80), _ballot(chance, options)) for _ in range(ballots)]
    counted, took = _timed(lambda: profile(votes, options))
    _say(f"| histogram of {ballots:,} ballots × {options} options, pure Python | {took:.2f} s |")
    bounds = [Bounds(0, 10_000)] * options
    times = []
    for _ in range(5):
        _, took = _timed(lambda: [tally(rule, counted, bounds, 10**27) for rule in RULES])
        times.append(took)
    _say(f"| all {len(RULES)} rules with rounding over it, median of 5 | {statistics.median(times):.2f} s |")


def _ballot(chance: random.Random, options: int) -> dict[int, int]:
    chosen = chance.sample(range(options), 5)
    cuts = sorted(chance.sample(range(1, 10_000), 4))
    return dict(zip(chosen, (b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)), strict=True))


def _timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
