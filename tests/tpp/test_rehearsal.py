"""A rehearsal plays the configuration of the night, shows what all would see, and leaves no row behind."""

import pytest
from django.apps import apps
from django.test import Client
from pytest_django import Settings

from accounts.models import Wallet
from tests.factories import Community, address, make_community, make_cycle, wallet
from votes.models import Rehearsal, Schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def admin(settings: Settings, community: Community) -> Client:
    settings.TPP_ADMINS = [address("alice")]
    client = Client()
    client.force_login(wallet("alice"), backend="accounts.backends.WalletBackend")
    return client


def rows() -> dict[str, int]:
    """How many rows stand in every table of ours, rehearsals left out."""
    models = [
        model for model in apps.get_models() if model._meta.app_label != "sessions" and model is not Rehearsal
    ]
    return {model.__name__: model._default_manager.count() for model in models if model is not Wallet}


def test_one_button_plays_all_and_nothing_of_it_touches_real_rows(
    admin: Client, community: Community
) -> None:
    cycle = make_cycle(community)
    balance = community.meta.source.balance
    before = rows()
    answer = admin.post(f"/admin/schedules/{community.schedule.pk}/rehearse/")
    assert answer.status_code == 302, answer.content.decode()
    after = rows()
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}
    community.meta.source.refresh_from_db()
    assert community.meta.source.balance == balance
    assert cycle.ballots.count() == 0


def test_it_shows_what_every_kind_of_user_would_see(admin: Client, community: Community) -> None:
    answer = admin.post(f"/admin/schedules/{community.schedule.pk}/rehearse/")
    page = admin.get(answer["Location"]).content.decode()
    rehearsal = Rehearsal.objects.get()
    assert {scene["who"] for scene in rehearsal.scenes} == {
        "Everybody",
        "Delegates",
        "The public",
        "Builders",
    }
    words = [
        "its rules are frozen",
        "Your ballot for cycle",
        "This ballot is in",
        "can be challenged",
        "moved",
        "It holds",
    ]
    for number, shown in enumerate(words):
        scene = admin.get(f"{answer['Location']}{number}/").content.decode()
        assert shown in scene, (number, shown)
        assert "Nothing on this page is real" in scene
        assert "<script" not in scene
        assert f"{answer['Location']}{number}/" in page
    assert sum(int(amount) for amount in rehearsal.report["paid"].values()) == 1_010 * 10**18


def test_a_sealed_cycle_is_rehearsed_sealed(admin: Client, community: Community) -> None:
    Schedule.objects.update(live_results=False)
    before = rows()
    answer = admin.post(f"/admin/schedules/{community.schedule.pk}/rehearse/")
    rehearsal = Rehearsal.objects.get()
    assert "commitment" in rehearsal.report["receipt"]
    words = ["", "could read sealed ballots", "A sealed ballot is in", "A rehearsal.", "A rehearsal.", ""]
    for number, shown in enumerate(words):
        scene = admin.get(f"{answer['Location']}{number}/").content.decode()
        assert shown in scene, (number, shown)
        assert ("A rehearsal." in scene) == (shown == "A rehearsal."), number
    assert rows() == before


def test_it_has_a_deployment_of_its_own(admin: Client, community: Community) -> None:
    receipts = []
    for _ in range(2):
        admin.post(f"/admin/schedules/{community.schedule.pk}/rehearse/")
        receipts.append(Rehearsal.objects.first())
    hashes = {receipt.report["receipt"]["rules"] for receipt in receipts if receipt}
    assert len(hashes) == 2


def test_what_could_not_be_announced_is_refused_in_words(admin: Client, community: Community) -> None:
    community.schedule.contests.all().delete()
    answer = admin.post(f"/admin/schedules/{community.schedule.pk}/rehearse/")
    assert 400 <= answer.status_code < 500
    assert "This would not be announced" in answer.content.decode()
    assert not Rehearsal.objects.exists()


def test_only_admins_rehearse(community: Community, client: Client) -> None:
    client.force_login(wallet("bob"), backend="accounts.backends.WalletBackend")
    assert client.post(f"/admin/schedules/{community.schedule.pk}/rehearse/").status_code == 403
    assert client.get("/admin/rehearsals/1/").status_code == 403
