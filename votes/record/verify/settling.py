"""Settlement and challenges of a final record."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from votes.record.instants import from_iso, iso
from votes.record.rules import META, Rules
from votes.record.verify.checks import CHECKS, Report
from votes.record.verify.results import Results


class Settling:
    """What moved, to be compared with what the last result gave."""

    def __init__(self, rules: Rules, report: Report, kind: str) -> None:
        self._rules, self._report, self._kind = rules, report, kind
        self._settlement: Mapping[str, Any] | None = None
        self._transfers: list[tuple[int, Mapping[str, Any]]] = []
        self._challenges = 0

    def take_challenge(self, number: int, fields: Mapping[str, Any]) -> None:
        """One challenge with the answer that the named check gave."""
        self._challenges += 1
        if fields["check"] not in CHECKS:
            self._fail("challenges", f"line {number}", "the name of a check", fields["check"])
        if fields["answered_at"] < fields["opened_at"]:
            self._fail("challenges", f"line {number}", f"an answer after {fields['opened_at']}", "one before")

    def take_settlement(self, fields: Mapping[str, Any]) -> None:
        """The moment at which money moved."""
        self._settlement = fields

    def take_transfer(self, number: int, fields: Mapping[str, Any]) -> None:
        """One movement in the ledger."""
        self._transfers.append((number, fields))

    def finish(self, results: Results) -> None:
        """See that exactly what was given moved, and not before its time."""
        report = self._report
        report.made("challenges", "settlement")
        if not self._challenges:
            report.not_applicable("challenges", "Nobody challenged this result.")
        if self._kind == "closed":
            report.not_applicable(
                "settlement", "A closed record is made before money moves; see the final one."
            )
        if self._settlement is None:
            if self._kind == "final" or self._transfers:
                self._fail("settlement", "the file", "a settlement", "none")
            return
        if self._kind == "closed":
            self._fail("settlement", "the file", "no settlement in a closed record", "one")
        self._check_time(results, self._settlement)
        self._check_transfers(results, self._settlement)

    def _check_time(self, results: Results, settlement: Mapping[str, Any]) -> None:
        if not results.versions or settlement["version"] != results.versions[-1]["version"]:
            self._fail("settlement", "the version", "the last one", settlement["version"])
            return
        window = timedelta(seconds=self._rules.window_seconds)
        published = from_iso(results.versions[-1]["published_at"])
        try:
            earliest = iso(max(self._rules.instants.settles_at, published + window))
        except OverflowError:
            self._fail(
                "settlement", "the instant", "a result of this age", results.versions[-1]["published_at"]
            )
            return
        if settlement["settled_at"] < earliest:
            self._fail("settlement", "the instant", f"not before {earliest}", settlement["settled_at"])

    def _check_transfers(self, results: Results, settlement: Mapping[str, Any]) -> None:
        expected = self._expected(results.amounts(settlement["version"]))
        for number, fields in self._transfers:
            where = f"line {number}, {fields['key']}"
            right = expected.pop(fields["key"], None)
            found = (fields["debit"], fields["credit"], int(fields["amount"]))
            if right != found:
                self._fail("settlement", where, right or "no such transfer", found)
            if fields["happened_at"] != settlement["settled_at"]:
                self._fail("settlement", where, settlement["settled_at"], fields["happened_at"])
        for key, missing in expected.items():
            self._fail("settlement", key, missing, "no such transfer")

    def _expected(self, amounts: Mapping[str, list[int]]) -> dict[str, tuple[str, str, int]]:
        """Every transfer by its key: source to cycle to programme to typology. An import moves nothing."""
        moved: dict[str, tuple[str, str, int]] = {}
        if self._rules.origin == "imported":
            return moved
        cycle = f"cycle/{self._rules.cycle}"
        for contest in self._rules.contests:
            if contest.programme == META or contest.programme not in amounts:
                continue
            given = amounts[contest.programme]
            programme, key = f"programme/{contest.programme}", f"{cycle}/{contest.programme}"
            moved[f"{key}/1-reserve"] = ("source", cycle, sum(given))
            moved[f"{key}/2-budget"] = (cycle, programme, sum(given))
            for option, amount in zip(contest.options, given, strict=False):
                typology = f"typology/{contest.programme}/{option.typology}"
                moved[f"{key}/3-award/{option.typology}"] = (programme, typology, amount)
        return {key: movement for key, movement in moved.items() if movement[2]}

    def _fail(self, name: str, where: str, expected: object, found: object) -> None:
        self._report.fail(name, where, expected=expected, found=found)
