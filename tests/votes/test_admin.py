"""Admins configure what is coming and cannot spoil a cycle; without one, cycles run by themselves."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from journal.clock import database_clock
from journal.models import AuditEntry
from journal.refusal import Refusal
from tests.accounts.visitors import Visitor
from tests.factories import HOUR, Community, address, make_community, make_cycle, signed, wallet
from tests.races import at_once
from tests.tpp.html_reader import Page
from votes.actions.ballots import cast_ballot
from votes.actions.cancelling import cancel_cycle
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.schedules import fingerprint
from votes.actions.steps import run_everything_due
from votes.models import Ballot, Cancellation, Cycle

MINUTE = timedelta(minutes=1)


@pytest.fixture
def community(db: None, settings: Settings) -> Community:
    settings.TPP_ADMINS = [address("alice"), address("bob")]
    return make_community()


@pytest.fixture
def admin(community: Community) -> Client:
    """A browser in which an admin is signed in; forged requests are another test's matter."""
    client = Client()
    client.force_login(wallet("alice"), backend="accounts.backends.WalletBackend")
    return client


def announced(community: Community) -> Cycle:
    return make_cycle(community, opens_in=2 * HOUR, frozen=False)


def opened(community: Community) -> Cycle:
    cycle = make_cycle(community)
    cast_ballot(
        number=cycle.number, submission=signed("alice", cycle, reason="Because."), at=database_clock()
    )
    return cycle


def counting(community: Community) -> Cycle:
    cycle = make_cycle(community, opens_in=-2 * HOUR, voting=HOUR)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    return cycle


def settled(community: Community) -> Cycle:
    cycle = make_cycle(community, opens_in=-9 * HOUR, voting=HOUR)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at + HOUR)
    return cycle


STAGES: dict[str, Callable[[Community], Cycle]] = {
    "announced": announced, "open": opened, "counting": counting, "settled": settled,
}  # fmt: skip
# what a cycle is made of, by the path from a row to its cycle
PARTS = {
    "Cycle": "pk", "Announcement": "cycle", "Contest": "cycle", "Option": "cycle", "CyclePower": "cycle",
    "Ballot": "cycle", "BallotPosition": "cycle", "Certificate": "cycle", "Result": "cycle",
    "ContestResult": "contest__cycle", "OptionResult": "option__cycle", "Settlement": "cycle",
    "Cancellation": "cycle", "Reason": "ballot__cycle",
    "TreeHead": "cycle", "TreeNode": "cycle",
}  # fmt: skip


def everything_of(cycle: Cycle) -> dict[str, list[dict[str, Any]]]:
    """Every row that makes the cycle, to the last column."""
    found = {}
    for name, path in PARTS.items():
        rows = apps.get_model("votes", name)._default_manager.filter(**{path: cycle.pk}).order_by("pk")
        found[name] = [{key: _plain(value) for key, value in row.items()} for row in rows.values()]
    return found


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def admin_paths(cycle: Cycle) -> list[str]:
    """Every address under admin/, with the cycle's and its schedule's number."""
    routes = [str(each.pattern) for each in _patterns(get_resolver().url_patterns)]
    found = {route for route in routes if route.startswith("admin/")}
    return [
        "/"
        + route.replace("<number:pk>", str(cycle.schedule_id)).replace("<number:number>", str(cycle.number))
        for route in sorted(found)
    ]


def _patterns(patterns: list[Any]) -> list[Any]:
    nested = [_patterns(each.url_patterns) if hasattr(each, "url_patterns") else [each] for each in patterns]
    return [each for group in nested for each in group]


def bodies(community: Community, seen: str) -> list[dict[str, str]]:
    """What an admin, or somebody with an admin's session, might send."""
    key = f"contest-{community.security.pk}-"
    schedule = {
        "name": "Other", "rhythm": "custom", "recurrence": "FREQ=MONTHLY", "time_zone": "UTC",
        "first_opens_at": "2030-01-02T18:00", "ahead": "3", "is_active": "on", "seen": seen, "do": "save",
        **{f"{name}_0": str(days) for name, days in
           {"announce_before": 7, "snapshot_before": 1, "notice": 2, "voting": 3, "window": 2}.items()},
        **{f"{name}_1": "days" for name in ("announce_before", "snapshot_before", "notice", "voting", "window")},
        key + "on": "on", key + "rule": "mean", key + "quorum_power": "99", key + "quorum_voters": "9",
        key + "fallback": "return_to_reserve", key + "floor": "0", key + "cap": "100",
    }  # fmt: skip
    return [
        {},
        schedule,
        {"address": address("carol"), "reason": "Mine now.", "do": "grant"},
        {
            "opens_at": "2020-01-01T00:00",
            "closes_at": "2020-01-02T00:00",
            "rules_hash": "00" * 32,
            "phase": "open",
        },
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_no_admin_address_and_no_method_changes_a_cycle(
    community: Community, admin: Client, stage: str
) -> None:
    cycle = STAGES[stage](community)
    before = everything_of(cycle)
    paths = admin_paths(cycle)
    assert len(paths) >= 6
    answers = set()
    for path in [*paths, f"/cycles/{cycle.number}/", f"/api/v1/cycles/{cycle.number}/"]:
        for method in ("get", "head", "post", "put", "patch", "delete"):
            for body in bodies(community, fingerprint(community.schedule)):
                if stage == "announced" and path.startswith("/admin/cycles/") and "reason" in body:
                    continue  # cancelling, the one thing that is allowed and has tests of its own
                sent = body if method == "post" else {}
                answers.add(getattr(admin, method)(path, sent or None).status_code)
    assert answers <= {200, 302, 400, 404, 405, 409, 422}
    community.schedule.refresh_from_db()
    assert community.schedule.name == "Other"  # so the edits were taken, and the cycle stayed
    assert everything_of(cycle) == before


@pytest.mark.parametrize("stage", ["open", "counting", "settled"])
def test_after_the_opening_nobody_cancels(community: Community, admin: Client, stage: str) -> None:
    cycle = STAGES[stage](community)
    before = everything_of(cycle)
    answer = admin.post(f"/admin/cycles/{cycle.number}/", {"reason": "I do not like where this goes."})
    assert answer.status_code == 409
    assert "Voting has opened" in answer.content.decode()
    assert everything_of(cycle) == before
    with pytest.raises(DatabaseError), transaction.atomic():
        Cancellation.objects.create(
            cycle=cycle, cancelled_at=cycle.announced_at, reason="x", actor=address("bob")
        )


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/schedules/new/", "/admin/schedules/1/", "/admin/cycles/1/"]
)
def test_everybody_else_is_told_that_this_is_for_admins(community: Community, path: str) -> None:
    carol = Visitor("carol")
    carol.sign_in()
    for client in (Client(), carol.client):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "This is for admins" in answer.content.decode()
        assert Page.read(answer.content.decode()).faults == []
        assert 'href="/admin/"' not in answer.content.decode()
    answer = carol.client.post(path, {"reason": "x"}, headers={"x-csrftoken": carol.token()})
    assert answer.status_code in {403, 405}


@pytest.mark.parametrize("is_announced", [True, False])
def test_until_the_opening_an_admin_cancels_in_public(
    community: Community, admin: Client, is_announced: bool
) -> None:
    cycle = make_cycle(community, opens_in=4 * HOUR, announced=is_announced, frozen=False)
    refused = admin.post(f"/admin/cycles/{cycle.number}/", {"reason": " "})
    assert refused.status_code == 400
    assert admin.post(f"/admin/cycles/{cycle.number}/", {"reason": "The token <moved>."}).status_code == 302
    stored = Cancellation.objects.get(cycle=cycle)
    assert (stored.actor, stored.reason) == (address("alice"), "The token <moved>.")
    assert "The token &lt;moved&gt;." in Client().get(f"/cycles/{cycle.number}/").content.decode()
    assert "Cancel cycle" in Client().get("/admin/log/").content.decode()
    again = admin.post(f"/admin/cycles/{cycle.number}/", {"reason": "Twice."})
    assert again.status_code == 409
    assert "cancelled already" in again.content.decode()


def test_cancelling_first_freezes_what_is_due(community: Community) -> None:
    cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)
    cancel_cycle(number=cycle.number, actor=address("alice"), reason="Why.", at=database_clock())
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ("announced", "cancelled: Why.")


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_at_once_one_cancels(community: Community) -> None:
    cycle = make_cycle(community, opens_in=2 * HOUR)

    def cancel(name: str) -> str:
        try:
            cancel_cycle(number=cycle.number, actor=address(name), reason=name, at=database_clock())
        except Refusal as refusal:
            return refusal.name
        return "cancelled"

    assert sorted(at_once(partial(cancel, "alice"), partial(cancel, "bob"))) == [
        "already_cancelled",
        "cancelled",
    ]
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_ballot_is_accepted_in_a_cancelled_cycle_however_close_the_opening(community: Community) -> None:
    for _ in range(12):
        cycle = make_cycle(community, opens_in=timedelta(milliseconds=60), voting=timedelta(milliseconds=200))
        at = cycle.opens_at - MINUTE  # an admin whose request was long under way
        ballot = signed("alice", cycle)

        def vote(cycle: Cycle = cycle, ballot: Any = ballot) -> str:
            while database_clock() < cycle.closes_at:
                try:
                    cast_ballot(number=cycle.number, submission=ballot, at=database_clock())
                except Refusal as refusal:
                    if refusal.name != "not_open_yet":
                        return refusal.name
                else:
                    return "accepted"
            return "closed"

        def cancel(cycle: Cycle = cycle, at: Any = at) -> str:
            while database_clock() < cycle.opens_at - timedelta(milliseconds=3):
                pass
            try:
                cancel_cycle(number=cycle.number, actor=address("alice"), reason="Now.", at=at)
            except Refusal as refusal:
                return refusal.name
            return "cancelled"

        voted, cancelled = at_once(vote, cancel)
        while database_clock() < cycle.closes_at:
            pass
        assert (cancelled == "cancelled") == (voted == "cycle_cancelled")
        assert Ballot.objects.filter(cycle=cycle).exists() == (voted == "accepted")


def test_a_cycle_runs_without_anybody(community: Community) -> None:
    """From schedule to settlement by what is due alone."""
    start = database_clock()
    run_everything_due(at=start)
    cycle = Cycle.objects.earliest("opens_at")
    seen = []
    for at in (
        start,
        cycle.announced_at,
        cycle.snapshot_at,
        cycle.opens_at,
        cycle.closes_at,
        cycle.settles_at + HOUR,
    ):
        run_everything_due(at=at)
        seen.append(Cycle.objects.at(at).get(pk=cycle.pk).phase)
    assert seen == ["planned", "announced", "announced", "open", "challenge", "settled"]
    assert not AuditEntry.objects.exists()
