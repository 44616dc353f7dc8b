"""When things happened: the instants of the rules, and those of what followed from them."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from votes.record.instants import iso
from votes.record.rules import Rules
from votes.record.verify.checks import Report


class Instants:
    """Sees that nothing happened before it could. All instants are canonical text, which sorts like time."""

    def __init__(self, rules: Rules, report: Report, published_at: str) -> None:
        self._report = report
        instants = {name: iso(at) for name, at in vars(rules.instants).items()}
        self._instants = instants
        report.made("instants")
        for earlier, later in pairwise(instants):
            if instants[earlier] >= instants[later]:
                self._fail(later, f"after {earlier}, {instants[earlier]}", instants[later])
        self._not_before("publication of the rules", instants["announced_at"], published_at)
        if published_at >= instants["opens_at"]:
            before = f"before opening, {instants['opens_at']}"
            self._fail("publication of the rules", before, published_at)
        self._last = instants["closes_at"]

    def take_power(self, fields: Mapping[str, Any]) -> None:
        """Power is taken when its timepoint has come."""
        self._not_before("taking of power", fields["timepoint"], fields["taken_at"])

    def take_head(self, fields: Mapping[str, Any]) -> None:
        """Heads are published from the opening on."""
        self._not_before("tree head", self._instants["opens_at"], fields["published_at"])

    def take_certificate(self, fields: Mapping[str, Any]) -> None:
        """Nothing is certified before voting is over."""
        self._not_before("certificate", self._last, fields["certified_at"])
        self._last = max(self._last, fields["certified_at"])

    def take_result(self, fields: Mapping[str, Any]) -> None:
        """A result follows the certificate, and a version the one before."""
        self._not_before(f"result v{fields['version']}", self._last, fields["published_at"])
        self._last = max(self._last, fields["published_at"])

    def _not_before(self, what: str, earliest: str, found: str) -> None:
        if found < earliest:
            self._fail(what, f"not before {earliest}", found)

    def _fail(self, where: str, expected: str, found: str) -> None:
        self._report.fail("instants", where, expected=expected, found=found)
