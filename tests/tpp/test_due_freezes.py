"""An edit that comes while a job is late changes nothing that should have been frozen by then."""

import pytest
from django.test import Client

from programmes.models import Facilitator, Programme
from tests.factories import HOUR, make_community, make_cycle, wallet
from votes.models import Cycle

pytestmark = pytest.mark.django_db


def test_what_is_due_is_frozen_before_anybody_edits(client: Client) -> None:
    community = make_community()
    cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)  # due an hour ago; no job has run
    assert not hasattr(Cycle.objects.get(pk=cycle.pk), "announcement")
    client.get("/programmes/")
    assert not hasattr(Cycle.objects.get(pk=cycle.pk), "announcement")
    Facilitator.objects.create(
        programme=community.ignite,
        wallet=wallet("bob"),
        starts_at=cycle.opens_at - 100 * HOUR,
        ends_at=cycle.opens_at + 100 * HOUR,
        pay_rule="None.",
        interest="None.",
    )
    client.force_login(wallet("bob"), backend="accounts.backends.WalletBackend")
    client.post(f"/programmes/{community.ignite.slug}/edit/", {"name": "Anything"})
    frozen = Cycle.objects.get(pk=cycle.pk)
    assert frozen.announcement.rules.contests[0].name == "Ignite"
    Programme.objects.filter(pk=community.ignite.pk).update(summary="Later.")
    assert Cycle.objects.get(pk=cycle.pk).announcement.rules.hash == frozen.announcement.rules.hash
