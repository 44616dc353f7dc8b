"""Pages that everybody sees alike are rendered at most once a second and process.

A public vote is read by many at the same moment: at the closing everybody loads the result. What a visitor without
a session is shown depends on the address alone, so it is kept for `TPP_PAGE_SECONDS`; while one request renders it
anew, the others are given the one before. Whoever has just sent something is shown what is true now. Those who are
signed in are served by `tpp.shared_pages`.

Programs read what they have just written, so of the API only those answers are kept that say of themselves that
caches may keep them for longer than we do.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

MOST_PAGES = 200
API = "/api/"
NEVER = ("/healthz", "/readyz")  # the doctor wants to know how it is now
LONGEST_STALE = 5.0  # seconds
JUST_WROTE = "just_wrote"  # a cookie that outlives every page rendered before what its holder sent
_READING = {"GET", "HEAD", "OPTIONS", "TRACE"}

Content = TypeVar("Content")
Key = tuple[str, ...]


@dataclass
class _Page(Generic[Content]):
    """What is kept. `made_at` by a monotonic clock; `is_claimed` once somebody renders it anew."""

    content: Content
    made_at: float
    is_claimed: bool = False


class Shelf(Generic[Content]):
    """Pages by their keys, for the threads of one process; the one used least goes when there are too many."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Key, _Page[Content]] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, key: Key) -> Content | None:
        """What may be shown; None says to make it anew and then to `keep` or `drop` it."""
        with self._lock:
            page = self._pages.get(key)
            age = time.monotonic() - page.made_at if page else LONGEST_STALE
            if page is None or age >= LONGEST_STALE:
                return None
            if age >= settings.TPP_PAGE_SECONDS and not page.is_claimed:
                page.is_claimed = True
                return None
            return page.content

    def keep(self, key: Key, content: Content) -> None:
        with self._lock:
            self._pages[key] = _Page(content, time.monotonic())
            self._pages.move_to_end(key)
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)

    def drop(self, key: Key) -> None:
        with self._lock:
            self._pages.pop(key, None)


class BriefCache:
    """Middleware; must stand outside whatever may set a cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._shelf: Shelf[HttpResponse] = Shelf()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.TPP_PAGE_SECONDS <= 0:
            return self.get_response(request)
        if has_cookies(request) or not may_be_kept(request):
            return _remember_writing(request, self.get_response(request))
        key = key_of(request)
        kept = self._shelf.look(key)
        return self._render(request, key) if kept is None else _again(request, kept)

    def _render(self, request: HttpRequest, key: Key) -> HttpResponse:
        response = self.get_response(request)
        is_alike = is_whole if is_page(request) else _is_public
        if is_alike(response):
            self._shelf.keep(key, _copy(response))
        else:
            self._shelf.drop(key)
        return response


def may_be_kept(request: HttpRequest) -> bool:
    return request.method == "GET" and not request.path.startswith(NEVER)


def is_page(request: HttpRequest) -> bool:
    """Whether it is eyes that ask, not a program."""
    return not request.path.startswith((API, *NEVER))


def has_cookies(request: HttpRequest) -> bool:
    """Whether anything about this visitor can show on the page."""
    return not {settings.SESSION_COOKIE_NAME, "messages", JUST_WROTE}.isdisjoint(request.COOKIES)


def key_of(request: HttpRequest) -> Key:
    """In the demo a page differs by where one comes from, too: its wallet is offered on this machine alone."""
    visitor = str(request.META.get("REMOTE_ADDR", "")) if settings.TPP_DEMO else ""
    return request.get_host(), request.get_full_path(), visitor


def is_whole(response: HttpResponse) -> bool:
    """Whether a page that was rendered for nobody in particular may be given to the next one."""
    is_page = response.status_code == 200 and not response.streaming and not response.cookies
    return is_page and response.get("Cache-Control", "") == ""


def _is_public(response: HttpResponse) -> bool:
    """Whether an answer of the API says that anybody may keep it for longer than we do."""
    public, _, rest = response.get("Cache-Control", "").partition(", max-age=")
    seconds = rest.partition(",")[0]
    is_answer = response.status_code == 200 and not response.streaming and not response.cookies
    return is_answer and public == "public" and seconds.isdecimal() and int(seconds) > LONGEST_STALE


def _remember_writing(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Have whoever sent something see it at once, whichever process they ask next."""
    if request.method not in _READING and is_page(request):
        response.set_cookie(
            JUST_WROTE,
            "1",
            max_age=int(LONGEST_STALE) + 1,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


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
