"""Whether this process lives, and whether what it needs can be reached."""

import redis
from django.conf import settings
from django.db import Error, ProgrammingError, connection
from django.http import HttpRequest, JsonResponse

from programmes.models import MetaProgramme

_PATIENCE = 2  # seconds


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process lives; says which of database and broker is down."""
    return JsonResponse({"process": "ok", **_parts()})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 where everything can be reached, 503 where not, naming which."""
    parts = _parts()
    return JsonResponse(parts, status=200 if set(parts.values()) == {"ok"} else 503)


def _parts() -> dict[str, str]:
    return {"database": _database(), "broker": _broker()}


def _database() -> str:
    try:
        MetaProgramme.objects.exists()
    except ProgrammingError:
        return "not set up"
    except Error:
        connection.close()
        return "down"
    return "ok"


def _broker() -> str:
    """Asked directly: Celery's own connection would try again and again first."""
    address = settings.REDIS_URL
    try:
        with redis.Redis.from_url(
            address, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE
        ) as broker:
            broker.ping()
    except (redis.RedisError, OSError):
        return "down"
    return "ok"
