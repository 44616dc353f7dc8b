"""A community whose cycles come by themselves every few seconds."""

from datetime import timedelta

from journal.clock import database_clock
from tests.factories import UNIT, make_community

PAUSE = timedelta(seconds=2)  # between a closing and the next opening


def found(*, voters: int, every: timedelta) -> None:
    """`voters` people of one token each, named as `name_of` does, and a cycle `every` so often."""
    schedule = make_community({name_of(number): UNIT for number in range(voters)}).schedule
    schedule.recurrence = f"FREQ=SECONDLY;INTERVAL={int(every.total_seconds())}"
    schedule.first_opens_at = database_clock() + timedelta(seconds=4)
    schedule.announce_before = timedelta(seconds=8)
    schedule.snapshot_before = timedelta(seconds=1)
    schedule.notice = timedelta(0)
    schedule.voting = every - PAUSE
    schedule.window = timedelta(seconds=1)
    schedule.ahead = 3
    schedule.save()


def name_of(number: int) -> str:
    return f"voter {number}"
