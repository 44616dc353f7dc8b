"""The thinnest path, from a signed ballot to money in a typology's account."""

import json

import pytest
from django.test import Client

from tests.factories import HOUR, UNIT, a_moment_after, make_community, make_cycle, signed
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.models import Cycle

pytestmark = pytest.mark.django_db


def test_a_signed_ballot_moves_money_and_nothing_else_does(client: Client) -> None:
    community = make_community()
    cycle = make_cycle(community)
    body = signed("alice", cycle, reason="Because.").body()
    answer = client.post(f"/api/v1/cycles/{cycle.number}/ballots/", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    again = client.post(f"/api/v1/cycles/{cycle.number}/ballots/", body, content_type="application/json")
    assert (again.status_code, again.json()) == (201, answer.json())

    closed = a_moment_after(cycle.closes_at)
    assert not close_cycle(cycle_id=cycle.pk, at=cycle.opens_at)
    assert close_cycle(cycle_id=cycle.pk, at=closed)
    assert not close_cycle(cycle_id=cycle.pk, at=closed)
    assert publish_result(cycle_id=cycle.pk, at=closed)
    assert not settle_cycle(cycle_id=cycle.pk, at=closed)
    assert settle_cycle(cycle_id=cycle.pk, at=closed + 2 * HOUR)

    balances = {t.slug: t.account.balance for t in community.ignite.typologies.all()}
    assert balances == {"lending": 600 * UNIT, "exchanges": 400 * UNIT}
    community.meta.source.refresh_from_db()
    assert community.meta.source.balance == -1010 * UNIT
    late = client.post(f"/api/v1/cycles/{cycle.number}/ballots/", body, content_type="application/json")
    assert (late.status_code, late.json()) == (201, answer.json())
    assert Cycle.objects.at(closed + 3 * HOUR).get().phase == "settled"
    assert json.loads(body)["ballot"]["reason"] == "Because."
