"""The list of ballots: those with the most power first, replaced ones left out, the same before and after closing."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from journal.clock import database_clock
from tests.factories import EVEN, UNIT, address, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result
from votes.models import Cycle
from votes.views.results import list_of_ballots

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle() -> Cycle:
    """Dora and Erik hold the same; Bob voted twice."""
    cycle = make_cycle(
        make_community({"alice": 9 * UNIT, "bob": 30 * UNIT, "dora": 5 * UNIT, "erik": 5 * UNIT})
    )
    for name, nonce in (("erik", 1), ("bob", 1), ("alice", 1), ("dora", 1), ("bob", 2)):
        cast_ballot(
            number=cycle.number, submission=signed(name, cycle, EVEN, nonce=nonce), at=database_clock()
        )
    return cycle


def listed(cycle: Cycle, after: int = 0) -> list[tuple[str, int, int]]:
    found = Cycle.objects.select_related("power", "certificate").get(pk=cycle.pk)
    return [
        (row.ballot.voter, row.ballot.nonce, row.power // UNIT) for row in list_of_ballots(found, after=after)
    ]


def test_the_strongest_come_first_and_equals_as_they_were_stored(cycle: Cycle) -> None:
    names = [("bob", 2, 30), ("alice", 1, 9), ("erik", 1, 5), ("dora", 1, 5)]
    order = [(address(name), nonce, power) for name, nonce, power in names]
    assert listed(cycle) == order
    assert listed(cycle, after=2) == order[2:]
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert listed(cycle) == listed(cycle) == order
    assert listed(cycle, after=3) == order[3:]


def test_of_a_certified_cycle_nothing_is_sorted_twice(cycle: Cycle) -> None:
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    cache.clear()
    sorts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            page = Client().get(f"/cycles/{cycle.number}/result/").content.decode()
        sorts.append(sum("NULLS LAST" in query["sql"] for query in queries))
        assert "4 count, 1 were replaced" in page
    assert sorts == [1, 0]
