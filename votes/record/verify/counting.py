"""Power and ballots in one pass: every rule of acceptance, and the histogram that the tally needs.

Only numbers by voter are kept, so that a million ballots fit in a few hundred megabytes.
"""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from votes.record.instants import iso
from votes.record.lines import BallotLine, Holder
from votes.record.rules import Rules
from votes.record.verify.checks import Report
from votes.tally import largest_lines

MAX_NONCE = 2**53 - 1


class Power:
    """The frozen voting power: who holds how much [base units]."""

    def __init__(self, rules: Rules, report: Report) -> None:
        self._rules, self._report = rules, report
        self._stated: Mapping[str, Any] | None = None
        self._hash = hashlib.sha256()
        self._last = b""
        self.places: dict[bytes, int] = {}
        self.powers: list[int] = []
        self.total = 0

    def take_head(self, line: Mapping[str, Any]) -> None:
        """The line that says where the power comes from."""
        self._stated = line

    def take(self, number: int, holder: Holder) -> None:
        """One address's power."""
        if holder.address <= self._last:
            self._report.fail(
                "power_list",
                f"line {number}",
                expected=f"an address after 0x{self._last.hex()}",
                found=f"0x{holder.address.hex()}",
            )
        self._last = holder.address
        self._hash.update(b"0x%s,%d\n" % (holder.address.hex().encode(), holder.power))
        if holder.address not in self.places:
            self.places[holder.address] = len(self.powers)
            self.powers.append(holder.power)
            self.total += holder.power

    def finish(self) -> None:
        """Compare the list with what was stated and with what the rules froze."""
        stated, frozen, report = self._stated, self._rules.power, self._report
        if stated is None:
            return
        for name, expected, found in (
            ("holders", stated["holders"], len(self.powers)),
            ("total", int(stated["total"]), self.total),
            ("holders in the rules", frozen.holders, stated["holders"]),
            ("total in the rules", frozen.total, int(stated["total"])),
            ("source", frozen.source, stated["source"]),
            ("timepoint", iso(self._rules.instants.snapshot_at), stated["timepoint"]),
        ):
            if expected != found:
                report.fail("power_list", name, expected=expected, found=found)
        report.made("power_list", "power_source")
        if stated["sha256"] != "0x" + frozen.sha256:
            report.fail(
                "power_source", "the power line", expected="0x" + frozen.sha256, found=stated["sha256"]
            )
        if frozen.source == "register":
            if self._hash.hexdigest() != frozen.sha256:
                report.fail("power_source", "the list", expected=frozen.sha256, found=self._hash.hexdigest())
        elif frozen.source == "import":
            report.unknown(
                "power_source", "The rules name the imported file by its hash; the record does not hold it."
            )


class Counting:
    """The ballots: what makes each acceptable, whom it replaces, and what is counted in the end."""

    def __init__(self, rules: Rules, power: Power, report: Report) -> None:
        self._rules, self._power, self._report = rules, power, report
        self._contests = [at for at, contest in enumerate(rules.contests) for _ in contest.options]
        self._largest = [most for contest in rules.contests for most in largest_lines(contest.bounds)]
        self._opens, self._closes = iso(rules.instants.opens_at), iso(rules.instants.closes_at)
        is_import = rules.origin == "imported"
        self._least = rules.limits.least_power if is_import else max(1, rules.limits.least_power)
        # By the voter's place in the list of power: sequence and nonce of the last ballot, and whether it is replaced.
        self._sequences = array("I", bytes(4 * len(power.powers)))
        self._nonces = array("Q", bytes(8 * len(power.powers)))
        self._is_replaced = bytearray(len(power.powers))
        self._strangers: dict[bytes, int] = {}
        self.count = 0
        self.histogram: list[defaultdict[int, int]] = [defaultdict(int) for _ in self._contests]
        self.turnouts = [[0, 0] for _ in rules.contests]
        self.everyone = [0, 0]
        report.made("lines", "caps", "limits", "window", "voting_power", "replacements")

    def take(self, number: int, ballot: BallotLine) -> None:
        """Check one ballot, and count it if no later one replaces it."""
        if ballot.position != self.count:
            self._fail("certificate", number, f"position {self.count}", f"position {ballot.position}")
        self.count += 1
        if not self._opens <= ballot.received_at < self._closes:
            self._fail("window", number, f"from {self._opens} to before {self._closes}", ballot.received_at)
        place = self._place(number, ballot)
        self._check_replacement(number, ballot, place)
        contests = self._check_lines(number, ballot)
        if contests is None or ballot.replaced:
            return
        power = self._power.powers[place] if place < len(self._power.powers) else None
        if power is not None and ballot.options:
            self._count(ballot, contests, power)

    def _count(self, ballot: BallotLine, contests: set[int], power: int) -> None:
        histogram = self.histogram
        for option, share in zip(ballot.options, ballot.shares, strict=True):
            histogram[option][share] += power
        for contest in contests:
            turnout = self.turnouts[contest]
            turnout[0] += 1
            turnout[1] += power
        self.everyone[0] += 1
        self.everyone[1] += power

    def _place(self, number: int, ballot: BallotLine) -> int:
        """The voter's place in the arrays; one who is not on the list gets one behind all others."""
        place = self._power.places.get(ballot.voter)
        if place is not None:
            if self._power.powers[place] < self._least:
                self._fail("voting_power", number, f"at least {self._least}", self._power.powers[place])
            return place
        self._fail("voting_power", number, f"frozen power of 0x{ballot.voter.hex()}", "none")
        place = self._strangers.get(ballot.voter)
        if place is None:
            place = self._strangers[ballot.voter] = len(self._sequences)
            self._sequences.append(0)
            self._nonces.append(0)
            self._is_replaced.append(0)
        return place

    def _check_replacement(self, number: int, ballot: BallotLine, place: int) -> None:
        sequence = self._sequences[place]
        if ballot.sequence != sequence + 1:
            self._fail("replacements", number, f"ballot {sequence + 1} of this voter", ballot.sequence)
        if sequence:
            if ballot.nonce <= self._nonces[place]:
                self._fail("replacements", number, f"a nonce above {self._nonces[place]}", ballot.nonce)
            if not self._is_replaced[place]:
                self._fail("replacements", number, "that the voter's ballot before is replaced", "it counts")
        if ballot.nonce > MAX_NONCE:
            self._fail("limits", number, f"a nonce of at most {MAX_NONCE}", ballot.nonce)
        if sequence >= self._rules.limits.ballots_per_voter:
            most = self._rules.limits.ballots_per_voter
            self._fail("limits", number, f"at most {most} ballots of a voter", sequence + 1)
        self._sequences[place] = sequence + 1
        self._nonces[place] = ballot.nonce
        self._is_replaced[place] = ballot.replaced

    def _check_lines(self, number: int, ballot: BallotLine) -> set[int] | None:
        """The contests that the ballot has lines in; None where its lines cannot be counted at all."""
        options, shares = ballot.options, ballot.shares
        limit = self._rules.limits.lines
        if limit is not None and len(options) > limit:
            self._fail("limits", number, f"at most {limit} lines", len(options))
        if len(options) != len(shares):
            self._fail("lines", number, f"{len(options)} shares", len(shares))
            return None
        sums: dict[int, int] = {}
        contests, largest, known = self._contests, self._largest, len(self._contests)
        for option, share in zip(options, shares, strict=True):
            if option >= known or not 0 < share <= 10_000:
                self._fail("lines", number, f"options below {known}, shares of 1 to 10000", (option, share))
                return None
            contest = contests[option]
            sums[contest] = sums.get(contest, 0) + share
            if share > largest[option]:
                self._fail("caps", number, f"at most {largest[option]} for option {option}", share)
        if len(set(options)) != len(options):
            self._fail("lines", number, "each option once", options)
            return None
        for contest, total in sums.items():
            if total != 10_000:
                name = self._rules.contests[contest].programme
                self._fail("lines", number, f"10000 basis points of {name}", total)
                return None
        return set(sums)

    def finish(self) -> None:
        """See that every voter's last ballot counts."""
        for place, sequence in enumerate(self._sequences):
            if sequence and self._is_replaced[place]:
                self._report.fail(
                    "replacements",
                    f"voter {place + 1} of the list",
                    expected="that the last ballot counts",
                    found="it is said to be replaced, but nothing replaces it",
                )

    def _fail(self, name: str, number: int, expected: object, found: object) -> None:
        self._report.fail(name, f"line {number}", expected=expected, found=found)
