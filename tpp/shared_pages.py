"""Those who are signed in are given the page that is rendered for everybody, with their own parts filled in.

Rendering a page takes tens of milliseconds, its parts that depend on the visitor less than one. The shared page
cannot tell anybody's secret: it is made from a request without cookies, session or account, in which no view finds
a visitor.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from tpp.brief_cache import JUST_WROTE, Shelf, has_cookies, is_page, is_whole, key_of, may_be_kept
from tpp.visitor import Part, fill, leave_marks

# The pages that differ between visitors in their `{% visitor %}` parts alone, by the names of their addresses.
ALIKE = {
    "home",
    "programmes",
    "programme",
    "typology",
    "programme_history",
    "programme_applications",
    "typology_applications",
    "application",
    "admission",
    "uptake",
    "cycles",
    "cycle",
    "ballot",
    "ballots",
    "receipt",
    "result",
    "contest",
    "forum",
}
_WHO = ("HTTP_COOKIE", "HTTP_AUTHORIZATION", "REMOTE_USER")


@dataclass(frozen=True)
class SharedPage:
    """A rendered page in pieces, the visitor's parts still to be filled in."""

    headers: dict[str, str]
    pieces: tuple[bytes | Part, ...]


class SharedPages:
    """Middleware; must stand inside whatever knows the visitor, and outside of nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._shelf: Shelf[SharedPage] = Shelf()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not may_be_kept(request) or not is_page(request):
            return self.get_response(request)
        page = self._page(request) if settings.TPP_PAGE_SECONDS > 0 else None
        if page is None:
            response = self.get_response(request)
        else:
            response = HttpResponse(fill(page.pieces, request), headers=page.headers)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            response.setdefault("Cache-Control", "private, no-cache")
        return response

    def _page(self, request: HttpRequest) -> SharedPage | None:
        """The page for everybody, made anew if need be; None where this address has none now."""
        key = key_of(request)
        # Who has no cookies is served further out, once a second; who just wrote must see it.
        is_served_kept = has_cookies(request) and JUST_WROTE not in request.COOKIES
        kept = self._shelf.look(key) if is_served_kept else None
        if kept is not None or not _is_alike(request):
            return kept
        page = self._render(request)
        if page is None:
            self._shelf.drop(key)
        else:
            self._shelf.keep(key, page)
        return page

    def _render(self, request: HttpRequest) -> SharedPage | None:
        nobody = as_nobody(request)
        marks = leave_marks(nobody)
        response = self.get_response(nobody)
        told = nobody.session.modified or nobody.META.get("CSRF_COOKIE_NEEDS_UPDATE") or nobody._messages.used  # type: ignore[attr-defined]
        if (
            told
            or not is_whole(response)
            or response.has_header("ETag")
            or response.has_header("Last-Modified")
        ):
            return None
        return SharedPage(dict(response.items()), marks.split(response.content))


def as_nobody(request: HttpRequest) -> WSGIRequest:
    """The same request from somebody of whom nothing is known."""
    nobody = WSGIRequest({name: value for name, value in request.META.items() if name not in _WHO})
    nobody.session = SessionStore()
    nobody.user = AnonymousUser()
    nobody._messages = default_storage(nobody)  # type: ignore[attr-defined]
    return nobody


def _is_alike(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).url_name in ALIKE
    except Resolver404:
        return False
