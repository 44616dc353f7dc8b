"""Answering in words while the database cannot be reached, or is not set up yet."""

import logging
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views import defaults

logger = logging.getLogger(__name__)

LOST = (
    "The database cannot be reached just now. Nothing that was accepted is lost."
    " Sending the same bytes again is safe and tells whether they are in."
)
NOT_SET_UP = "The database is not set up yet. Its operator runs `manage.py prepare_database`."
_UNDEFINED_TABLE = "42P01"


class Unavailable:
    """Turns a lost database into a 503 that says what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer_unavailable(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """What no view raised: a database that is lost while another error's page is written is no 500 either."""
    return answer_unavailable(request, sys.exc_info()[1]) or defaults.server_error(request)


def answer_unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The 503 that `error` calls for, None where it is another error."""
    if isinstance(error, (OperationalError, InterfaceError)):
        words = LOST
    elif isinstance(error, ProgrammingError) and _sqlstate(error) == _UNDEFINED_TABLE:
        words = NOT_SET_UP
    else:
        return None
    logger.warning("database unavailable: %s", error)
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse({"refusal": "unavailable", "words": words}, status=503)
    else:
        response = HttpResponse(loader.render_to_string("tpp/unavailable.html", {"words": words}), status=503)
    response["Retry-After"] = "5"
    return response


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
