"""The one clock is the database's, and it goes on within a transaction."""

import time
from datetime import UTC, timedelta

import pytest
from django.db import connection, transaction

from journal.clock import database_clock


@pytest.mark.django_db
def test_the_clock_is_the_databases_and_in_utc() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
        before = database_clock()
        cursor.execute("SELECT clock_timestamp()")
        (after,) = cursor.fetchone()
    assert before.tzinfo is UTC
    assert timedelta(0) <= after - before < timedelta(seconds=1)


@pytest.mark.django_db
def test_the_clock_does_not_stand_still_in_a_transaction() -> None:
    with transaction.atomic():
        before = database_clock()
        time.sleep(0.002)
        assert database_clock() > before
