"""Reading a record line by line: canonical form, order and seal. Nothing of it is kept."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from votes.record.canonical import NotCanonical, canonical, nesting
from votes.record.lines import ORDER, BallotLine, Holder, read_ballot, read_holder
from votes.record.shapes import fault_of
from votes.record.verify.checks import Report

LONGEST_LINE = 16 << 20  # bytes; rules.json is the longest, and far shorter
_DEEPEST = 64
_AT_ONCE = 500  # lines that are hashed together
_LONG = 1 << 16  # bytes of a line that is hashed at once, so that long ones do not pile up
_BALLOT = ORDER["ballot"]
_ONCE = ("header", "rules", "power", "certificate", "settlement", "seal")
_NEEDED = ("header", "rules", "power", "certificate", "result")

Value = Mapping[str, Any] | BallotLine | Holder


@contextmanager
def open_record(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a record file, which may be compressed with gzip and may be a pipe."""
    with path.open("rb") as file:
        if file.peek(2)[:2] != b"\x1f\x8b":
            yield file
            return
        with gzip.open(file) as unpacked:
            yield unpacked  # type: ignore[misc]  # it reads bytes, by lines too


class Reader:
    """The lines of a record, each with its number, type and value; what can't be read is reported and passed over.

    `sha256` and `count` are those of all lines before the seal, once that was read.
    """

    def __init__(self, source: BinaryIO, report: Report) -> None:
        self._source, self._report = source, report
        self._hash = hashlib.sha256()
        self._unhashed: list[bytes] = []
        self._is_sealed = False
        self._place = 0
        self._seen: set[str] = set()
        self.count = 0
        self.record_hash: str | None = None
        self.bytes_read = 0

    def __iter__(self) -> Iterator[tuple[int, str, Value, bytes]]:
        number = 0
        while raw := self._source.readline(LONGEST_LINE):
            number += 1
            self.bytes_read += len(raw)
            ballot = read_ballot(raw)  # nearly every line is one, or a holder
            if ballot is not None and self._place == _BALLOT and not self._is_sealed:
                self._keep(raw)
                yield number, "ballot", ballot, raw
                continue
            found = ("ballot", ballot) if ballot is not None else self._read(number, raw)
            if not self._is_sealed and (found is None or found[0] != "seal"):
                self._keep(raw)
            if found is not None and self._is_welcome(number, *found, raw):
                yield number, *found, raw
        self._finish(number)

    @property
    def has_seen_any(self) -> bool:
        """Whether any line so far was one of a record."""
        return bool(self._seen)

    def _keep(self, raw: bytes) -> None:
        """Count a line, and hash it with others: one by one that would cost as much as reading them."""
        self.count += 1
        self._unhashed.append(raw)
        if len(self._unhashed) >= _AT_ONCE or len(raw) > _LONG:
            self._hash_what_is_kept()

    def _hash_what_is_kept(self) -> None:
        self._hash.update(b"".join(self._unhashed))
        self._unhashed.clear()

    def _is_welcome(self, number: int, kind: str, value: Value, raw: bytes) -> bool:
        """Whether a line is to be looked at; where it is out of place, that is reported."""
        if ORDER[kind] < self._place or (kind in _ONCE and kind in self._seen):
            self._fault(number, "each type of line in its place", f"a {kind} line here")
            if kind != "seal":
                return False  # what is built on the lines before must not change under it
        self._place = max(self._place, ORDER[kind])
        self._seen.add(kind)
        if kind == "seal":
            self._check_seal(value, raw)
            return False
        if self._is_sealed and kind != "text":
            self._fault(number, "nothing but texts after the seal", f"a {kind} line")
            return False
        return True

    def _read(self, number: int, raw: bytes) -> tuple[str, Value] | None:
        holder = read_holder(raw)
        if holder is not None:
            return "holder", holder
        if not raw.endswith(b"\n"):
            self._fault(number, "a line feed after every line", f"the line ends after {len(raw):,} bytes")
            return None
        try:
            text = raw.decode()
            if nesting(text) > _DEEPEST:
                raise ValueError("it is nested too deeply")
            value = json.loads(text)
            if canonical(value) + b"\n" != raw:
                raise NotCanonical("it is JSON, but not in canonical form")
        except (ValueError, RecursionError) as error:
            self._fault(number, "canonical JSON", str(error))
            return None
        return self._typed(number, value)

    def _typed(self, number: int, value: Any) -> tuple[str, Value] | None:
        kind = value.pop("type", None) if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in ORDER:
            self._fault(number, "a type of line that this format has", f"type {kind!a}")
            return None
        fault = fault_of(kind, value)
        if fault is not None:
            self._fault(number, f"a {kind} line", fault)
            return None
        return kind, _ballot(value) if kind == "ballot" else value

    def _check_seal(self, value: Any, raw: bytes) -> None:
        self._is_sealed = True
        self._hash_what_is_kept()
        digest = self._hash.hexdigest()
        if value["lines"] != self.count:
            self._report.fail(
                "seal", "the seal", expected=f"{value['lines']:,} lines", found=f"{self.count:,}"
            )
        if value["sha256"] != "0x" + digest:
            self._report.fail("seal", "the seal", expected=value["sha256"], found="0x" + digest)
        self._hash.update(raw)
        self.record_hash = self._hash.hexdigest()

    def _finish(self, lines: int) -> None:
        if not self._is_sealed:
            self._report.fail(
                "seal", f"line {lines}", expected="a seal as the last line", found="the file ends without it"
            )
        for kind in _NEEDED:
            if kind not in self._seen:
                self._report.fail("format", "the file", expected=f"a {kind} line", found="none")
        self._report.made("format", "seal")

    def _fault(self, number: int, expected: str, found: str) -> None:
        self._report.fail("format", f"line {number}", expected=expected, found=found)


def _ballot(fields: Mapping[str, Any]) -> BallotLine:
    """A ballot that carries more than most, from its checked fields."""
    return BallotLine(
        position=fields["position"],
        voter=_bytes(fields["voter"]),
        nonce=fields["nonce"],
        sequence=fields["sequence"],
        replaced=fields["replaced"],
        options=fields["options"],
        shares=fields["shares"],
        reason=_bytes(fields["reason"]),
        digest=_bytes(fields["digest"]),
        signature=None if fields["signature"] is None else _bytes(fields["signature"]),
        received_at=fields["received_at"],
        blind=_bytes(fields["blind"]) if "blind" in fields else None,
        commitment=_bytes(fields["commitment"]) if "commitment" in fields else None,
        evidence=fields.get("evidence"),
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
