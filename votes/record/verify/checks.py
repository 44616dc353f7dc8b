"""The numbered checks, and what a verification found at each."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SHOWN = 5  # findings of one check that are kept; the others are counted


class Status(StrEnum):
    """What can be said of a check. One that does not apply, such as receipts where none was given, is passed over."""

    PASSED = "pass"
    FAILED = "fail"
    UNKNOWN = "could not check"
    NOT_APPLICABLE = "does not apply"


@dataclass(frozen=True)
class Check:
    """One check by its number and name, both for good, with what it asserts in a sentence."""

    number: int
    name: str
    asserts: str


_ASSERTIONS = {
    "format": "every line is canonical JSON of a known type, whole and in its place",
    "seal": "the seal counts the lines and hashes their bytes; nothing is missing at the end",
    "rules_hash": "the rules are rules.json, and their SHA-256 is the one that stands here and in the certificate",
    "header": "cycle, origin and deployment are those of the rules",
    "instants": "the instants of the rules ascend, and everything happened at an instant at which it could",
    "power_list": "addresses ascend, none stands twice, and count and sum are those that were frozen",
    "power_source": "the list is the one that the rules name by its hash",
    "power_on_chain": "a node tells the same power at the stored block",
    "lines": "a ballot names options of the rules, none twice, and splits each budget into exactly 10,000",
    "caps": "no line is above what its option's cap leaves",
    "limits": "ballots per voter, lines and bytes of reason are within the limits of the rules",
    "window": "every ballot was received while voting was open",
    "voting_power": "every voter had the least power that may vote when it was frozen",
    "replacements": "a voter's ballots follow each other with rising nonces, and only the last counts",
    "digests": "a ballot's digest is the EIP-712 digest of exactly this ballot",
    "signatures": "every ballot is signed by its voter",
    "contract_signatures": "a contract wallet's signature is valid at its stored block",
    "blinds": "in a sealed cycle every commitment is that of the ballot and its blind",
    "texts": "every text has the hash under which it stands, and is the reason of a ballot",
    "waiting": "ballots that waited and were not found valid are listed with a verdict, and none of them counts",
    "exclusions": "no ballot is left out but for a check that anybody can repeat",
    "head_signatures": "every tree head is signed by the receipt key of the rules",
    "heads": "tree heads grow, and the tree of the ballots extends each of them",
    "certificate": "the certificate counts the ballots, and its root is that of their tree",
    "saved_heads": "the tree of the ballots extends every head that somebody saved",
    "receipts": "every receipt is signed by the receipt key, and its ballot is in the record at that instant",
    "versions": "results are numbered from 1, each with every contest and rule, and the rule of the rules binds",
    "turnout": "voters and power are those of the counted ballots",
    "budgets": "each contest splits the budget of the rules, or what the contest over all programmes gave it",
    "quorum": "a contest is split by its rule exactly where its quorum is reached",
    "rule_mean": "the shares by the mean are those of the counted ballots",
    "rule_ladder": "the shares by the ladder are those of the counted ballots",
    "rule_median_phantoms": "the shares by median phantoms are those of the counted ballots",
    "rule_independent_markets": "the shares by independent markets are those of the counted ballots",
    "rule_piecewise_uniform": "the shares by piecewise uniform are those of the counted ballots",
    "fallbacks": "below its quorum a contest does what the rules say",
    "rounding": "amounts are the shares of the budget, rounded by largest remainder",
    "sums": "amounts sum to exactly the budget, or to nothing where it returns to the reserve",
    "challenges": "every challenge names a check and was answered",
    "settlement": "what moved in the ledger is exactly what the last result gave, after the time to challenge it",
}

CHECKS: Mapping[str, Check] = {
    name: Check(number, name, asserts) for number, (name, asserts) in enumerate(_ASSERTIONS.items(), start=1)
}


@dataclass(frozen=True)
class Finding:
    """Where a check failed, what it expected there and what it found."""

    where: str
    expected: str
    found: str


@dataclass(frozen=True)
class Outcome:
    """What came of one check: `findings` where it failed (the first few of `faults`), `why` where it was not made."""

    check: Check
    status: Status
    findings: tuple[Finding, ...] = ()
    faults: int = 0
    why: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "number": self.check.number,
            "name": self.check.name,
            "asserts": self.check.asserts,
            "status": self.status.value,
            "faults": self.faults,
            "findings": [dict(vars(finding)) for finding in self.findings],
            "why": self.why,
        }


class Report:
    """Gathers what the parts of a verification find; `outcomes` are in the order of the checks."""

    def __init__(self) -> None:
        self._findings: defaultdict[str, list[Finding]] = defaultdict(list)
        self._faults: defaultdict[str, int] = defaultdict(int)
        self._made: set[str] = set()
        self._why: dict[str, tuple[Status, str]] = {}

    def fail(self, name: str, where: str, *, expected: object, found: object) -> None:
        """Note a fault at check `name`."""
        assert name in CHECKS
        self._faults[name] += 1
        if len(self._findings[name]) < SHOWN:
            self._findings[name].append(Finding(where, _short(expected), _short(found)))

    def made(self, *names: str) -> None:
        """Note that these checks were made, whatever they found."""
        assert CHECKS.keys() >= set(names)
        self._made.update(names)

    def unknown(self, name: str, why: str) -> None:
        """Note that the check applies but could not be made."""
        self._why[name] = Status.UNKNOWN, why

    def not_applicable(self, name: str, why: str) -> None:
        """Note that there is nothing here to check."""
        self._why[name] = Status.NOT_APPLICABLE, why

    def has_failed(self, name: str) -> bool:
        """Whether a fault was found at the check so far."""
        return self._faults[name] > 0

    def outcomes(self) -> list[Outcome]:
        """What came of every check."""
        return [self._outcome(check) for check in CHECKS.values()]

    def _outcome(self, check: Check) -> Outcome:
        faults = self._faults[check.name]
        if faults:
            return Outcome(check, Status.FAILED, tuple(self._findings[check.name]), faults)
        if check.name in self._why:
            status, why = self._why[check.name]
            return Outcome(check, status, why=why)
        if check.name in self._made:
            return Outcome(check, Status.PASSED)
        return Outcome(
            check, Status.UNKNOWN, why="The record does not hold, in readable form, what it needs."
        )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else text[:297] + "…"
