"""What ballots come to: their histogram as PostgreSQL adds it up, and what each contest's rules make of it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import NamedTuple

from django.db import connection

from votes.models import RULES, Contest, Cycle
from votes.tally import Profile, fall_back, tally

Histogram = Mapping[int, Mapping[int, int]]


class Turnout(NamedTuple):
    """How many voters and how much power [base units]."""

    voters: int
    power: int


class Award(NamedTuple):
    """What one rule makes of a contest, in the order of its options."""

    outcome: str
    shares: tuple[Fraction, ...]
    amounts: tuple[int, ...]
    parameter: Fraction | None = None
    why: str = ""


def awards_of(
    cycle: Cycle, histogram: Histogram, voters: Mapping[int | None, Turnout], *, binding_only: bool = False
) -> Iterator[tuple[Contest, dict[str, Award]]]:
    """Every contest of `cycle` and what each rule gives it, or only the one that binds.

    `voters` is the turnout by contest id. The contest over all programmes stands first and gives the others their
    budgets by its binding rule.
    """
    given: dict[str, int] = {}
    for contest in cycle.contests.prefetch_related("options"):
        budget = given[contest.key] if contest.budget is None else contest.budget
        rules = [contest.rule] if binding_only else list(RULES)
        awards = _awards(cycle, contest, budget, histogram, voters.get(contest.pk, Turnout(0, 0)), rules)
        yield contest, awards
        if contest.is_over_programmes:
            options = [option.key for option in contest.options.all()]
            given = dict(zip(options, awards[contest.rule].amounts, strict=True))


def _awards(
    cycle: Cycle, contest: Contest, budget: int, histogram: Histogram, turnout: Turnout, rules: list[str]
) -> dict[str, Award]:
    options = list(contest.options.all())
    profile = Profile(tuple(histogram.get(option.number, {}) for option in options), turnout.power)
    if contest.budget is None and not budget:
        nothing = Award("nothing_given", (Fraction(0),) * len(options), (0,) * len(options))
        return dict.fromkeys(rules, nothing)
    if _reaches_quorum(cycle, contest, turnout):
        return {rule: _tallied(rule, profile, contest, budget) for rule in rules}
    return dict.fromkeys(rules, _fallen(cycle, contest, budget))


def _tallied(rule: str, profile: Profile, contest: Contest, budget: int) -> Award:
    outcome = tally(rule, profile, list(contest.bounds.values()), budget)
    return Award("split", outcome.shares, outcome.amounts, outcome.parameter)


def _fallen(cycle: Cycle, contest: Contest, budget: int) -> Award:
    """What the frozen rules do with a contest below its quorum."""
    options = [option.key for option in contest.options.all()]
    rules = next(frozen for frozen in cycle.announcement.rules.contests if frozen.programme == contest.key)
    last = rules.last_split.shares if rules.last_split else None
    fallen = fall_back(contest.fallback, options, list(contest.bounds.values()), budget, last)
    return Award(fallen.outcome, fallen.shares, fallen.amounts, why=fallen.why)


def _reaches_quorum(cycle: Cycle, contest: Contest, turnout: Turnout) -> bool:
    """Whether enough voters and power are counted in the contest; no power at all never is enough."""
    everybody = cycle.power.snapshot.total_power
    return (
        turnout.power > 0
        and turnout.voters >= contest.quorum_voters
        and turnout.power * 10_000 >= contest.quorum_power * everybody
    )


@contextmanager
def without_nested_loops() -> Iterator[None]:
    """Have PostgreSQL hash and sort where it reads a whole cycle.

    Its statistics lag behind a cycle that filled up quickly. It then expects a handful of ballots, and a loop inside
    a loop looks cheap: minutes instead of a second from 20,000 ballots on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    with connection.cursor() as cursor:  # after an error the rollback does it
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")


def read_histogram(cycle: Cycle) -> Mapping[int, Mapping[int, int]]:
    """H[option number][basis points] -> voting power, over each voter's newest ballot; PostgreSQL adds it up."""
    histogram: defaultdict[int, dict[int, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        # One number for option and share together: most of the time goes into finding the cell of each line.
        cursor.execute(
            """
            SELECT cell, sum(power)
            FROM (
                SELECT unnest(b.options)::int * 16384 + unnest(b.shares) AS cell, p.power
                FROM votes_ballot b
                JOIN power_snapshotpower p ON p.snapshot_id = %s AND p.address = b.voter
                WHERE b.cycle_id = %s AND NOT EXISTS (SELECT FROM votes_ballot r WHERE r.replaces_id = b.id)
            ) AS line GROUP BY cell
            """,
            [cycle.power.snapshot_id, cycle.pk],
        )
        for cell, power in cursor:
            option, share = divmod(cell, 16_384)
            histogram[option][share] = int(power)
    return histogram


def read_voters(cycle: Cycle) -> dict[int | None, Turnout]:
    """Turnout by contest id; under None that of the whole cycle, counting ballots that have lines."""
    numbers: dict[int, list[int]] = defaultdict(list)
    for option in cycle.options.all():
        numbers[option.contest_id].append(option.number)
    filters = ["cardinality(b.options) > 0", *("b.options && %s::smallint[]" for _ in numbers)]
    figures = (f"count(*) FILTER (WHERE {each}), sum(p.power) FILTER (WHERE {each})" for each in filters)
    options = [given for contest in numbers.values() for given in (contest, contest)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {", ".join(figures)}
            FROM votes_ballot b
            JOIN power_snapshotpower p ON p.snapshot_id = %s AND p.address = b.voter
            WHERE b.cycle_id = %s AND NOT EXISTS (SELECT FROM votes_ballot r WHERE r.replaces_id = b.id)
            """,  # noqa: S608 (our own words and placeholders)
            [*options, cycle.power.snapshot_id, cycle.pk],
        )
        found = cursor.fetchone()
    turnouts = [
        Turnout(voters, int(power or 0)) for voters, power in zip(found[::2], found[1::2], strict=True)
    ]
    return dict(zip([None, *numbers], turnouts, strict=True))


def exchanged(
    cycle: Cycle,
    counted: Histogram,
    turnouts: Mapping[int | None, Turnout],
    power: int,
    before: Mapping[int, int],
    after: Mapping[int, int],
) -> tuple[Histogram, dict[int | None, Turnout]]:
    """The count without the lines `before` of a voter of `power`, and with those `after`."""
    histogram = defaultdict(dict[int, int], {option: dict(cells) for option, cells in counted.items()})
    voters = dict(turnouts)
    contest_of = dict(cycle.options.values_list("number", "contest_id"))
    for lines, sign in ((before, -1), (after, 1)):
        for option, share in lines.items():
            cells = histogram[option]
            cells[share] = cells.get(share, 0) + sign * power
            if not cells[share]:
                del cells[share]
        for contest in {contest_of[option] for option in lines}:
            turnout = voters.get(contest, Turnout(0, 0))
            voters[contest] = Turnout(turnout.voters + sign, turnout.power + sign * power)
    return histogram, voters
