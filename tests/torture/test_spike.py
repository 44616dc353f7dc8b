"""Everybody votes in the last seconds, over HTTP, across the closing: every answer is true."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from tests.torture.crowd import ballots_for, check_answers, send_all
from tests.torture.founding import found
from tests.torture.site import Site

CLIENTS = 16


def test_across_the_closing_every_answer_is_true(
    live: Site, rounds: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    """Half of the ballots are to come before the instant, half after it."""
    times = rounds(1, 5)
    in_full = rounds(0, 1) > 0
    voters, seconds = (5_000, 10.0) if in_full else (240, 4.0)
    found(voters=voters, every=timedelta(seconds=60 if in_full else 12))
    live.start_web()
    live.start_worker()
    live.start_beat()
    told: Counter[int] = Counter()
    for _ in range(times):
        cycle = live.open_cycle(left=seconds / 2 + 3)
        ballots = ballots_for(cycle, range(voters))
        time.sleep(max(0.0, live.seconds_until(cycle.closes_at) - seconds / 2))
        send_all(live, cycle, ballots, clients=CLIENTS, over=seconds)
        live.wait_for_settlement(cycle)
        first = check_answers(live, cycle, ballots)
        assert first[201] > 0, (first, ballots[0])
        assert sum(count for status, count in first.items() if 400 <= status < 500) > 0, first
        told += first
    assert live.check_every_closing() >= times
    counts = ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(told.items()))
    figure(f"spike: {times} closing(s), {sum(told.values())} ballots, first answers {counts}: all true")
