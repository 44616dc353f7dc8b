"""Pages that everybody sees alike are rendered at most once a second and process.

A public vote is read by many at the same moment: at the closing everybody loads the result. What a visitor without
a session is shown depends on the address alone, so it is kept for `TPP_PAGE_SECONDS`; while one request renders it
anew, the others are given the one before.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

MOST_PAGES = 200
# Programs read what they have just written, and the doctor wants to know how it is now.
_NEVER = ("/api/", "/healthz", "/readyz")
LONGEST_STALE = 5.0  # seconds


@dataclass
class _Page:
    """One rendered page. `made_at` by a monotonic clock; `renewing` is held by whoever renders it anew."""

    response: HttpResponse
    made_at: float
    renewing: threading.Lock = field(default_factory=threading.Lock)


class BriefCache:
    """Middleware; must stand outside whatever may set a cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._pages: OrderedDict[tuple[str, ...], _Page] = OrderedDict()
        self._keeping = threading.Lock()  # several threads serve one process

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.TPP_PAGE_SECONDS <= 0 or not _is_alike_for_all(request):
            return self.get_response(request)
        key = (request.get_host(), request.get_full_path(), _visitor(request))
        page = self._pages.get(key)
        age = time.monotonic() - page.made_at if page else LONGEST_STALE
        if page and age < LONGEST_STALE:
            if age < settings.TPP_PAGE_SECONDS or not page.renewing.acquire(blocking=False):
                return _again(request, page.response)
            try:
                return self._render(request, key)
            finally:
                page.renewing.release()
        return self._render(request, key)

    def _render(self, request: HttpRequest, key: tuple[str, ...]) -> HttpResponse:
        response = self.get_response(request)
        is_whole = response.status_code == 200 and not response.streaming and not response.cookies
        if is_whole and response.get("Cache-Control", "") == "":
            self._keep(key, _Page(_copy(response), time.monotonic()))
        return response

    def _keep(self, key: tuple[str, ...], page: _Page) -> None:
        with self._keeping:
            self._pages[key] = page
            self._pages.move_to_end(key)
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)


def _is_alike_for_all(request: HttpRequest) -> bool:
    """Whether nothing about this visitor can show on the page."""
    personal = {settings.SESSION_COOKIE_NAME, "messages"}
    return (
        request.method == "GET"
        and not personal & request.COOKIES.keys()
        and not request.path.startswith(_NEVER)
    )


def _visitor(request: HttpRequest) -> str:
    """In the demo the page differs by where one comes from: its wallet is offered on this machine alone."""
    return str(request.META.get("REMOTE_ADDR", "")) if settings.TPP_DEMO else ""


def _again(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The kept answer; 304 for whoever names its ETag."""
    etag = response.get("ETag")
    if etag is None:
        return _copy(response)
    copy = _copy(response)
    return get_conditional_response(request, etag=etag, response=copy) or copy


def _copy(response: HttpResponse) -> HttpResponse:
    """The same answer, so that what outer middleware changes on it is not kept."""
    copy = HttpResponse(response.content, status=response.status_code)
    for name, value in response.items():
        copy[name] = value
    return copy
