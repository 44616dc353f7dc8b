"""What every room's read API shares: values as text, pages by key, refusals in words, answers that can be kept.

Amounts and voting power are decimal strings [base units], since JSON numbers are floats to many readers. Instants
are ISO 8601, UTC, with microseconds and `Z`.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from journal.refusal import Refusal

LARGEST_PAGE = 100
_LARGEST_KEY = 10**18

View = Callable[..., HttpResponseBase]


@extend_schema_field(
    {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}
)
class InstantField(serializers.Field[Any, Any, str, Any]):
    """An instant: UTC, microseconds, `Z`."""

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@extend_schema_field({"type": "string", "pattern": "^0x([0-9a-f]{2})*$"})
class HexField(serializers.Field[Any, Any, str, Any]):
    """Bytes: `0x` and lower-case hex digits."""

    def to_representation(self, value: Any) -> str:
        return "0x" + bytes(value).hex()


@extend_schema_field({"type": "string", "pattern": "^-?[0-9]+$"})
class BaseUnitsField(serializers.Field[Any, Any, str, Any]):
    """An amount or voting power [base units]: a decimal string."""

    def to_representation(self, value: int) -> str:
        return str(value)


REFUSED = {
    404: ("not_found", "There is nothing at this address. /api/v1/openapi.json lists all there are."),
    405: ("method_not_allowed", "This address cannot be asked that way; `Allow` says how it can."),
    429: (
        "too_many_requests",
        "Your network address asked very often. Ask again after `Retry-After` seconds.",
    ),
}


def answer_in_words(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every "no" of the API in the same form; None for what is no "no" and must be seen as an error."""
    if isinstance(error, Refusal):
        return Response({"refusal": error.name, "words": error.words}, status=error.status)
    answer = exception_handler(error, context)
    if answer is not None:
        name, words = REFUSED.get(answer.status_code, ("malformed", str(getattr(error, "detail", error))))
        if isinstance(error, Http404) and error.args and isinstance(error.args[0], str):
            words = error.args[0]
        answer.data = {"refusal": name, "words": words}
    return answer


def reads(answer: Any, *, tag: str, parameters: Sequence[OpenApiParameter] = ()) -> Callable[[View], View]:
    """A view that only reads, described for OpenAPI by its docstring and by `answer`, a serializer.

    Its answer carries an ETag, and is 304 for a reader who names it in `If-None-Match`.
    """

    def decorate(view: View) -> View:
        read = api_view(["GET", "HEAD"])(view)
        described = extend_schema(
            operation_id=view.__name__, responses=answer, parameters=[*parameters], tags=[tag]
        )(read)
        return cast(View, conditional_page(described))

    return decorate


def keep(answer: HttpResponseBase, seconds: int, *, forever: bool = False) -> None:
    """Let readers and caches between keep `answer` for `seconds`; `forever`: it will not change within them."""
    answer["Cache-Control"] = f"public, max-age={seconds}" + (", immutable" if forever else "")


# Pages


def _parameter(name: str, schema: dict[str, Any], words: str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=words)


LIMIT = _parameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": LARGEST_PAGE},
    "At most how many rows.",
)
BY_NUMBER = (
    _parameter(
        "after",
        {"type": "integer", "minimum": 0, "maximum": _LARGEST_KEY},
        "The rows after this one; `next` gives it.",
    ),
    LIMIT,
)
BY_ADDRESS = (
    _parameter(
        "after",
        {"type": "string", "pattern": "^0x[0-9a-f]{40}$"},
        "The rows after this address; `next` gives it.",
    ),
    LIMIT,
)


def choice(name: str, values: Sequence[str], words: str) -> OpenApiParameter:
    """A query parameter that has one of `values`, the first where it is left out."""
    return _parameter(name, {"type": "string", "enum": [*values], "default": values[0]}, words)


def page_of(name: str, row: Any, *, rows: str) -> Any:
    """The serializer of a page: `rows` and `next`."""
    following = serializers.CharField(
        allow_null=True, help_text="address of the following page; null on the last"
    )
    return inline_serializer(name=name, fields={rows: row(many=True), "next": following})


def malformed(words: str) -> Refusal:
    return Refusal("malformed", words)


def whole(text: str, *, most: int) -> int | None:
    """The number that `text` gives in ASCII digits; None where that is none, or above `most`.

    >>> whole("12", most=99), whole("100", most=99), whole("²", most=99)
    (12, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        return None
    return int(text)


def limit_of(request: Request) -> int:
    """How many rows `request` wants."""
    limit = whole(request.query_params.get("limit", str(LARGEST_PAGE)), most=LARGEST_PAGE)
    if not limit:
        raise malformed(f"`limit` is a whole number from 1 to {LARGEST_PAGE}.")
    return limit


def number_after(request: Request) -> int | None:
    """The key after which the page starts, None for the first page."""
    text = request.query_params.get("after")
    if text is None:
        return None
    after = whole(text, most=_LARGEST_KEY)
    if after is None:
        raise malformed("`after` is a number that `next` gave.")
    return after


def address_after(request: Request) -> str | None:
    """The address after which the page starts, None for the first page."""
    text = request.query_params.get("after")
    if text is not None and not (
        len(text) == 42 and text[:2] == "0x" and set(text[2:]) <= set("0123456789abcdef")
    ):
        raise malformed("`after` is an address in small letters, as `next` gave it.")
    return text


def chosen(request: Request, name: str, values: Sequence[str]) -> str:
    """Which of `values` the query's `name` is; the first where it is left out."""
    value = request.query_params.get(name, values[0])
    if value not in values:
        raise malformed(f"`{name}` is one of {', '.join(values)}.")
    return value


def page(
    rows: QuerySet[Any], request: Request, *, key: str = "pk", down: bool = False
) -> tuple[list[Any], str | None]:
    """One page of `rows` by their unique `key`, and the address of the next; None where this is the last.

    Rows that are added meanwhile neither repeat nor hide one: a page starts where the one before ended. `down`:
    the greatest key first.
    """
    after = address_after(request) if key == "address" else number_after(request)
    if after is not None:
        rows = rows.filter(**{f"{key}__{'lt' if down else 'gt'}": after})
    limit = limit_of(request)
    found = list(rows.order_by(f"-{key}" if down else key)[: limit + 1])
    if len(found) <= limit:
        return found, None
    query = request.query_params.copy()
    query["after"] = str(getattr(found[limit - 1], key))
    return found[:limit], f"{request.path}?{query.urlencode()}"


def listed(rows: str, row: Any, found: tuple[list[Any], str | None], **context: Any) -> Response:
    """The answer that `page_of` describes: what `page` found, each as the serializer `row` shows it."""
    shown, following = found
    return Response({rows: row(shown, many=True, context=context).data, "next": following})
