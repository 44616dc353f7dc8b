"""What was published or frozen is never changed, and nothing is added to it, whoever asks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Wallet
from journal.clock import database_clock
from journal.refusal import Refusal
from power.actions import freeze_list, freeze_register, publish_register
from power.models import Register, RegisterEntry, Snapshot, SnapshotPower
from power.registers import Entry, canonical_hash

pytestmark = pytest.mark.django_db

A, B, C = "0x" + "a1" * 20, "0x" + "b2" * 20, "0x" + "c3" * 20
ENTRIES = [Entry(A, 10, "Ada"), Entry(B, 20, "")]
TABLES = ["power_register", "power_registerentry", "power_snapshot", "power_snapshotpower"]


@pytest.fixture
def register() -> Register:
    return publish_register(name="R", entries=ENTRIES, at=database_clock())


@pytest.fixture
def snapshot(register: Register) -> Snapshot:
    at = database_clock()
    return freeze_register(register=register, timepoint=at - timedelta(hours=1), at=at)


def sqlstate(statement: str, *parameters: Any) -> str | None:
    """How the database refuses `statement`."""
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    return getattr(refused.value.__cause__, "sqlstate", None)


def test_a_snapshot_is_a_copy_of_the_register(register: Register, snapshot: Snapshot) -> None:
    assert dict(snapshot.powers.values_list("address", "power")) == {A: 10, B: 20}
    assert (snapshot.register, snapshot.holder_count, snapshot.total_power) == (register, 2, 30)
    assert snapshot.taken_at - snapshot.timepoint == timedelta(hours=1)


def test_two_snapshots_of_one_register_are_independent(register: Register, snapshot: Snapshot) -> None:
    at = database_clock()
    other = freeze_register(register=register, timepoint=at, at=at)
    assert other.powers.count() == snapshot.powers.count() == 2


def test_a_list_that_came_with_a_vote_is_frozen_without_a_register() -> None:
    at = database_clock()
    snapshot = freeze_list(powers={A: 1, C: 2**200}, timepoint=at, at=at)
    assert (snapshot.register, snapshot.holder_count, snapshot.total_power) == (None, 2, 1 + 2**200)
    assert dict(snapshot.powers.values_list("address", "power")) == {A: 1, C: 2**200}


def test_a_register_without_a_name_is_refused() -> None:
    for name in ("", "x" * 81):
        with pytest.raises(Refusal, match="bad_name"):
            publish_register(name=name, entries=ENTRIES, at=database_clock())


def test_the_same_powers_are_refused_in_any_order_and_nothing_is_left_behind(register: Register) -> None:
    renamed = [Entry(B, 20, "Bo"), Entry(A, 10, "Ada")]
    assert canonical_hash(renamed) == bytes(register.sha256)
    with pytest.raises(Refusal, match="already_published"):
        publish_register(name="S", entries=renamed, at=database_clock())
    assert Register.objects.count() == 1
    assert RegisterEntry.objects.count() == 2
    assert not Wallet.objects.filter(address=B).exists()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "DELETE FROM {} WHERE false", "TRUNCATE {} CASCADE"],
)
@pytest.mark.usefixtures("snapshot")
def test_the_application_has_no_right_to_change_it(table: str, statement: str) -> None:
    assert sqlstate(statement.format(table)) == "42501"  # insufficient_privilege


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.usefixtures("snapshot")
def test_the_owner_is_refused_by_the_table_itself(
    superuser: psycopg.Connection, table: str, statement: str
) -> None:
    superuser.execute("SET ROLE tpp_owner")
    with pytest.raises(psycopg.Error) as refused:
        superuser.execute(statement.format(table))
    assert refused.value.sqlstate == "TP100"


def add_to_register(register: Register, snapshot: Snapshot) -> None:
    RegisterEntry.objects.create(register=register, address=C, power=0)


def add_to_snapshot(register: Register, snapshot: Snapshot) -> None:
    SnapshotPower.objects.create(snapshot=snapshot, address=C, power=0)


@pytest.mark.parametrize("add", [add_to_register, add_to_snapshot])
def test_nothing_is_added_later(
    add: Callable[[Register, Snapshot], None], register: Register, snapshot: Snapshot
) -> None:
    with pytest.raises(DatabaseError, match="nothing is added to power_"):
        add(register, snapshot)


def test_a_register_holds_no_more_power_than_it_says() -> None:
    register = Register.objects.create(
        name="R", published_at=database_clock(), sha256=b"\x01" * 32, entry_count=2, total_power=10
    )
    RegisterEntry.objects.create(register=register, address=A, power=10)
    with pytest.raises(DatabaseError, match="nothing is added"):
        RegisterEntry.objects.create(register=register, address=B, power=1)


@pytest.mark.parametrize(
    ("address", "power", "constraint"),
    [
        (A, 1, "an_address_is_registered_once"),
        (C, -1, "registered_power_is_not_negative"),
        (C.upper().replace("X", "x"), 1, "a_register_lists_addresses"),
    ],
)
def test_a_bad_entry_is_refused(register: Register, address: str, power: int, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        RegisterEntry.objects.create(register=register, address=address, power=power)


@pytest.mark.parametrize(
    ("address", "power", "constraint"),
    [
        (A, 1, "power_is_frozen_once"),
        (C, -1, "power_is_not_negative"),
        (C.upper().replace("X", "x"), 1, "a_snapshot_lists_addresses"),
    ],
)
def test_bad_frozen_power_is_refused(snapshot: Snapshot, address: str, power: int, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        SnapshotPower.objects.create(snapshot=snapshot, address=address, power=power)


def test_a_name_can_be_erased_and_the_register_still_has_its_hash(register: Register) -> None:
    Wallet.objects.filter(address=A).update(name="")
    entries = [Entry(entry.address, entry.power, "") for entry in register.entries.all()]
    assert canonical_hash(entries) == bytes(register.sha256)
