"""The records of a cycle: a page that says what they are and how to check them, and the files themselves."""

import base64
from collections.abc import Iterator
from itertools import chain

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from journal.reading import keep
from votes.actions.record_lines import text_lines
from votes.models import Reason, Record
from votes.record.verify import CHECKS
from votes.record_files import packed, packed_size, plain, range_of
from votes.views.cycles import cycle_or_404

CONTENT = "application/x-ndjson"
DAY = 86_400  # seconds


@require_safe
def record_page(request: HttpRequest, number: int) -> HttpResponse:
    """What the records of a cycle are, their hashes, and how anybody checks them."""
    cycle = cycle_or_404(number, "announcement", "certificate", "settlement")
    page = {
        "cycle": cycle,
        "records": Record.objects.filter(cycle=cycle).order_by("kind"),
        "reasons": Reason.objects.filter(ballot__cycle=cycle, ballot__place__isnull=False).exists(),
        "checks": CHECKS.values(),
        "site": settings.TPP_SITE_URL,
    }
    return render(request, "votes/record.html", page)


@require_safe
def record_file(request: HttpRequest, number: int, kind: str) -> HttpResponseBase:
    """A record, byte for byte as it was made: whole, in part, or as gzip on its way."""
    record = _record(number, kind)
    if f'"{record.hash_hex}"' in request.headers.get("If-None-Match", ""):
        return _described(HttpResponse(status=304), record)
    try:
        span = range_of(request.headers.get("Range", ""), record.size)
    except ValueError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{record.size}"})
    if span is not None:
        return _part(request, record, *span)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        answer = _stream(request, packed(record))
        answer["Content-Encoding"] = "gzip"
        answer["Content-Length"] = str(packed_size(record))
    else:
        answer = _stream(request, plain(record, 0, record.size))
        answer["Content-Length"] = str(record.size)
    return _described(answer, record)


@require_safe
def record_with_texts(request: HttpRequest, number: int, kind: str) -> HttpResponseBase:
    """A record, and after its seal the reasons in words, each under its hash, as far as they still stand."""
    record = _record(number, kind)
    answer = _stream(request, chain(plain(record, 0, record.size), _texts(record)))
    answer["Content-Disposition"] = f'attachment; filename="cycle-{number}-{kind}-with-texts.ndjson"'
    answer["Cache-Control"] = "no-cache"  # a text can still be erased
    return answer


@require_safe
def record_hash(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """The hash of a record as sha256sum writes it, and checks it with --check."""
    record = _record(number, kind)
    return HttpResponse(f"{record.hash_hex}  {record.name}\n", content_type="text/plain; charset=utf-8")


def _record(number: int, kind: str) -> Record:
    record = Record.objects.filter(cycle__number=number, kind=kind).select_related("cycle").first()
    if record is None:
        raise Http404(f"The {kind} record of cycle {number} is not made yet; its page says when it is.")
    return record


def _texts(record: Record) -> Iterator[bytes]:
    return text_lines(record.cycle)


def _part(request: HttpRequest, record: Record, start: int, end: int) -> HttpResponseBase:
    answer = _stream(request, plain(record, start, end), status=206)
    answer["Content-Range"] = f"bytes {start}-{end - 1}/{record.size}"
    answer["Content-Length"] = str(end - start)
    return _described(answer, record)


def _stream(request: HttpRequest, parts: Iterator[bytes], status: int = 200) -> StreamingHttpResponse:
    sent = parts if request.method == "GET" else iter(())
    return StreamingHttpResponse(sent, status=status, content_type=CONTENT)


def _described(answer: HttpResponseBase, record: Record) -> HttpResponseBase:
    """The headers that every answer with a record carries; the demo is founded again under the same addresses."""
    if not settings.TPP_DEMO:
        keep(answer, DAY, forever=True)
    answer["ETag"] = f'"{record.hash_hex}"'
    answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes(record.sha256)).decode()}:"
    answer["X-Record-SHA256"] = record.hash_hex
    answer["Accept-Ranges"] = "bytes"
    answer["Content-Disposition"] = f'attachment; filename="cycle-{record.cycle.number}-{record.name}"'
    patch_vary_headers(answer, ["Accept-Encoding"])
    return answer
