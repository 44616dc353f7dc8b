"""A cycle's result: who gets what, by which rule, decided by whom."""

from dataclasses import dataclass
from fractions import Fraction

from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import Wallet
from journal.clock import database_clock
from votes.actions.counting import without_nested_loops
from votes.models import (
    RULES,
    Ballot,
    ContestResult,
    Cycle,
    Option,
    OptionResult,
    Result,
    Settlement,
    budgets_of,
)
from votes.pictures import Segment
from votes.tally import RULES as TALLY_RULES
from votes.templatetags.splits import basis_points
from votes.views.challenges import standing_of
from votes.views.corrections import changes_to_show
from votes.views.cycles import cycle_or_404, token_of
from votes.views.keeping import kept
from votes.views.what_if import what_ifs_of

_FALLEN = {
    "return_to_reserve": "the whole budget stays in the reserve",
    "repeat_last_split": "the budget is split as it was the last time",
    "equal_split": "the budget is split equally above the floors",
}
SHOWN = 30  # ballots on one page: more would weigh too much


@dataclass(frozen=True)
class Row:
    """One option's line in the table. `since`: the change of its share since the cycle before.

    `residual`: its share of what remained after the floors, which is what ballots split.
    """

    option: Option
    share: Fraction
    residual: Fraction
    amount: int
    since: Fraction | None
    others: list[tuple[str, Fraction]]


@dataclass(frozen=True)
class Panel:
    """One contest's result. `budget` [base units] is None where a vote over all programmes decided none of it.

    `awarded` [base units] is what it pays out: nothing by the vote over all programmes, which only gives budgets.
    """

    result: ContestResult
    budget: int | None
    sentence: str
    parameter: str
    segments: list[Segment]
    rows: list[Row]
    beside: str
    turnout_power: Fraction
    awarded: int

    @property
    def fallen(self) -> str:
        """What happened instead of a split by its rule, in a sentence."""
        contest = self.result.contest
        if self.result.outcome == "nothing_given":
            return "The vote over all programmes gave it nothing, so there was nothing to split."
        if self.result.power == 0:
            return f"Nobody with voting power split this budget, so by its frozen rules {_FALLEN[self.result.outcome]}."
        quorum = (
            f"{basis_points(contest.quorum_power)} of all voting power and {contest.quorum_voters} voters"
        )
        return f"Below its quorum of {quorum}, so by its frozen rules {_FALLEN[self.result.outcome]}."


@dataclass(frozen=True)
class BallotRow:
    """One ballot in the list; `contests` are its splits by contest name."""

    ballot: Ballot
    power: int
    contests: list[tuple[str, list[Segment]]]


def result_page(request: HttpRequest, number: int, version: int | None = None) -> HttpResponse:
    """The newest version of a cycle's result, or when there will be one; or an older version, at its own address."""
    cycle = cycle_or_404(number, "announcement", "certificate", "settlement", "power__snapshot", "thread")
    newest = Result.objects.filter(cycle=cycle).order_by("-version").first()
    result = newest if version is None else Result.objects.filter(cycle=cycle, version=version).first()
    if version is not None and result is None:
        raise Http404(f"There is no version {version} of this result.")
    if result is None or newest is None:
        return render(request, "votes/no_result.html", {"cycle": cycle})
    ballots = list_of_ballots(cycle, after=0)
    panels = panels_of(cycle, result)
    snapshot = cycle.power.snapshot
    at, what_ifs = database_clock(), what_ifs_of(result, panels)
    page = {
        "cycle": cycle,
        "result": result,
        "is_pinned": version is not None,
        "newest": newest,
        "what_ifs": what_ifs,
        "left_out_names": Wallet.objects.names({who for what in what_ifs for who in what.left_out}),
        "standing": standing_of(cycle, newest, at),
        "now": at,
        "changes": changes_to_show(result),
        "corrector": Wallet.objects.names({result.correction.actor}) if hasattr(result, "correction") else {},
        "token": token_of(cycle),
        "panels": panels,
        "awarded": sum(panel.awarded for panel in panels),
        "turnout_power": Fraction(result.power, max(1, snapshot.total_power)),
        "snapshot": snapshot,
        "root": bytes(cycle.certificate.merkle_root).hex(),
        "rules_hash": bytes(cycle.certificate.rules_hash).hex(),
        "ballots": ballots,
        "more": SHOWN if len(ballots) == SHOWN else None,
        "names": Wallet.objects.names({row.ballot.voter for row in ballots}),
        "replaced": _number_of_replaced(cycle),
    }
    return render(request, "votes/result.html", page)


def panels_of(cycle: Cycle, result: Result) -> list[Panel]:
    """One panel for each contest, in the order of the ballot."""
    total = max(1, cycle.power.snapshot.total_power)
    rows = (
        ContestResult.objects.filter(result=result)
        .select_related("contest__programme")
        .prefetch_related("contest__options", "options__option__typology__programme")
        .order_by("contest__position", "id")
    )
    by_contest: dict[int, list[ContestResult]] = {}
    for row in rows:
        by_contest.setdefault(row.contest_id, []).append(row)
    before = _shares_before(cycle)
    budgets = budgets_of(rows)
    return [_panel(results, budgets[contest], before, total) for contest, results in by_contest.items()]


def _panel(
    results: list[ContestResult], budget: int | None, before: dict[int, Fraction], total: int
) -> Panel:
    binding = next(row for row in results if row.is_binding)
    beside = "mean" if binding.rule != "mean" else "ladder"
    others = [row for row in results if not row.is_binding]
    others.sort(key=lambda row: row.rule != beside)
    rows = [
        Row(
            option=given.option,
            share=given.fraction,
            residual=given.residual,
            amount=given.amount,
            since=_since(given, before),
            others=[(RULES[other.rule], list(other.options.all())[place].fraction) for other in others],
        )
        for place, given in enumerate(binding.options.all())
    ]
    return Panel(
        result=binding,
        budget=budget,
        sentence=TALLY_RULES[binding.rule].sentence,
        parameter=_parameter(binding),
        segments=[Segment(row.option.name, row.share, row.option.colour) for row in rows]
        if binding.pays
        else [],
        rows=rows,
        beside=RULES[beside],
        turnout_power=Fraction(binding.power, total),
        awarded=0 if binding.contest.is_over_programmes else sum(row.amount for row in rows),
    )


def _since(given: OptionResult, before: dict[int, Fraction]) -> Fraction | None:
    typology = given.option.typology_id
    return given.fraction - before[typology] if typology in before else None


def _parameter(result: ContestResult) -> str:
    """The rule's parameter for eyes, such as "δ = 3.1 points"."""
    symbol = TALLY_RULES[result.rule].symbol
    if result.parameter is None or not symbol:
        return ""
    value = Fraction(result.parameter)
    return f"{symbol} = {four_decimals(value)}"


def four_decimals(value: Fraction) -> str:
    """A parameter with four decimals, without ever being a float.

    >>> four_decimals(Fraction(1, 3)), four_decimals(Fraction(0))
    ('0.3333', '0')
    """
    whole, rest = divmod(value.numerator * 10_000 // value.denominator, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _shares_before(cycle: Cycle) -> dict[int, Fraction]:
    """Each typology's binding share in the cycle before this one."""
    settled = Settlement.objects.filter(cycle__opens_at__lt=cycle.opens_at).exclude(cycle__origin="imported")
    earlier = settled.order_by("-cycle__opens_at").first()
    if earlier is None:
        return {}
    rows = OptionResult.objects.filter(
        contest_result__result=earlier.result_id,
        contest_result__is_binding=True,
        option__typology__isnull=False,
    ).values_list("option__typology_id", "share")
    return {typology: Fraction(share) for typology, share in rows}


def list_of_ballots(cycle: Cycle, *, after: int) -> list[BallotRow]:
    """A page of counted ballots, those with the most voting power first, from place `after` on."""
    if hasattr(cycle, "certificate"):  # nothing is added any more
        root = bytes(cycle.certificate.merkle_root).hex()
        name = f"strongest-{cycle.pk}-{root}-{SHOWN}-{after}"
        strongest = kept(name, lambda: (_strongest(cycle, after), True))
    else:
        strongest = _strongest(cycle, after)
    found = Ballot.objects.select_related("cycle", "reason", "blind").in_bulk([pk for pk, _ in strongest])
    options = {option.number: option for option in cycle.options.select_related("contest", "typology")}
    return [BallotRow(found[pk], power, splits_of(found[pk], options)) for pk, power in strongest]


def _strongest(cycle: Cycle, after: int) -> list[tuple[int, int]]:
    """The ids and the power [base units] of a page of counted ballots; among equals, as they were stored."""
    with transaction.atomic(), without_nested_loops(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT b.id, coalesce(p.power, 0)
            FROM votes_ballot b
            LEFT JOIN power_snapshotpower p ON p.snapshot_id = %s AND p.address = b.voter
            WHERE b.cycle_id = %s AND NOT EXISTS (SELECT FROM votes_ballot r WHERE r.replaces_id = b.id)
            ORDER BY p.power DESC NULLS LAST, b.id LIMIT %s OFFSET %s
            """,
            [cycle.power.snapshot_id, cycle.pk, SHOWN, after],
        )
        return [(pk, int(power)) for pk, power in cursor]


def _number_of_replaced(cycle: Cycle) -> int:
    """How many ballots of a certified cycle a newer one replaced: as many as replace one."""
    name = f"replaced-{cycle.pk}-{bytes(cycle.certificate.merkle_root).hex()}"
    return kept(name, lambda: (Ballot.objects.filter(cycle=cycle, replaces__isnull=False).count(), True))


def splits_of(ballot: Ballot, options: dict[int, Option]) -> list[tuple[str, list[Segment]]]:
    """A ballot's splits, contest by contest, in the order of the ballot."""
    splits: dict[str, list[Segment]] = {}
    for number, share in sorted(zip(ballot.options, ballot.shares, strict=True)):
        option = options[number]
        segment = Segment(option.name, Fraction(share, 10_000), option.colour)
        splits.setdefault(option.contest.name, []).append(segment)
    return list(splits.items())
