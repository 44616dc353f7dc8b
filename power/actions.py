"""Publishing registers and freezing power."""

from datetime import datetime

from django.db import IntegrityError, connection, transaction

from accounts.actions import give_names
from journal.refusal import Refusal
from power.models import Register, Snapshot, SnapshotPower
from power.registers import Entry, canonical_hash


def publish_register(*, name: str, entries: list[Entry], at: datetime) -> Register:
    """Store `entries` as a new register, and the names they give to wallets that have none.

    Raises Refusal `already_published` where the very same powers stand in one already, and `bad_name`. All or
    nothing.
    """
    if not 0 < len(name) <= 80:
        raise Refusal("bad_name", "A register's name has 1 to 80 characters; nothing was changed.")
    try:
        with transaction.atomic():
            register = _store(name, entries, at)
            give_names({entry.address: entry.name for entry in entries if entry.name}, at=at)
    except IntegrityError as error:
        if "a_register_is_published_once" not in str(error):
            raise
        words = "These powers are published already; nothing was changed."
        raise Refusal("already_published", words, status=409) from error
    return register


def _store(name: str, entries: list[Entry], at: datetime) -> Register:
    register = Register.objects.create(
        name=name,
        published_at=at,
        sha256=canonical_hash(entries),
        entry_count=len(entries),
        total_power=sum(entry.power for entry in entries),
    )
    with connection.cursor() as cursor:  # one statement: ten times as fast as 100,000 model instances
        cursor.execute(
            "INSERT INTO power_registerentry (register_id, address, power)"
            " SELECT %s, address, power FROM unnest(%s::text[], %s::numeric[]) AS entry (address, power)",
            [register.pk, [entry.address for entry in entries], [entry.power for entry in entries]],
        )
    return register


def freeze_register(*, register: Register, timepoint: datetime, at: datetime) -> Snapshot:
    """Copy `register` into a snapshot for `timepoint`. The caller's transaction decides that it happens once."""
    snapshot = Snapshot.objects.create(
        register=register,
        timepoint=timepoint,
        taken_at=at,
        holder_count=register.entry_count,
        total_power=register.total_power,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO power_snapshotpower (snapshot_id, address, power)"
            " SELECT %s, address, power FROM power_registerentry WHERE register_id = %s",
            [snapshot.pk, register.pk],
        )
    return snapshot


def freeze_list(*, powers: dict[str, int], timepoint: datetime, at: datetime) -> Snapshot:
    """Freeze `powers` [base units by address] that came with an imported vote."""
    snapshot = Snapshot.objects.create(
        timepoint=timepoint, taken_at=at, holder_count=len(powers), total_power=sum(powers.values())
    )
    SnapshotPower.objects.bulk_create(
        (SnapshotPower(snapshot=snapshot, address=address, power=power) for address, power in powers.items()),
        batch_size=5000,
    )
    return snapshot
