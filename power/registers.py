"""The published register as a file: CSV with the columns address, power and name."""

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

from chain.signing import BadAddress, parse_address
from journal.refusal import Refusal

COLUMNS = ("address", "power", "name")


@dataclass(frozen=True)
class Entry:
    """`power` [base units]."""

    address: str
    power: int
    name: str


def read(text: str) -> list[Entry]:
    """The entries of a register's CSV, in its order.

    Raises Refusal `bad_register` with line number and reason: a missing column, a bad address or checksum, a
    duplicate address, a power that is not a whole number of base units from 0 to 2^256 − 1, no entry at all.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    entries: dict[str, Entry] = {}
    try:
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            raise _bad(1, f"the column {missing[0]} is missing (needed: {', '.join(COLUMNS)})")
        for row in rows:
            entry = _entry(row, rows.line_num)
            if entry.address in entries:
                raise _bad(rows.line_num, f"{entry.address} stands here twice")
            entries[entry.address] = entry
    except csv.Error as error:
        raise _bad(rows.line_num, str(error)) from error
    if not entries:
        raise _bad(1, "there is no entry")
    return list(entries.values())


def canonical_hash(entries: Iterable[Entry]) -> bytes:
    """SHA-256 of the lines `address,power` in order of address: what rules name a register by.

    Names are left out, so that one can be erased without changing what was voted with.
    """
    lines = sorted(f"{entry.address},{entry.power}\n" for entry in entries)
    return hashlib.sha256("".join(lines).encode()).digest()


def _entry(row: dict[str | None, str | None], line: int) -> Entry:
    if None in row or any(row[column] is None for column in COLUMNS):
        raise _bad(line, "it does not have as many fields as the first line")
    address, power, name = ((row[column] or "").strip() for column in COLUMNS)
    try:
        canonical = parse_address(address)
    except BadAddress as error:
        raise _bad(line, str(error)) from error
    if not (power.isascii() and power.isdigit()):
        raise _bad(line, f"power must be a whole number of base units, not {power[:40]!r}")
    if len(power) > 78 or int(power) >= 2**256:
        raise _bad(line, "power is above 2^256 − 1")
    if len(name) > 80 or any(not character.isprintable() for character in name):
        raise _bad(line, "name must be at most 80 printable characters")
    return Entry(address=canonical, power=int(power), name=name)


def _bad(line: int, reason: str) -> Refusal:
    return Refusal("bad_register", f"Line {line}: {reason}. Nothing was imported.")
