"""Publishing registers and freezing power."""

from datetime import datetime

from django.db import connection, transaction

from accounts.models import Wallet
from journal.refusal import Refusal
from power.models import Register, RegisterEntry, Snapshot, SnapshotPower
from power.registers import Entry, canonical_hash


def publish_register(*, name: str, entries: list[Entry], at: datetime) -> Register:
    """Store `entries` as a new register, and the names they give to wallets that have none.

    Raises Refusal `already_published` where the very same powers stand in one already. All or nothing.
    """
    sha256 = canonical_hash(entries)
    with transaction.atomic():
        if Register.objects.filter(sha256=sha256).exists():
            raise Refusal(
                "already_published", "These powers are published already; nothing was changed.", status=409
            )
        register = Register.objects.create(
            name=name,
            published_at=at,
            sha256=sha256,
            entry_count=len(entries),
            total_power=sum(entry.power for entry in entries),
        )
        RegisterEntry.objects.bulk_create(
            (
                RegisterEntry(register=register, address=entry.address, power=entry.power, name=entry.name)
                for entry in entries
            ),
            batch_size=5000,
        )
        Wallet.objects.bulk_create(
            (Wallet(address=entry.address, name=entry.name, joined_at=at) for entry in entries if entry.name),
            ignore_conflicts=True,
            batch_size=5000,
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
