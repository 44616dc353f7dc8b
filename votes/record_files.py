"""Reading stored records: any bytes of one, or all as one gzip stream, a part in memory at a time."""

import re
import struct
import zlib
from collections.abc import Iterator

from django.db.models import QuerySet, Sum
from django.db.models.functions import Length

from votes.models import Record, RecordPart
from votes.models.records import PART

_GZIP_HEAD = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\xff"  # no name, no time: the same bytes always
_LAST_BLOCK = b"\x03\x00"
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def plain(record: Record, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a record from `start` to before `end`."""
    for number, data in _stored(record).filter(number__gte=start // PART, number__lt=-(-end // PART)):
        first = number * PART
        inflated = zlib.decompressobj(wbits=-15).decompress(data)
        yield inflated[max(0, start - first) : end - first]


def packed(record: Record) -> Iterator[bytes]:
    """The record as one gzip file, from the parts as they are stored."""
    yield _GZIP_HEAD
    for _, data in _stored(record):
        yield bytes(data)
    yield _LAST_BLOCK + struct.pack("<II", record.crc32, record.size % (1 << 32))


def packed_size(record: Record) -> int:
    """How many bytes `packed` gives."""
    parts = RecordPart.objects.filter(record_of=record.cycle_id, kind=record.kind)
    stored: int = parts.aggregate(size=Sum(Length("data")))["size"] or 0
    return len(_GZIP_HEAD) + stored + len(_LAST_BLOCK) + 8


def _stored(record: Record) -> "_Parts":
    return _Parts(RecordPart.objects.filter(record_of=record.cycle_id, kind=record.kind))


class _Parts:
    """Parts in order, fetched one at a time by themselves, so that no transaction lasts as long as a slow reader."""

    def __init__(self, rows: QuerySet[RecordPart]) -> None:
        self._rows = rows

    def filter(self, **terms: int) -> "_Parts":
        return _Parts(self._rows.filter(**terms))

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        for number in list(self._rows.order_by("number").values_list("number", flat=True)):
            yield number, bytes(self._rows.values_list("data", flat=True).get(number=number))


def range_of(header: str, size: int) -> tuple[int, int] | None:
    """From where to before where a Range header asks; None where the whole is meant, or is given for want of sense.

    Raises ValueError where nothing of what is asked for exists.

    >>> range_of("bytes=10-19", 100), range_of("bytes=-5", 100), range_of("bytes=90-", 100), range_of("", 100)
    ((10, 20), (95, 100), (90, 100), None)
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), size if found[2] == "" else min(size, int(found[2]) + 1)
        if found[2] and int(found[2]) < start:
            return None
    if start >= size or start == end:
        raise ValueError("there are no such bytes")
    return start, end
