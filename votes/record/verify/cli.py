"""tpp-verify FILE: check the record of a cycle on your own machine."""

import argparse
import json
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from votes.record.verify.checks import Outcome, Status
from votes.record.verify.node import Node, NodeFault
from votes.record.verify.reading import open_record
from votes.record.verify.receipts import FRAUD, Unreadable, read_heads, read_receipts
from votes.record.verify.run import Options, Verdict, verify

PASSED, FAILED, UNKNOWN, UNREADABLE = 0, 1, 2, 3
_MARKS = {Status.PASSED: "ok", Status.FAILED: "FAIL", Status.UNKNOWN: "??", Status.NOT_APPLICABLE: "--"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify a record. 0: every check that applies passed; 1: one failed; 2: one could not be made; 3: no such file."""
    given = _parser().parse_args(arguments)
    progress = _Progress(is_shown=sys.stderr.isatty() and not given.json)
    try:
        options = Options(
            receipts=[kept for name in given.receipt for kept in read_receipts(name, _data(name))],
            heads=[head for name in given.heads for head in read_heads(name, _data(name))],
            node=Node(given.rpc) if given.rpc else None,
            workers=given.workers,
            signatures=not given.skip_signatures,
            progress=progress.show,
        )
        with open_record(Path(given.file)) as source:
            verdict = verify(source, options)
    except (OSError, EOFError, zlib.error, Unreadable, NodeFault) as error:
        sys.stderr.write(f"tpp-verify: {error}\n")
        return UNREADABLE
    progress.clear()
    if not verdict.is_record:
        sys.stderr.write(f"tpp-verify: {_plain(given.file)} is no record: no line of it is one of a record\n")
        return UNREADABLE
    sys.stdout.write(_json(verdict) if given.json else _words(verdict, given.verbose))
    return _status(verdict)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tpp-verify",
        description="Check the record of a cycle: every signature, every rule, every amount.",
        epilog="Exit status: 0 every check that applies passed, 1 one failed, 2 one could not be made, "
        "3 a file or node could not be read.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="the record, closed.ndjson or final.ndjson (or either in gzip)"
    )
    parser.add_argument(
        "--receipt",
        metavar="FILE",
        action="append",
        default=[],
        help="a receipt to look for; may stand again",
    )
    parser.add_argument(
        "--heads",
        metavar="FILE",
        action="append",
        default=[],
        help="tree heads that you saved; may stand again",
    )
    parser.add_argument("--rpc", metavar="URL", help="a node of the chain, to check contract wallets against")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    parser.add_argument("--verbose", action="store_true", help="say what each check asserts")
    parser.add_argument("--workers", type=int, metavar="N", help="processes for signatures (one a processor)")
    parser.add_argument(
        "--skip-signatures",
        action="store_true",
        help="leave digests and signatures out; the status is never 0 then",
    )
    return parser


def _data(name: str) -> bytes:
    return Path(name).read_bytes()


def _status(verdict: Verdict) -> int:
    if verdict.count(Status.FAILED):
        return FAILED
    return UNKNOWN if verdict.count(Status.UNKNOWN) else PASSED


def _json(verdict: Verdict) -> str:
    document: dict[str, Any] = {
        "header": verdict.header,
        "record_sha256": verdict.record_hash,
        "ballots": verdict.ballots,
        "passed": verdict.has_passed,
        "checks": [outcome.document() for outcome in verdict.outcomes],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _words(verdict: Verdict, verbose: bool) -> str:
    lines = [_title(verdict)]
    for outcome in verdict.outcomes:
        lines += _of_check(outcome, verbose)
    lines += ["", _sum(verdict)]
    lines += [
        _plain(finding.found)
        for outcome in verdict.outcomes
        for finding in outcome.findings
        if FRAUD in finding.found
    ]
    return "\n".join(lines) + "\n"


def _title(verdict: Verdict) -> str:
    header = verdict.header
    if header is None:
        return "This file has no header of a record."
    origin = {"imported": ", an unsigned import", "demo": ", made up for the demo"}.get(header["origin"], "")
    words = f"Cycle {header['cycle']}{origin}: {_plain(header['kind'])} record, {verdict.ballots:,} ballots"
    return f"{words}, {_plain(header['software'])}\nSHA-256 {verdict.record_hash or 'unknown, for there is no seal'}\n"


def _of_check(outcome: Outcome, verbose: bool) -> list[str]:
    check = outcome.check
    words = outcome.status.value if not outcome.faults else f"fail, {outcome.faults:,} fault(s)"
    lines = [f"{check.number:3} {_MARKS[outcome.status]:<5}{check.name:<26} {words}"]
    if verbose or outcome.faults:
        lines.append(f"{'':9}{check.asserts}")
    if outcome.why:
        lines.append(f"{'':9}{_plain(outcome.why)}")
    for finding in outcome.findings:
        lines += [
            f"{'':9}{_plain(finding.where)}:",
            f"{'':11}expected {_plain(finding.expected)}",
            f"{'':11}found    {_plain(finding.found)}",
        ]
    return lines


def _plain(text: str) -> str:
    """On one line and without control characters: what a record says must not draw a verdict of its own."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _sum(verdict: Verdict) -> str:
    failed, unknown = verdict.count(Status.FAILED), verdict.count(Status.UNKNOWN)
    passed = f"{verdict.count(Status.PASSED)} checks passed"
    if failed:
        return f"THIS RECORD IS NOT RIGHT: {failed} failed, {unknown} could not be made, {passed}."
    if unknown:
        return f"{passed}, none failed; {unknown} that apply could not be made."
    return f"{passed}. Every check that applies passed: this record is right."


class _Progress:
    """A line on standard error that says how far the work is; silent where nobody looks."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown, self._started = is_shown, time.monotonic()

    def show(self, lines: int, size: int) -> None:
        if self._is_shown:
            seconds = time.monotonic() - self._started
            sys.stderr.write(f"\r{lines:,} lines, {size / 1e6:,.0f} MB, {seconds:.0f} s ")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._is_shown:
            sys.stderr.write("\r\033[K")


if __name__ == "__main__":
    sys.exit(main())
