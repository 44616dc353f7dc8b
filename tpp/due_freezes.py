"""Whoever edits anything first lets happen what is due: lateness of a job never changes what is frozen."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from journal.clock import database_clock
from votes.actions.steps import perform_every_freeze

_READING = {"GET", "HEAD", "OPTIONS", "TRACE"}


class DueFreezes:
    """Middleware: before a request that may edit an input of a cycle, the announcements and freezes that are due.

    Ballots see to their own cycle themselves and are left alone here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in _READING and not request.path.startswith("/api/"):
            perform_every_freeze(at=database_clock())
        return self.get_response(request)
