"""Keys of demo wallets are public: they work in the demo and nowhere else."""

import ipaddress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from power.models import RegisterEntry
from programmes.models import Facilitator, MetaProgramme
from tpp.demo.content import demo_addresses


def is_demo_page(request: HttpRequest, meta: MetaProgramme | None) -> bool:
    """Whether demo wallets may be offered: the demo's setting, a loopback address, a database of the seeder's."""
    return settings.TPP_DEMO and meta is not None and meta.made_by_demo and _is_loopback(request)


def refuse_demo_wallets() -> None:
    """Stop the start, in words, where a demo wallet holds a role or power outside the demo.

    Raises ImproperlyConfigured.
    """
    meta = MetaProgramme.objects.first()
    if settings.TPP_DEMO:
        if meta is not None and not meta.made_by_demo:
            raise ImproperlyConfigured(
                "TPP_DEMO is set, but this database holds a real community. Unset TPP_DEMO."
            )
        return
    addresses = demo_addresses()
    register = RegisterEntry.objects.filter(address__in=addresses, power__gt=0)
    if register.exists() or Facilitator.objects.filter(wallet__in=addresses).exists():
        raise ImproperlyConfigured(
            "A demo wallet, whose key anybody can derive, holds power or a role in this database."
            " Start with bin/demo, or use another database."
        )


def _is_loopback(request: HttpRequest) -> bool:
    host = request.get_host().rsplit(":", 1)[0].strip("[]")
    addresses = [request.META.get("REMOTE_ADDR", ""), "127.0.0.1" if host == "localhost" else host]
    try:
        return all(ipaddress.ip_address(address).is_loopback for address in addresses)
    except ValueError:
        return False
