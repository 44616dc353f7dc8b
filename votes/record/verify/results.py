"""Results recomputed from what was counted: turnout, budgets, quorum, every rule, fall-backs, rounding, sums."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from votes.record.rules import META, ContestRules, Rules
from votes.record.verify.checks import CHECKS, Report
from votes.record.verify.counting import Counting
from votes.tally import RULES, Profile, TallyError, fall_back, largest_remainder, tally

PAYS = ("split", "repeat_last_split", "equal_split")
NOTHING = "nothing_given"


@dataclass(frozen=True)
class Expected:
    """What one rule makes of one contest, in the order of its options."""

    outcome: str
    shares: tuple[Fraction, ...]
    amounts: tuple[int, ...]
    parameter: Fraction | None = None
    why: str = ""


@dataclass(frozen=True)
class Contest:
    """One contest recomputed: its budget [base units], turnout, and what every rule gives."""

    rules: ContestRules
    budget: int
    voters: int
    power: int
    by_rule: Mapping[str, Expected]

    @property
    def binding(self) -> Expected:
        return self.by_rule[self.rules.rule]


def recompute(rules: Rules, counting: Counting, total_power: int) -> list[Contest]:
    """Every contest of the rules in their order; the one over all programmes stands first and gives the budgets.

    Raises TallyError where the counted ballots can't be tallied.
    """
    contests: list[Contest] = []
    given: Mapping[str, int] = {}
    first = 0
    for place, contest in enumerate(rules.contests):
        count = len(contest.options)
        cells = counting.histogram[first : first + count]
        first += count
        voters, power = counting.turnouts[place]
        budget = given.get(contest.programme, 0) if contest.budget is None else contest.budget
        by_rule = _awards(contest, budget, Profile(tuple(cells), power), voters, total_power)
        contests.append(Contest(contest, budget, voters, power, by_rule))
        if contest.programme == META:
            keys = [option.typology for option in contest.options]
            given = dict(zip(keys, contests[-1].binding.amounts, strict=True))
    return contests


def reaches_quorum(contest: ContestRules, voters: int, power: int, total_power: int) -> bool:
    """Whether enough voters and power are counted; no power at all never is enough."""
    return (
        power > 0 and voters >= contest.quorum_voters and power * 10_000 >= contest.quorum_power * total_power
    )


def _awards(
    contest: ContestRules, budget: int, profile: Profile, voters: int, total_power: int
) -> dict[str, Expected]:
    options = [option.typology for option in contest.options]
    if contest.budget is None and not budget:
        nothing = Expected(NOTHING, (Fraction(0),) * len(options), (0,) * len(options))
        return dict.fromkeys(RULES, nothing)
    if not reaches_quorum(contest, voters, profile.power, total_power):
        last = contest.last_split.shares if contest.last_split else None
        fallen = fall_back(contest.fallback, options, contest.bounds, budget, last)
        return dict.fromkeys(RULES, Expected(fallen.outcome, fallen.shares, fallen.amounts, why=fallen.why))
    awards = {}
    for rule in RULES:
        outcome = tally(rule, profile, contest.bounds, budget)
        awards[rule] = Expected("split", outcome.shares, outcome.amounts, outcome.parameter)
    return awards


class Results:
    """The versions of a result as the record states them, to be compared with what was recomputed."""

    def __init__(self, rules: Rules, report: Report) -> None:
        self._rules, self._report = rules, report
        self.versions: list[Mapping[str, Any]] = []
        self._contests: defaultdict[int, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)

    def take(self, number: int, fields: Mapping[str, Any]) -> None:
        """The line that opens a version."""
        if fields["version"] != len(self.versions) + 1:
            self._fail("versions", f"line {number}", f"version {len(self.versions) + 1}", fields["version"])
        if fields["version"] > 1 and not fields["reason"]:
            self._fail("versions", f"line {number}", "the reason of a later version", "none")
        self.versions.append(fields)

    def take_contest(self, number: int, fields: Mapping[str, Any]) -> None:
        """What one rule made of one contest."""
        if not self.versions or fields["version"] != self.versions[-1]["version"]:
            self._fail("versions", f"line {number}", "the version that it stands under", fields["version"])
        self._contests[fields["version"]].append((number, fields))

    def amounts(self, version: int) -> dict[str, list[int]]:
        """What the binding rules of a version give, by contest, as stated."""
        return {
            fields["contest"]: [int(amount) for amount in fields["amounts"]]
            for _, fields in self._contests[version]
            if fields["binding"]
        }

    def finish(self, counting: Counting, total_power: int) -> None:
        """Recompute, and compare: the last version must hold, and each before it must not, else nothing replaces it."""
        try:
            contests = recompute(self._rules, counting, total_power)
        except TallyError as error:
            self._report.fail("lines", "the counted ballots", expected="ballots to tally", found=error)
            return
        names = ("versions", "turnout", "budgets", "quorum", "fallbacks", "rounding", "sums")
        self._report.made(*names, *(f"rule_{rule}" for rule in RULES))
        for version in self.versions[:-1]:
            if not self._has_fault(version, counting, contests):
                where = f"version {version['version']}"
                self._fail("versions", where, "a fault, for a later version stands in its place", "none")
        for version in self.versions[-1:]:
            self._check(version, counting, contests)
        self._say_what_does_not_apply(contests)

    def _check(self, version: Mapping[str, Any], counting: Counting, contests: Sequence[Contest]) -> None:
        self._check_turnout(version, counting)
        self._check_version(version["version"], contests)

    def _has_fault(self, version: Mapping[str, Any], counting: Counting, contests: Sequence[Contest]) -> bool:
        """Whether any check of a version fails; a later one stands in its place only then."""
        kept, self._report = self._report, Report()
        self._check(version, counting, contests)
        found, self._report = self._report, kept
        return any(map(found.has_failed, CHECKS))

    def _say_what_does_not_apply(self, contests: Sequence[Contest]) -> None:
        outcomes = {contest.binding.outcome for contest in contests}
        if "split" not in outcomes:
            for rule in RULES:
                self._report.not_applicable(f"rule_{rule}", "No contest was split by a rule.")
        if outcomes <= {"split", NOTHING}:
            self._report.not_applicable("fallbacks", "Every contest reached its quorum.")

    def _check_turnout(self, version: Mapping[str, Any], counting: Counting) -> None:
        stated = [version["voters"], int(version["power"])]
        if stated != counting.everyone:
            where = f"version {version['version']}, voters and power"
            self._fail("turnout", where, counting.everyone, stated)

    def _check_version(self, version: int, contests: Sequence[Contest]) -> None:
        stated = self._contests[version]
        keys = [(fields["contest"], fields["rule"]) for _, fields in stated]
        expected = [(contest.rules.programme, rule) for contest in contests for rule in RULES]
        if keys != expected:
            odd = sorted(set(keys) ^ set(expected)) or "another order, or one of them twice"
            self._fail("versions", f"version {version}", "every contest by every rule, once", odd)
        by_key = {contest.rules.programme: contest for contest in contests}
        for number, fields in stated:
            contest = by_key.get(fields["contest"])
            if contest is not None and fields["rule"] in RULES:
                self._check_contest(number, fields, contest)

    def _check_contest(self, number: int, fields: Mapping[str, Any], contest: Contest) -> None:
        rule = fields["rule"]
        where = f"line {number}, {contest.rules.programme} by {rule}"
        right = contest.by_rule[rule]
        if fields["binding"] != (rule == contest.rules.rule):
            self._fail("versions", where, f"that {contest.rules.rule} binds", fields["binding"])
        if (fields["voters"], int(fields["power"])) != (contest.voters, contest.power):
            stated = (fields["voters"], int(fields["power"]))
            self._fail("turnout", where, (contest.voters, contest.power), stated)
        if int(fields["budget"]) != contest.budget:
            self._fail("budgets", where, contest.budget, fields["budget"])
        self._check_outcome(where, fields, right, rule)
        self._check_amounts(where, fields, right, contest.budget)

    def _check_outcome(self, where: str, fields: Mapping[str, Any], right: Expected, rule: str) -> None:
        is_split, is_right = fields["outcome"] == "split", fields["outcome"] == right.outcome
        if is_split != (right.outcome == "split") or (right.outcome == NOTHING and not is_right):
            self._fail("quorum", where, right.outcome, fields["outcome"])
            return
        parameter = None if fields["parameter"] is None else Fraction(fields["parameter"])
        name = f"rule_{rule}" if is_split else "fallbacks"
        if not is_right or fields["why"] != right.why:
            self._fail(name, where, (right.outcome, right.why), (fields["outcome"], fields["why"]))
        if fields["shares"] != [str(share) for share in right.shares]:
            self._fail(name, where, _words(right.shares), ", ".join(fields["shares"]))
        if parameter != right.parameter:
            self._fail(name, where, f"parameter {right.parameter}", fields["parameter"])

    def _check_amounts(self, where: str, fields: Mapping[str, Any], right: Expected, budget: int) -> None:
        """Rounding is checked against the stated shares, so that a fault in either shows at its own check."""
        stated = fields["shares"] if len(fields["shares"]) == len(right.shares) else ()
        shares = [Fraction(share) for share in stated]
        amounts = [int(amount) for amount in fields["amounts"]]
        pays = fields["outcome"] in PAYS
        if sum(amounts) != (budget if pays else 0):
            self._fail("sums", where, budget if pays else 0, sum(amounts))
        rounded = right.amounts
        if pays and sum(shares) == 1:
            rounded = largest_remainder(shares, budget)
        if amounts != list(rounded):
            self._fail("rounding", where, _words(rounded), _words(amounts))

    def _fail(self, name: str, where: str, expected: object, found: object) -> None:
        self._report.fail(name, where, expected=expected, found=found)


def _words(numbers: Sequence[Fraction] | Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
