"""The published register as a file: CSV with the columns address, power and name."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chain.signing import BadAddress, parse_address
from journal.refusal import Refusal

COLUMNS = ("address", "power", "name")
_LARGEST = 2**256 - 1


@dataclass(frozen=True)
class Entry:
    """`power` [base units]."""

    address: str
    power: int
    name: str


def read(data: bytes) -> list[Entry]:
    """The entries of a register's CSV (UTF-8, with or without a byte order mark), in its order.

    Raises Refusal `bad_register` with line number and reason: a column missing or named twice, a bad address or
    checksum, a duplicate address, a power that is not a whole number of base units from 0 to 2^256 − 1, powers
    that exceed that together, no entry at all.
    """
    rows = _rows(_decoded(data))
    line, head = next(rows, (1, []))
    head = [column.strip() for column in head]
    for column in COLUMNS:
        if head.count(column) != 1:
            fault = "stands twice" if column in head else "is missing"
            raise _bad(line, f"the column {column} {fault} (needed once each: {', '.join(COLUMNS)})")
    entries: dict[str, Entry] = {}
    total = 0
    for line, fields in rows:
        if len(fields) != len(head):
            raise _bad(line, f"it has {len(fields)} fields, the first line {len(head)}")
        address, power, name = (fields[head.index(column)].strip() for column in COLUMNS)
        entry = _entry(line, address, power, name)
        if entry.address in entries:
            raise _bad(line, f"{entry.address} stands here twice")
        entries[entry.address] = entry
        total += entry.power
        if total > _LARGEST:
            raise _bad(line, "the powers up to here are together above 2^256 − 1")
    if not entries:
        raise _bad(line, "there is no entry")
    return list(entries.values())


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(data.count(b"\n", 0, error.start) + 1, "it is not UTF-8 text") from error


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The records with the number of the line in which each begins, empty lines left out."""
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = records.line_num + 1
        try:
            fields = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            raise _bad(line, str(error)) from error
        if fields:
            yield line, fields


def canonical_hash(entries: Iterable[Entry]) -> bytes:
    """SHA-256 of the lines `address,power` in order of address: what rules name a register by.

    Names are left out, so that one can be erased without changing what was voted with.
    """
    lines = sorted(f"{entry.address},{entry.power}\n" for entry in entries)
    return hashlib.sha256("".join(lines).encode()).digest()


def _entry(line: int, address: str, power: str, name: str) -> Entry:
    try:
        canonical = parse_address(address)
    except BadAddress as error:
        raise _bad(line, str(error)) from error
    if not (power.isascii() and power.isdigit()):
        raise _bad(line, f"power must be a whole number of base units, not {power[:40]!r}")
    if len(power) > 78 or int(power) > _LARGEST:
        raise _bad(line, "power is above 2^256 − 1")
    if len(name) > 80 or any(not character.isprintable() for character in name):
        raise _bad(line, "name must be at most 80 printable characters")
    return Entry(address=canonical, power=int(power), name=name)


def _bad(line: int, reason: str) -> Refusal:
    return Refusal("bad_register", f"Line {line}: {reason.rstrip('.')}. Nothing was imported.")
