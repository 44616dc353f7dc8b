"""Doing things at the same time: real threads, each with a connection of its own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Protocol, TypeVar

import psycopg
from django.db import connection

T = TypeVar("T")

_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Start(Protocol):
    def __call__(self, call: Callable[[], T]) -> Future[T]: ...


def at_once(*calls: Callable[[], T]) -> list[T]:
    """What each of `calls` returns; all start together. What one raises, this raises."""
    everybody = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        everybody.wait()
        return call()

    with threads(len(calls)) as start:
        answers = [start(lambda call=call: run(call)) for call in calls]  # type: ignore[misc]
    return [answer.result() for answer in answers]


@contextmanager
def threads(most: int = 8) -> Iterator[Start]:
    """A way to start calls beside this one; all are over when the block is left."""
    with ThreadPoolExecutor(most) as pool:
        yield lambda call: pool.submit(_alone, call)


def wait_until_blocked(superuser: psycopg.Connection, count: int = 1) -> None:
    """Return when `count` connections to this database wait for a lock."""
    for _ in range(3000):
        superuser.execute("SELECT pg_stat_clear_snapshot()")  # what is kept while a transaction lasts
        if superuser.execute(_WAITING).fetchone() == (count,):
            return
        time.sleep(0.01)
    raise AssertionError(f"{count} should wait for a lock")


def _alone(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        connection.close()
