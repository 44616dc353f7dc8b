"""Addresses at which something breaks, for tests/tpp/test_middleware.py."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

handler500 = "tpp.middleware.server_error"


def lost(request: HttpRequest) -> HttpResponse:
    """Lose the connection in the middle of a page, as when the server is stopped."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return HttpResponse()


def unprepared(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM no_such_table")
    return HttpResponse()


def wrong(request: HttpRequest) -> HttpResponse:
    """A mistake of ours that the database notices."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column FROM django_session")
    return HttpResponse()


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("secret words of a mistake of ours")


def fine(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("fine")


urlpatterns = [
    path(f"{room}{view.__name__}/", view)
    for room in ("", "api/")
    for view in (lost, unprepared, wrong, broken, fine)
]
