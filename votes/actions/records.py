"""Making the record of a cycle, once, and seeing every night that it would come out the same again."""

import hashlib
import logging
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction

from journal.actions import raise_alarm
from journal.locks import STEP, try_lock
from votes.actions.record_lines import lines_of
from votes.models import Cycle, Record, RecordPart
from votes.models.records import PART
from votes.record.lines import sealed

logger = logging.getLogger(__name__)

RECORD = {"closed": STEP + 21, "final": STEP + 22}


def build_closed_record(*, cycle_id: int, at: datetime) -> bool:
    """Make the record of a cycle with a result; False where it can't be made yet, or is made already."""
    return _build(cycle_id=cycle_id, kind="closed", needs="results", at=at)


def build_final_record(*, cycle_id: int, at: datetime) -> bool:
    """Make the record of a settled cycle; False where it can't be made yet, or is made already."""
    return _build(cycle_id=cycle_id, kind="final", needs="settlement", at=at)


@transaction.atomic
def _build(*, cycle_id: int, kind: str, needs: str, at: datetime) -> bool:
    if not try_lock(RECORD[kind], cycle_id):
        return False
    cycle = _cycle(cycle_id, needs)
    if cycle is None or Record.objects.filter(cycle=cycle, kind=kind).exists():
        return False
    hashed, checksum, size, lines = hashlib.sha256(), 0, 0, 0
    for number, (data, count) in enumerate(_parts(sealed(lines_of(cycle, kind)))):
        hashed.update(data)
        checksum = zlib.crc32(data, checksum)
        size, lines = size + len(data), lines + count
        RecordPart.objects.create(record_of=cycle, kind=kind, number=number, data=deflated(data))
    Record.objects.create(
        cycle=cycle, kind=kind, sha256=hashed.digest(), size=size, lines=lines, crc32=checksum, built_at=at
    )
    return True


def _cycle(cycle_id: int, needs: str) -> Cycle | None:
    rows = Cycle.objects.filter(pk=cycle_id, **{f"{needs}__isnull": False}).distinct()
    related = ("announcement", "certificate", "power__snapshot", "settlement__result")
    return rows.select_related(*related).first()


def _parts(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """The lines' bytes cut into equal parts, each with how many lines end in it."""
    buffer = bytearray()
    for one in lines:
        buffer += one
        while len(buffer) >= PART:
            data = bytes(buffer[:PART])
            del buffer[:PART]
            yield data, data.count(b"\n")
    if buffer:
        yield bytes(buffer), buffer.count(b"\n")


def deflated(data: bytes) -> bytes:
    """`data` as deflate blocks that end on a byte and look back to nothing before them.

    >>> zlib.decompress(deflated(b"a line") + b"\\x03\\x00", wbits=-15)
    b'a line'
    """
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)


def check_records(*, at: datetime) -> int:
    """Make every record again and compare; raises an alarm for each that came out otherwise; how many did."""
    drifted = 0
    for record in Record.objects.order_by("cycle__number", "kind").iterator():
        with transaction.atomic():
            found = _hash_again(record)
        if found != bytes(record.sha256):
            drifted += 1
            words = (
                f"The {record.kind} record of cycle {record.cycle.number} was made with the hash {record.hash_hex};"
                f" made again from today's rows it has {found.hex()}. The file that was made is unchanged. Compare"
                " both with tpp-verify before anything of this cycle is paid."
            )
            raise_alarm(
                name="record_drift", subject=f"cycle/{record.cycle.number}/{record.kind}", words=words, at=at
            )
    return drifted


def _hash_again(record: Record) -> bytes:
    cycle = _cycle(record.cycle_id, "results")
    assert cycle is not None
    hashed = hashlib.sha256()
    for one in sealed(lines_of(cycle, record.kind)):
        hashed.update(one)
    return hashed.digest()
