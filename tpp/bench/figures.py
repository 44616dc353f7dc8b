"""Timing work, and saying how long it took."""

import statistics
import sys
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    """What `work` answers, and how long it took [s]."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def row(what: str, times: list[float]) -> None:
    """One line of a table: the median of `times` [s], and the fastest and slowest where there are several."""
    median = statistics.median(times)
    range_ = f" ({min(times):.2f} to {max(times):.2f}, {len(times)} runs)" if len(times) > 1 else ""
    say(f"| {what} | {median:.2f} s{range_} |")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
