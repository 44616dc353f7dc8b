"""Keys of demo wallets are public: they work in the demo and nowhere else."""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from accounts.models import ADMIN, RoleChange, named_in_settings
from power.models import RegisterEntry, SnapshotPower
from programmes.models import Facilitator, MetaProgramme
from tpp.demo.content import demo_addresses
from tpp.environment import is_loopback
from votes.models import CyclePower


def is_demo_page(request: HttpRequest, meta: MetaProgramme | None) -> bool:
    """Whether demo wallets may be offered: the demo's setting, a loopback address, a database of the seeder's."""
    return settings.TPP_DEMO and meta is not None and meta.made_by_demo and _is_local(request)


def refuse_demo_wallets(*, at: datetime) -> None:
    """Stop the start, in words, where a demo wallet holds a role or power outside the demo.

    Raises ImproperlyConfigured.
    """
    meta = MetaProgramme.objects.first()
    if settings.TPP_DEMO:
        if meta is not None and not meta.made_by_demo:
            raise ImproperlyConfigured(
                "TPP_DEMO is set, but this database holds a real community. Unset TPP_DEMO."
            )
    elif _demo_wallets_decide(meta, at):
        raise ImproperlyConfigured(
            "A demo wallet, whose key anybody can derive, holds power or a role in this database."
            " Start with bin/demo, or use another database."
        )


def _demo_wallets_decide(meta: MetaProgramme | None, at: datetime) -> bool:
    """Whether one has power, in the register in force or frozen for a cycle that has not closed, or a role."""
    addresses = demo_addresses()
    listed = RegisterEntry.objects.filter(address__in=addresses, power__gt=0)
    if meta is not None:
        listed = listed.filter(register=meta.register_id)
    not_closed = CyclePower.objects.filter(cycle__certificate__isnull=True, cycle__cancellation__isnull=True)
    frozen = SnapshotPower.objects.filter(
        snapshot__in=not_closed.values("snapshot"), address__in=addresses, power__gt=0
    )
    roles = Facilitator.objects.filter(wallet__in=addresses, ends_at__gt=at)
    granted = RoleChange.objects.filter(address__in=addresses)  # in force, or soon
    admins = granted.holding(ADMIN, at) | granted.pending(at).filter(is_grant=True)
    is_named = not named_in_settings(ADMIN).isdisjoint(addresses)
    return is_named or any(rows.exists() for rows in (listed, frozen, roles, admins))


def _is_local(request: HttpRequest) -> bool:
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    return is_loopback(host) and is_loopback(request.META.get("REMOTE_ADDR", ""))
