"""Answering in words while the database cannot be reached."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader

logger = logging.getLogger(__name__)

WORDS = (
    "The database cannot be reached just now. Nothing that was accepted is lost."
    " Sending the same bytes again is safe and tells whether they are in."
)


class Unavailable:
    """Turns a lost database into a 503 that says what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        except (OperationalError, InterfaceError) as error:
            return self._answer(request, error)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, (OperationalError, InterfaceError)):
            return self._answer(request, exception)
        return None

    def _answer(self, request: HttpRequest, error: Exception) -> HttpResponse:
        logger.warning("database unavailable: %s", error)
        if request.path.startswith("/api/"):
            response: HttpResponse = JsonResponse({"refusal": "unavailable", "words": WORDS}, status=503)
        else:
            response = HttpResponse(
                loader.render_to_string("tpp/unavailable.html", {"words": WORDS}), status=503
            )
        response["Retry-After"] = "5"
        return response
