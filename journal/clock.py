"""The one clock: the database's. Edges read it once and pass `at` down."""

from datetime import UTC, datetime

from django.db import connection


def database_clock() -> datetime:
    """The database's wall clock now, as an aware UTC instant (`now()` would be the transaction's start)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    assert isinstance(at, datetime)
    return at.astimezone(UTC)
