"""One pass over a record, with every check."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from votes.record.canonical import sha256_hex
from votes.record.lines import FORMAT, KINDS, BallotLine, Holder
from votes.record.rules import Rules
from votes.record.verify.beside import Beside
from votes.record.verify.checks import Outcome, Report, Status
from votes.record.verify.counting import Counting, Power
from votes.record.verify.instants import Instants
from votes.record.verify.node import Node, OnChain
from votes.record.verify.reading import Reader, Value
from votes.record.verify.receipts import Kept, Receipts
from votes.record.verify.results import Results
from votes.record.verify.ruling import NoRules, read_rules
from votes.record.verify.settling import Settling
from votes.record.verify.signing import Signatures
from votes.record.verify.trees import Head, Tree

_OFTEN = 20_000  # lines between two words on progress


@dataclass(frozen=True)
class Options:
    """What somebody brings along: receipts, saved heads, a node; and how to go about it.

    `workers`: processes for signatures, None for one a processor; with `signatures` off, digests and signatures are
    not checked, and the verdict says so.
    """

    receipts: Sequence[Kept] = ()
    heads: Sequence[Head] = ()
    node: Node | None = None
    workers: int | None = None
    signatures: bool = True
    progress: Callable[[int, int], None] = field(default=lambda lines, size: None)


@dataclass(frozen=True)
class Verdict:
    """What came of a verification. `record_hash` is the SHA-256 of the sealed part, None where there is no seal.

    Not `is_record`: no line of the file was one of a record.
    """

    header: Mapping[str, Any] | None
    record_hash: str | None
    ballots: int
    outcomes: list[Outcome]
    is_record: bool = True

    def count(self, status: Status) -> int:
        """How many checks came out so."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def has_passed(self) -> bool:
        """Whether every check that applies was made, and passed."""
        return not self.count(Status.FAILED) and not self.count(Status.UNKNOWN)


def verify(source: BinaryIO, options: Options | None = None) -> Verdict:
    """Run every check over the record in `source`, reading it once."""
    options, report = options or Options(), Report()
    reader = Reader(source, report)
    header: Mapping[str, Any] | None = None
    parts: Parts | None = None
    for number, kind, value, raw in reader:
        if parts is not None:
            parts.take(number, kind, value, raw)
        elif kind == "header" and isinstance(value, Mapping):
            header = value
        elif kind == "rules" and isinstance(value, Mapping):
            rules = _read_rules(value, report)
            parts = Parts(rules, value, header, options, report) if rules else None
        if number % _OFTEN == 0:
            options.progress(number, reader.bytes_read)
    if parts is not None:
        parts.finish()
    ballots = parts.tree.size if parts else 0
    return Verdict(header, reader.record_hash, ballots, report.outcomes(), reader.has_seen_any)


def _read_rules(line: Mapping[str, Any], report: Report) -> Rules | None:
    digest = "0x" + sha256_hex(line["json"].encode())
    report.made("rules_hash")
    if line["sha256"] != digest:
        report.fail("rules_hash", "the rules line", expected=line["sha256"], found=digest)
    try:
        return read_rules(line["json"])
    except NoRules as error:
        report.fail("rules_hash", "rules.json", expected="rules of version 1", found=error)
        return None


class Parts:
    """The parts of a verification, each fed with the lines that it reads."""

    def __init__(
        self,
        rules: Rules,
        line: Mapping[str, Any],
        header: Mapping[str, Any] | None,
        options: Options,
        report: Report,
    ) -> None:
        self._rules, self._report = rules, report
        self._certificate: Mapping[str, Any] | None = None
        self._instants = Instants(rules, report, line["published_at"])
        self._power = Power(rules, report)
        self._counting: Counting | None = None
        self.tree = Tree(rules, report, options.heads)
        self._signatures = Signatures(rules, report, options.workers) if options.signatures else None
        self._receipts = Receipts(rules, report, options.receipts)
        self._has_receipts = bool(options.receipts)
        self._beside = Beside(rules, report)
        self._results = Results(rules, report)
        self._settling = Settling(rules, report, str(header["kind"]) if header else "closed")
        self._chain = OnChain(rules, report, options.node)
        self._takes: dict[str, Callable[[int, Mapping[str, Any]], None]] = {
            "power": self._take_power,
            "head": self._take_head,
            "waiting": self._take_waiting,
            "exclusion": self._beside.take_exclusion,
            "certificate": self._take_certificate,
            "result": self._take_result,
            "contest_result": self._results.take_contest,
            "challenge": self._settling.take_challenge,
            "settlement": lambda number, fields: self._settling.take_settlement(fields),
            "transfer": self._settling.take_transfer,
            "text": self._beside.take_text,
        }
        if header is not None:
            self._check_header(header)

    def take(self, number: int, kind: str, value: Value, raw: bytes) -> None:
        """One line."""
        if isinstance(value, BallotLine):
            self._take_ballot(number, value, raw)
        elif isinstance(value, Holder):
            self._power.take(number, value)
            self._chain.take_holder(number, value)
        elif kind in self._takes:
            self._takes[kind](number, value)

    def finish(self) -> None:
        """All that can only be said at the end."""
        counting = self._the_counting()
        self._power.finish()
        counting.finish()
        if self._signatures is not None:
            self._signatures.finish()
        else:
            self._report.unknown("digests", "Left out, as was asked for.")
            self._report.unknown("signatures", "Left out, as was asked for.")
        self.tree.finish(self._certificate)
        self._receipts.finish()
        self._beside.finish()
        self._results.finish(counting, self._power.total)
        self._settling.finish(self._results)
        self._chain.finish()

    def _check_header(self, header: Mapping[str, Any]) -> None:
        rules = self._rules
        self._report.made("header")
        for name, expected in (
            ("format", FORMAT),
            ("kind", header["kind"] if header["kind"] in KINDS else " or ".join(KINDS)),
            ("cycle", str(rules.cycle)),
            ("origin", rules.origin),
            ("deployment", "0x" + rules.deployment.hex()),
        ):
            if header[name] != expected:
                self._report.fail("header", name, expected=expected, found=header[name])

    def _the_counting(self) -> Counting:
        """Made when the list of power is complete."""
        if self._counting is None:
            self._counting = Counting(self._rules, self._power, self._report)
        return self._counting

    def _take_ballot(self, number: int, ballot: BallotLine, raw: bytes) -> None:
        self._the_counting().take(number, ballot)
        self.tree.take(number, ballot)
        self._beside.take(number, ballot)
        if self._has_receipts:
            self._receipts.take(ballot)
        if self._signatures is not None:
            self._signatures.take(number, ballot, raw)
        if ballot.evidence is not None:
            self._chain.take_ballot(number, ballot)

    def _take_power(self, number: int, fields: Mapping[str, Any]) -> None:
        self._power.take_head(fields)
        self._instants.take_power(fields)
        self._chain.take_power(number, fields)

    def _take_head(self, number: int, fields: Mapping[str, Any]) -> None:
        self.tree.take_head(number, fields)
        self._instants.take_head(fields)

    def _take_waiting(self, number: int, fields: Mapping[str, Any]) -> None:
        self._beside.take_waiting(number, fields)
        self._receipts.take_waiting(fields)

    def _take_certificate(self, number: int, fields: Mapping[str, Any]) -> None:
        self._certificate = fields
        self._instants.take_certificate(fields)
        if fields["rules_hash"] != "0x" + self._rules.hash.hex():
            self._report.fail(
                "rules_hash",
                "the certificate",
                expected="0x" + self._rules.hash.hex(),
                found=fields["rules_hash"],
            )

    def _take_result(self, number: int, fields: Mapping[str, Any]) -> None:
        self._instants.take_result(fields)
        self._results.take(number, fields)
