"""The published register as a file: CSV with the columns address, power and name."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chain.signing import BadAddress, parse_address
from journal.refusal import Refusal

COLUMNS = ("address", "power", "name")
MOST_FAULTS = 20  # told at once
_LARGEST = 2**256 - 1


@dataclass(frozen=True)
class Entry:
    """`power` [base units]."""

    address: str
    power: int
    name: str


@dataclass(frozen=True)
class LineFault:
    """What is wrong with one line of a register's file; `words` without a full stop."""

    line: int
    words: str


class _BadLine(Exception):
    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.fault = LineFault(line, words.rstrip("."))


def read(data: bytes) -> list[Entry]:
    """The entries of a register's CSV (UTF-8, with or without a byte order mark), in its order.

    Raises Refusal `bad_register` with line number and reason: a column missing or named twice, a bad address or
    checksum, a duplicate address, a power that is not a whole number of base units from 0 to 2^256 − 1, powers
    that exceed that together, no entry at all.
    """
    entries, faults = examine(data, most=1)
    if faults:
        words = f"Line {faults[0].line}: {faults[0].words}. Nothing was imported."
        raise Refusal("bad_register", words)
    return entries


def examine(data: bytes, *, most: int = MOST_FAULTS) -> tuple[list[Entry], list[LineFault]]:
    """The entries as `read` gives them, and the first `most` faults in the order of their lines.

    Lines with a fault give no entry: a register with faults is shown, and never published.
    """
    entries: dict[str, Entry] = {}
    faults: list[LineFault] = []
    try:
        line, rows = _body(data)
        total = 0
        for line, *fields in rows:
            try:
                entry = _entry(line, *fields)
                total += entry.power
                if entry.address in entries:
                    raise _BadLine(line, f"{entry.address} stands here twice")
                if total > _LARGEST:
                    raise _BadLine(line, "the powers up to here are together above 2^256 − 1")
            except _BadLine as bad:
                faults.append(bad.fault)
                if len(faults) >= most:
                    break
                continue
            entries[entry.address] = entry
        if not entries and not faults:
            raise _BadLine(line, "there is no entry")
    except _BadLine as bad:
        faults.append(bad.fault)
    return list(entries.values()), faults


def _body(data: bytes) -> tuple[int, Iterator[tuple[int, str, str, str]]]:
    """The number of the first line, and of each record after it the line, address, power and name."""
    rows = _rows(_decoded(data))
    line, head = next(rows, (1, []))
    head = [column.strip() for column in head]
    for column in COLUMNS:
        if head.count(column) != 1:
            fault = "stands twice" if column in head else "is missing"
            raise _BadLine(line, f"the column {column} {fault} (needed once each: {', '.join(COLUMNS)})")
    places = [head.index(column) for column in COLUMNS]
    return line, _picked(rows, places, len(head))


def _picked(
    rows: Iterator[tuple[int, list[str]]], places: list[int], width: int
) -> Iterator[tuple[int, str, str, str]]:
    for line, fields in rows:
        if len(fields) != width:
            raise _BadLine(line, f"it has {len(fields)} fields, the first line {width}")
        address, power, name = (fields[place].strip() for place in places)
        yield line, address, power, name


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _BadLine(data.count(b"\n", 0, error.start) + 1, "it is not UTF-8 text") from error


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
            raise _BadLine(line, str(error)) from error
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
        raise _BadLine(line, str(error)) from error
    if not (power.isascii() and power.isdigit()):
        raise _BadLine(line, f"power must be a whole number of base units, not {power[:40]!r}")
    if len(power) > 78 or int(power) > _LARGEST:
        raise _BadLine(line, "power is above 2^256 − 1")
    if len(name) > 80 or any(not character.isprintable() for character in name):
        raise _BadLine(line, "name must be at most 80 printable characters")
    return Entry(address=canonical, power=int(power), name=name)
