"""The tree of the ballots, its published heads, the certificate over it, and the commitments of sealed cycles."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from votes.record.heads import TreeHead, verify_head
from votes.record.instants import from_iso
from votes.record.lines import BallotLine
from votes.record.merkle import Frontier, ballot_leaf, leaf_hash
from votes.record.rules import Rules
from votes.record.sealing import commitment_of
from votes.record.verify.checks import Report

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Head:
    """A tree head as the record or somebody's file shows it."""

    size: int
    root: bytes
    published_at: str
    signature: bytes

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Head":
        """From JSON; KeyError, TypeError or ValueError where it is none."""
        return cls(
            int(fields["size"]), _bytes(fields["root"]), fields["published_at"], _bytes(fields["signature"])
        )

    def is_signed_by(self, rules: Rules) -> bool:
        """Whether the receipt key of the rules signed it for this cycle."""
        try:
            head = TreeHead(str(rules.cycle), rules.hash, self.size, self.root, from_iso(self.published_at))
        except (TypeError, ValueError):
            return False
        return verify_head(rules.receipt_key, head, self.signature)


class Tree:
    """Grows with the ballots, and meets every head and every saved head on its way."""

    def __init__(self, rules: Rules, report: Report, saved: Sequence[Head]) -> None:
        self._rules, self._report, self._is_sealed = rules, report, not rules.live_results
        self._frontier = Frontier()
        self._expected: defaultdict[int, list[tuple[str, str, bytes]]] = defaultdict(list)
        self._last: Head | None = None
        self._saved = len(saved)
        self._heads = 0
        for place, head in enumerate(saved, start=1):
            if not head.is_signed_by(rules):
                self._fail(
                    "saved_heads", f"saved head {place}", "a signature by the receipt key", "none such"
                )
                continue
            self._expect("saved_heads", f"saved head {place} of {head.published_at}", head)

    @property
    def size(self) -> int:
        """How many ballots there were so far."""
        return self._frontier.size

    def take_head(self, number: int, fields: Mapping[str, Any]) -> None:
        """A published head; the record lists them before the ballots."""
        head, where = Head.read(fields), f"line {number}"
        self._heads += 1
        if not head.is_signed_by(self._rules):
            self._fail(
                "head_signatures", where, "a signature by the receipt key", "0x" + head.signature.hex()
            )
        last = self._last
        if last is not None and (head.size < last.size or head.published_at <= last.published_at):
            later = f"at least {last.size} ballots, after {last.published_at}"
            self._fail("heads", where, later, f"{head.size} at {head.published_at}")
        self._last = head
        self._expect("heads", where, head)

    def _expect(self, name: str, where: str, head: Head) -> None:
        if head.size == 0:
            self._compare(name, where, head.root)
        else:
            self._expected[head.size].append((name, where, head.root))

    def take(self, number: int, ballot: BallotLine) -> None:
        """Append one ballot."""
        key = ballot.digest
        if self._is_sealed:
            key = self._commitment(number, ballot)
        elif ballot.blind is not None:
            self._fail("blinds", f"line {number}", "no blind in a cycle that was open to see", "one")
        try:
            leaf = ballot_leaf(
                key, _second(ballot.received_at[:19]) * 1_000_000 + int(ballot.received_at[20:26])
            )
        except ValueError:
            self._fail("format", f"line {number}", "an instant", ballot.received_at)
            leaf = key
        self._frontier.append(leaf_hash(leaf))
        for name, where, root in self._expected.pop(self._frontier.size, ()):
            self._compare(name, where, root)

    def _commitment(self, number: int, ballot: BallotLine) -> bytes:
        if ballot.blind is None or ballot.commitment is None:
            self._fail("blinds", f"line {number}", "a blind and a commitment", "none")
            return ballot.digest
        right = commitment_of(ballot.blind, ballot.digest)
        if right != ballot.commitment:
            self._fail("blinds", f"line {number}", "0x" + right.hex(), "0x" + ballot.commitment.hex())
        return ballot.commitment

    def _compare(self, name: str, where: str, root: bytes) -> None:
        found = self._frontier.root()
        if found != root:
            found_words = (
                f"0x{found.hex()}, the root of the first {self._frontier.size} ballots of this record"
            )
            self._fail(name, where, "0x" + root.hex(), found_words)

    def finish(self, certificate: Mapping[str, Any] | None) -> None:
        """Compare with the certificate, and see that every head was met."""
        report = self._report
        for size, heads in self._expected.items():
            for name, where, _ in heads:
                self._fail(name, where, f"{size} ballots or more", self._frontier.size)
        if certificate is not None:
            report.made("certificate")
            if certificate["ballot_count"] != self._frontier.size:
                counted = certificate["ballot_count"]
                self._fail("certificate", "the count", f"{counted} ballots", self._frontier.size)
            root = "0x" + self._frontier.root().hex()
            if certificate["merkle_root"] != root:
                self._fail("certificate", "the root", certificate["merkle_root"], root)
        self._close("blinds", self._is_sealed, "The cycle was not sealed.")
        for name in ("heads", "head_signatures"):
            self._close(name, self._heads > 0, "No tree head was published.")
        self._close("saved_heads", self._saved > 0, "No saved head was given (--heads FILE).")

    def _close(self, name: str, applies: bool, why: str) -> None:
        if applies:
            self._report.made(name)
        else:
            self._report.not_applicable(name, why)

    def _fail(self, name: str, where: str, expected: object, found: object) -> None:
        self._report.fail(name, where, expected=expected, found=found)


@lru_cache(maxsize=1024)
def _second(text: str) -> int:
    """The second since the Unix epoch that an instant's text begins with; ballots come in about that order."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // _SECOND


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError("bytes are written as 0x and hex digits")
    return bytes.fromhex(text[2:])
