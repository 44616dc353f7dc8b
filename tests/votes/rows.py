"""Rows as the verbs would write them, to be written wrongly."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, transaction

from deliberation.actions import open_thread
from journal.clock import database_clock
from ledger.actions import open_account
from tests.factories import HOUR, Community, address, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result
from votes.models import (
    Ballot,
    Cycle,
    WaitingBallot,
)
from votes.models.waiting import waiting_key


@dataclass(frozen=True)
class Stage:
    """A cycle with a result and without ballots; after it an open one in which Alice has voted."""

    community: Community
    past: Cycle
    cycle: Cycle
    ballot: Ballot


def make_stage() -> Stage:
    """The rows of a stage."""
    community = make_community()
    past = make_cycle(community, opens_in=-72 * HOUR)
    assert close_cycle(cycle_id=past.pk, at=past.closes_at)
    assert publish_result(cycle_id=past.pk, at=past.closes_at)
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    return Stage(community, past, cycle, Ballot.objects.get())


@contextmanager
def refused(by: str) -> Iterator[None]:
    """The database refuses what is done inside, by the constraint of this name or with this SQLSTATE."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
    cause = caught.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert by in {cause.sqlstate, cause.diag.constraint_name}, cause


def ballot_of(cycle: Cycle, name: str = "bob", **changes: Any) -> Ballot:
    """A row as acceptance would write it, unless it is changed."""
    row: dict[str, Any] = {
        "cycle": cycle,
        "voter": address(name),
        "sequence": 1,
        "replaces": None,
        "nonce": 1,
        "options": [0],
        "shares": [10_000],
        "reason_hash": bytes(32),
        "digest": bytes(31) + bytes([Ballot.objects.count()]),
        "signature": bytes(65),
    }
    return Ballot.objects.create(**{**row, **changes})


def waiting_of(cycle: Cycle, **changes: Any) -> WaitingBallot:
    """A ballot that waits for Bob's word, unless it is changed."""
    row: dict[str, Any] = {
        "cycle": cycle,
        "key": waiting_key(bytes(32), b"signed"),
        "voter": address("bob"),
        "nonce": 1,
        "options": [0],
        "shares": [10_000],
        "reason_hash": bytes(32),
        "digest": bytes(32),
        "signature": b"signed",
    }
    return WaitingBallot.objects.create(**{**row, **changes})


def cycle_of(stage: Stage, opens_at: datetime, voting: timedelta = HOUR, **changes: Any) -> Cycle:
    """A planned cycle's row, unless it is changed."""
    number = 1 + max(Cycle.objects.values_list("number", flat=True))
    row: dict[str, Any] = {
        "number": number,
        "title": "Cycle",
        "announced_at": opens_at - 3 * HOUR,
        "snapshot_at": opens_at - HOUR,
        "opens_at": opens_at,
        "closes_at": opens_at + voting,
        "settles_at": opens_at + voting + HOUR,
        "notice": HOUR,
        "window": HOUR,
        "account": open_account(token=stage.community.meta.token, name=f"cycle/{number}"),
        "thread": open_thread(title="Cycle", address="/", at=opens_at),
    }
    return Cycle.objects.create(**{**row, **changes})


def again(row: Any, **changes: Any) -> object:
    """A second row like `row`, but for its changes."""
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    if row._meta.pk.get_internal_type() == "BigAutoField":
        fields.pop(row._meta.pk.attname)
    return type(row).objects.create(**{**fields, **changes})
