"""What takes work and never changes again, kept in the cache; without a cache it is made anew."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

KEPT_SECONDS = 3_600

Kept = TypeVar("Kept")


def kept(name: str, make: Callable[[], tuple[Kept, bool]]) -> Kept:
    """What the cache holds under `name`, which must say all that it depends on; or else what `make` makes.

    What `make` says is not to be kept is made anew the next time.
    """
    if settings.DEBUG:
        return make()[0]
    with suppress(RedisError, OSError):
        found: Kept | None = cache.get(name)
        if found is not None:
            return found
    made, is_kept = make()
    if is_kept:
        with suppress(RedisError, OSError):
            cache.set(name, made, KEPT_SECONDS)
    return made
