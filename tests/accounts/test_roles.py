"""Roles: by the settings at once, by a grant after a public delay; every change public and for good."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from pytest_django import Settings

from accounts.models import ADMIN, RoleChange, holds_role
from accounts.roles import grant_role, revoke_role
from journal.clock import database_clock
from journal.models import AuditEntry
from journal.refusal import Refusal
from tests.accounts.visitors import Visitor
from tests.factories import address

pytestmark = pytest.mark.django_db

DELAY = timedelta(hours=48)
MOMENT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def alice_is_admin(settings: Settings) -> None:
    settings.TPP_ADMINS = [address("alice")]


def grant(
    name: str, at: datetime, *, actor: str = "alice", reason: str = "Helps.", role: str = ADMIN
) -> RoleChange:
    whom = name if name == "me" else address(name)
    return grant_role(address=whom, role=role, actor=address(actor), reason=reason, at=at)


def revoke(name: str, at: datetime, *, actor: str = "alice") -> RoleChange:
    return revoke_role(address=address(name), role=ADMIN, actor=address(actor), reason="Enough.", at=at)


def is_admin(name: str, at: datetime) -> bool:
    return holds_role(address(name), ADMIN, at)


def test_a_grant_counts_after_the_delay_and_a_revocation_too() -> None:
    at = database_clock()
    assert is_admin("alice", at)
    grant("bob", at)
    assert [is_admin("bob", at + DELAY - MOMENT), is_admin("bob", at + DELAY)] == [False, True]
    later = at + 3 * DELAY
    revoke("bob", later)
    assert [is_admin("bob", later + DELAY - MOMENT), is_admin("bob", later + DELAY)] == [True, False]
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["revoke_role", "grant_role"]


def test_a_grant_that_is_still_waiting_can_be_stopped() -> None:
    at = database_clock()
    grant("bob", at)
    revoke("bob", at + DELAY - MOMENT)
    assert not is_admin("bob", at + DELAY)
    assert not is_admin("bob", at + 9 * DELAY)
    grant("bob", at + 2 * DELAY)
    assert is_admin("bob", at + 3 * DELAY)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("not_an_admin", lambda at: grant("carol", at, actor="bob")),
        ("no_reason", lambda at: grant("carol", at, reason=" \n")),
        ("reason_too_long", lambda at: grant("carol", at, reason="x" * 1001)),
        ("holds_it_already", lambda at: grant("alice", at)),
        ("named_in_settings", lambda at: revoke("alice", at)),
        ("does_not_hold_it", lambda at: revoke("carol", at)),
        ("bad_address", lambda at: grant("me", at)),
        ("unknown_role", lambda at: grant("bob", at, role="king")),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(name: str, call: object) -> None:
    with pytest.raises(Refusal) as refusal:
        call(database_clock())  # type: ignore[operator]
    assert refusal.value.name == name
    assert not RoleChange.objects.exists()
    assert not AuditEntry.objects.exists()


def test_changes_and_the_log_are_never_edited_or_deleted() -> None:
    grant("bob", database_clock())
    for rows in (RoleChange.objects.all(), AuditEntry.objects.all()):
        for change in (rows.delete, lambda rows=rows: rows.update(actor=address("bob"))):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


def test_everybody_reads_roles_and_only_an_admin_changes_them() -> None:
    assert Client().get("/admin/roles/").status_code == 200
    assert Client().get("/admin/log/").status_code == 200
    body = {"address": address("carol"), "reason": "Helps with dates.", "do": "grant"}
    bob, alice = Visitor("bob"), Visitor("alice")
    for visitor in (bob, alice):
        visitor.sign_in()
    refused = bob.client.post("/admin/roles/", body, headers={"x-csrftoken": bob.token()})
    assert refused.status_code == 403
    assert "This is for admins" in refused.content.decode()
    assert alice.client.post("/admin/roles/", body, headers={"x-csrftoken": alice.token()}).status_code == 302
    page = Client().get("/admin/roles/?x").content.decode()
    assert "Helps with dates." in page
    assert "Revoke it" not in page
    again = alice.client.post("/admin/roles/", body, headers={"x-csrftoken": alice.token()})
    assert again.status_code == 400
    assert "has been granted the role" in again.content.decode()
