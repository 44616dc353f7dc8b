"""Reading voting power: published registers, and what was frozen for each timepoint."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Wallet
from journal.reading import (
    BY_ADDRESS,
    BY_NUMBER,
    BaseUnitsField,
    HexField,
    InstantField,
    keep,
    listed,
    page,
    page_of,
    reads,
)
from power.models import Register, Snapshot

_MINUTE = 60  # seconds; the rows never change, but a name among them can be erased


class RegisterSerializer(serializers.Serializer[Register]):
    """A published list of addresses and their voting power; a newer one may follow it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    published_at = InstantField()
    sha256 = HexField(help_text="of its canonical CSV")
    entry_count = serializers.IntegerField()
    total_power = BaseUnitsField(help_text="base units")


class SnapshotSerializer(serializers.Serializer[Snapshot]):
    """Voting power frozen for a timepoint; nothing of it changes."""

    id = serializers.IntegerField()
    register = serializers.IntegerField(source="register_id", allow_null=True)
    timepoint = InstantField(help_text="the instant whose power this is")
    taken_at = InstantField()
    holder_count = serializers.IntegerField()
    total_power = BaseUnitsField(help_text="base units")


class PowerSerializer(serializers.Serializer[Any]):
    """One address and its voting power."""

    address = serializers.CharField()
    name = serializers.SerializerMethodField(help_text="blank where there is none")
    power = BaseUnitsField(help_text="base units")

    def get_name(self, row: Any) -> str:
        return str(self.context["names"].get(row.address, ""))


POWERS = page_of("PowerPage", PowerSerializer, rows="powers")


@reads(page_of("RegisterPage", RegisterSerializer, rows="registers"), tag="power", parameters=BY_NUMBER)
def list_registers(request: Request) -> Response:
    """Published registers, oldest first."""
    return listed("registers", RegisterSerializer, page(Register.objects.all(), request))


@reads(POWERS, tag="power", parameters=BY_ADDRESS)
def list_register_powers(request: Request, register_id: int) -> Response:
    """A register's addresses with their power [base units], by address."""
    register = Register.objects.filter(pk=register_id).first()
    if register is None:
        raise Http404
    return powers_page(request, register.entries.all())


@reads(page_of("SnapshotPage", SnapshotSerializer, rows="snapshots"), tag="power", parameters=BY_NUMBER)
def list_snapshots(request: Request) -> Response:
    """Frozen voting power, oldest first."""
    return listed("snapshots", SnapshotSerializer, page(Snapshot.objects.all(), request))


@reads(POWERS, tag="power", parameters=BY_ADDRESS)
def list_snapshot_powers(request: Request, snapshot_id: int) -> Response:
    """A snapshot's addresses with their power [base units], by address."""
    snapshot = Snapshot.objects.filter(pk=snapshot_id).first()
    if snapshot is None:
        raise Http404
    return powers_page(request, snapshot.powers.all())


def powers_page(request: Request, rows: Any) -> Response:
    """One page of addresses with name and power."""
    found = page(rows, request, key="address")
    names = Wallet.objects.names({row.address for row in found[0]})
    answer = listed("powers", PowerSerializer, found, names=names)
    keep(answer, _MINUTE)
    return answer
