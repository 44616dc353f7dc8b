"""Transaction-scoped advisory locks of PostgreSQL, by (space, key)."""

from django.db import connection

# One number a space; the ballots' trigger knows its own by number (votes/migrations).
BALLOTS = 1
TREE = 2
WAITING = 3
MAIL = 4
NAMES = 5
STEP = 10


def try_lock(space: int, key: int) -> bool:
    """Take the lock until the transaction ends; False, at once, where somebody else holds it."""
    return bool(_ask("SELECT pg_try_advisory_xact_lock(%s, %s)", space, key))


def wait_for_lock(space: int, key: int) -> None:
    """Take the lock until the transaction ends, waiting for whoever holds it, shared holders included."""
    _ask("SELECT pg_advisory_xact_lock(%s, %s)", space, key)


def _ask(sql: str, space: int, key: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql, [space, key])
        return cursor.fetchone()[0]
