"""What stands beside the counted ballots: reasons in words, ballots that waited, ballots that were left out."""

from collections.abc import Mapping
from typing import Any

from chain.signing import keccak256
from votes.record.lines import BallotLine
from votes.record.rules import Rules
from votes.record.verify.checks import Report

VERDICTS = ("invalid", "undecided")
_NO_TEXT = keccak256(b"")


class Beside:
    """Texts under their hashes, waiting ballots with their verdicts, exclusions."""

    def __init__(self, rules: Rules, report: Report) -> None:
        self._rules, self._report = rules, report
        self._reasons: set[bytes] = set()
        self._texts = self._waiting = self._exclusions = 0
        self._waited: set[tuple[str, str]] = set()

    def take(self, number: int, ballot: BallotLine) -> None:
        """A ballot that was accepted."""
        if ballot.reason != _NO_TEXT:
            self._reasons.add(ballot.reason)

    def take_text(self, number: int, fields: Mapping[str, Any]) -> None:
        """A reason in words."""
        self._texts += 1
        data = fields["text"].encode()
        digest = keccak256(data)
        if fields["hash"] != "0x" + digest.hex():
            self._fail("texts", number, "0x" + digest.hex(), fields["hash"])
        elif digest not in self._reasons:
            self._fail(
                "texts", number, "the reason of a ballot", "a text that no ballot has, or the same again"
            )
        self._reasons.discard(digest)
        limit = self._rules.limits.reason_bytes
        if len(data) > limit:
            self._fail("limits", number, f"at most {limit} bytes of reason", len(data))

    def take_waiting(self, number: int, fields: Mapping[str, Any]) -> None:
        """A ballot of a contract wallet that was not found valid."""
        self._waiting += 1
        if fields["verdict"] not in VERDICTS:
            self._fail("waiting", number, " or ".join(VERDICTS), fields["verdict"])
        sent = fields["digest"], fields["signature"]
        if sent in self._waited:
            self._fail("waiting", number, "each waiting ballot once", fields["digest"])
        self._waited.add(sent)

    def take_exclusion(self, number: int, fields: Mapping[str, Any]) -> None:
        """Rules of version 1 know no reason to leave a ballot out."""
        self._exclusions += 1
        left_out = f"ballot {fields['position']} left out of {fields['contest']}: {fields['check']}"
        self._fail("exclusions", number, "no ballot left out: these rules name no check for it", left_out)

    def finish(self) -> None:
        """What was looked at, and what was not there."""
        self._report.made("texts", "waiting", "exclusions")
        if not self._texts:
            self._report.not_applicable("texts", "This file holds no reasons in words, only their hashes.")
        if not self._waiting:
            self._report.not_applicable("waiting", "No ballot was left waiting.")

    def _fail(self, name: str, number: int, expected: object, found: object) -> None:
        self._report.fail(name, f"line {number}", expected=expected, found=found)
