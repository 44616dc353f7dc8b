"""Who may decide with how much: published registers and frozen snapshots."""

from django.db import models
from django.db.models import Q

from chain.fields import AddressField, BaseUnitsField, is_an_address


class Register(models.Model):
    """A published list of addresses and their voting power; never changed, a newer one follows it.

    A trigger refuses entries beyond `entry_count` and `total_power` [base units]: nothing is added later.

    `sha256` is the hash of its canonical CSV (`power.registers`), so that anybody can compare.
    """

    name = models.CharField(max_length=80)
    published_at = models.DateTimeField()
    sha256 = models.BinaryField(max_length=32)
    entry_count = models.PositiveIntegerField()
    total_power = BaseUnitsField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha256"], name="a_register_is_published_once")]

    def __str__(self) -> str:
        return self.name


class RegisterEntry(models.Model):
    """One address in a register. `power` [base units]. Names stand on wallets, where they can be erased."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="entries")
    address = AddressField()
    power = BaseUnitsField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["register", "address"], name="an_address_is_registered_once"),
            models.CheckConstraint(name="registered_power_is_not_negative", condition=Q(power__gte=0)),
            is_an_address("address", name="a_register_lists_addresses"),
        ]

    def __str__(self) -> str:
        return self.address


class Snapshot(models.Model):
    """Voting power frozen for a timepoint; what a tally joins. Nothing is added later, as to a register."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, null=True, related_name="+")
    timepoint = models.DateTimeField(help_text="the instant whose power this is")
    taken_at = models.DateTimeField()
    holder_count = models.PositiveIntegerField()
    total_power = BaseUnitsField()

    def __str__(self) -> str:
        return f"power at {self.timepoint:%Y-%m-%d %H:%M} UTC"


class SnapshotPower(models.Model):
    """One address's frozen power [base units]."""

    # the unique constraint indexes it; a second index on it alone misleads the planner after a large import
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="powers", db_index=False)
    address = AddressField()
    power = BaseUnitsField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "address"], name="power_is_frozen_once"),
            models.CheckConstraint(name="power_is_not_negative", condition=Q(power__gte=0)),
            is_an_address("address", name="a_snapshot_lists_addresses"),
        ]

    def __str__(self) -> str:
        return self.address
