"""Whether this process lives, and whether what it needs can be reached."""

from celery.exceptions import OperationalError as BrokerError
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from tpp.celery import app


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
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return "down"
    return "ok"


def _broker() -> str:
    try:
        with app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (BrokerError, KombuError, RedisError, OSError):
        return "down"
    return "ok"
