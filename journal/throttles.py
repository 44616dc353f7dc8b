"""How often one network address may ask. Counted in the cache; without the cache nobody is kept out.

This machine itself is never counted, nor, behind a proxy that is not named as trusted, whoever seems to be it.
"""

import ipaddress
import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MINUTE = 60  # seconds
REST = 10.0  # seconds for which a cache that failed is left alone

logger = logging.getLogger(__name__)
_cache_rests = {"until": 0.0}  # by the monotonic clock


class ReadingThrottle(BaseThrottle):
    """At most `TPP_READS_A_MINUTE` answers of the API for one network address."""

    def allow_request(self, request: Request, view: Any) -> bool:
        most = settings.TPP_READS_A_MINUTE
        return most <= 0 or count("reads", request._request) <= most

    def wait(self) -> float:
        return float(seconds_left())


def seconds_left() -> int:
    """How long the minute of the count still lasts."""
    return MINUTE - int(time.time()) % MINUTE


def count(what: str, request: HttpRequest, *, add: int = 1) -> int:
    """How often `what` happened in this minute to the network that asks, after adding `add`; 0 where unknown."""
    network = network_of(request)
    return 0 if network is None else count_of(what, network, add=add)


def count_of(what: str, who: str, *, add: int = 1) -> int:
    """How often `what` happened in this minute to `who`, after adding `add`; 0 where unknown."""
    if time.monotonic() < _cache_rests["until"]:
        return 0
    key = f"throttle/{what}/{who}/{int(time.time()) // MINUTE}"
    try:
        if not add:
            return int(cache.get(key, 0))
        cache.add(key, 0, timeout=2 * MINUTE)
        return int(cache.incr(key, add))
    except Exception as error:  # whatever a lost cache raises: it must not cost an answer
        _cache_rests["until"] = time.monotonic() + REST
        logger.warning("throttling is skipped for %s seconds: %s", REST, error)
        return 0


def network_of(request: HttpRequest) -> str | None:
    """The address that asks, or its IPv6 network of 64 bits; None where it is this machine or unknown."""
    text = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TPP_TRUST_PROXY:  # the last one is the proxy's own word
        text = str(request.META.get("HTTP_X_FORWARDED_FOR", text)).rpartition(",")[2]
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None:
            return None if address.is_loopback else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
        address = mapped
    return None if address.is_loopback else str(address)
