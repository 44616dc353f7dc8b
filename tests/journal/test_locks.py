"""Advisory locks exclude each other until the transaction ends, and only within one space and key."""

from threading import Event

import psycopg
import pytest
from django.db import transaction

from journal.locks import BALLOTS, STEP, try_lock, wait_for_lock
from tests.races import threads, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)


def takes(space: int, key: int) -> bool:
    with transaction.atomic():
        return try_lock(space, key)


def test_a_lock_is_held_by_one_until_the_transaction_ends() -> None:
    with threads() as start:
        with transaction.atomic():
            assert try_lock(STEP, 7)
            assert try_lock(STEP, 7)  # again, by the same transaction
            assert not start(lambda: takes(STEP, 7)).result()
        assert start(lambda: takes(STEP, 7)).result()


def test_another_key_and_another_space_are_other_locks() -> None:
    with threads() as start, transaction.atomic():
        wait_for_lock(STEP, 7)
        assert start(lambda: takes(STEP, 8)).result()
        assert start(lambda: takes(BALLOTS, 7)).result()


def test_a_lock_ends_with_a_transaction_that_is_rolled_back() -> None:
    with threads() as start:
        with transaction.atomic():
            assert try_lock(STEP, 7)
            transaction.set_rollback(True)
        assert start(lambda: takes(STEP, 7)).result()


def test_waiting_goes_on_when_the_holder_is_done(superuser: psycopg.Connection) -> None:
    released = Event()

    def wait() -> bool:
        with transaction.atomic():
            wait_for_lock(STEP, 7)
            return released.is_set()

    with threads() as start:
        with transaction.atomic():
            wait_for_lock(STEP, 7)
            waiting = start(wait)
            wait_until_blocked(superuser)
            released.set()
        assert waiting.result(10)
