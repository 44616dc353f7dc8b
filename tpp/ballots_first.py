"""A ballot that is sent goes straight to its view: its signature says whose it is, so no session is looked for."""

import re
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse

from journal.path_schemas import PATTERNS
from tpp.middleware import answer_unavailable
from votes.api import ballots

_ADDRESS = re.compile(rf"/api/v1/cycles/({PATTERNS['number']})/ballots/")


class BallotsFirst:
    """Middleware: stands outside of all that serves people who are signed in, and adds what that would have added."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.take = convert_exception_to_response(_take)  # a mistake of ours is answered 500, as everywhere

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not _ADDRESS.fullmatch(request.path_info):
            return self.get_response(request)
        request.get_host()  # raises what is answered 400 where it is not ours
        answer = cast(HttpResponse, self.take(request))
        answer.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return answer


def _take(request: HttpRequest) -> HttpResponse:
    number = request.path_info.split("/")[4]
    try:
        return cast(HttpResponse, ballots(request, int(number)))
    except Exception as error:
        unavailable = answer_unavailable(request, error)
        if unavailable is None:
            raise
        return unavailable
