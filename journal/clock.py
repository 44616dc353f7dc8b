"""The one clock: the database's. Edges read it once and pass `at` down."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.db import connection

_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def database_clock() -> datetime:
    """The database's wall clock now, as an aware UTC instant (`now()` would be the transaction's start)."""
    pretended = _pretended.get()
    if pretended is not None:
        return pretended
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    assert isinstance(at, datetime)
    return at.astimezone(UTC)


@contextmanager
def pretended_clock(at: datetime) -> Iterator[None]:
    """Let pages of a rehearsal show what they would show at `at`. Acceptance never asks this clock."""
    token = _pretended.set(at)
    try:
        yield
    finally:
        _pretended.reset(token)
