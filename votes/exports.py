"""A cycle's ballots and result for other programs: CSV, and Pabulib's .pb, a line at a time."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from power.models import SnapshotPower
from votes.models import BallotPosition, Contest, ContestResult, Cycle, Option, Result
from votes.record.instants import iso

_AT_ONCE = 5_000  # rows read at a time
RESULT_COLUMNS = (
    "contest",
    "option",
    "rule",
    "binding",
    "outcome",
    "share",
    "amount_base_units",
    "budget_base_units",
    "contest_voters",
    "contest_power_base_units",
)
BALLOT_COLUMNS = (
    "position",
    "voter",
    "power_base_units",
    "counts",
    "received_at",
    "nonce",
    "contest",
    "option",
    "basis_points",
    "digest",
)


def result_rows(result: Result) -> Iterator[bytes]:
    """What every rule gives every option, as CSV; shares are exact fractions, names those of ballots."""
    rows = ContestResult.objects.filter(result=result).select_related("contest")
    rows = rows.prefetch_related("options__option").order_by("contest__position", "pk")
    budgets = result.budgets
    lines = (
        (
            row.contest.key,
            given.option.key,
            row.rule,
            str(row.is_binding).lower(),
            row.outcome,
            given.share,
            given.amount,
            budgets[row.contest_id],
            row.voters,
            row.power,
        )
        for row in rows
        for given in row.options.all()
    )
    return _csv(RESULT_COLUMNS, lines)


def ballot_rows(cycle: Cycle) -> Iterator[bytes]:
    """Every line of every ballot, those replaced included, as CSV; one without lines has one row."""
    options = {option.number: option for option in cycle.options.select_related("contest")}
    return _csv(BALLOT_COLUMNS, _ballot_lines(cycle, options))


def _ballot_lines(cycle: Cycle, options: dict[int, Option]) -> Iterator[tuple[object, ...]]:
    fields = (
        "position",
        "ballot__voter",
        "power",
        "ballot__replaced_by__pk",
        "ballot__received_at",
        "ballot__nonce",
        "ballot__digest",
        "ballot__options",
        "ballot__shares",
    )
    for row in _with_power(cycle).values_list(*fields).iterator(chunk_size=_AT_ONCE):
        position, voter, power, replaced_by, received_at, nonce, digest, numbers, shares = row
        first = (position, voter, power or 0, str(replaced_by is None).lower(), iso(received_at), nonce)
        last = "0x" + bytes(digest).hex()
        if not numbers:
            yield (*first, "", "", "", last)
        for number, share in zip(numbers, shares, strict=True):
            option = options[number]
            yield (*first, option.contest.key, option.key, share, last)


def pabulib(cycle: Cycle, contest: Contest, result: Result) -> Iterator[bytes]:
    """One contest in Pabulib's format, cumulative: the counted ballots, their points [basis points], their power.

    Costs are the most that each option can get. Pabulib knows no weights; programs that ignore the column `power` count
    every voter alike.
    """
    options = list(contest.options.order_by("number"))
    budget = result.budgets[contest.pk] or 0
    row = result.contests.get(contest=contest, is_binding=True)
    meta = {
        "description": f"Cycle {cycle.number}: {contest.key}; divisible budget; ballots weigh by the column power",
        "country": "none",
        "unit": "base units",
        "instance": f"cycle {cycle.number}",
        "num_projects": len(options),
        "num_votes": row.voters,
        "budget": budget,
        "vote_type": "cumulative",
        "rule": contest.rule,
        "date_begin": f"{cycle.opens_at:%d.%m.%Y}",
        "date_end": f"{cycle.closes_at:%d.%m.%Y}",
        "min_sum_points": 10_000,
        "max_sum_points": 10_000,
    }
    amounts = {given.option_id: given.amount for given in row.options.all()}
    projects = (
        (option.key, budget * option.cap // 10_000, int(amounts[option.pk] > 0), amounts[option.pk])
        for option in options
    )
    lines: Iterable[tuple[object, ...]] = chain(
        [("META",), ("key", "value")],
        meta.items(),
        [("PROJECTS",), ("project_id", "cost", "selected", "amount")],
        projects,
        [("VOTES",), ("voter_id", "power", "vote", "points")],
        _votes(cycle, {option.number: option.key for option in options}),
    )
    return (";".join(map(str, line)).encode() + b"\n" for line in lines)


def _votes(cycle: Cycle, names: dict[int, str]) -> Iterator[tuple[object, ...]]:
    counted = _with_power(cycle).filter(ballot__replaced_by__isnull=True, power__isnull=False)
    rows = counted.values_list("ballot__voter", "power", "ballot__options", "ballot__shares")
    for voter, power, numbers, shares in rows.iterator(chunk_size=_AT_ONCE):
        lines = [
            (names[number], share) for number, share in zip(numbers, shares, strict=True) if number in names
        ]
        if lines:
            chosen, points = zip(*lines, strict=True)
            yield voter, power, ",".join(chosen), ",".join(map(str, points))


def _with_power(cycle: Cycle) -> QuerySet[Any]:
    """Ballots by position, each annotated with its voter's frozen `power`."""
    frozen = SnapshotPower.objects.filter(snapshot=cycle.power.snapshot_id, address=OuterRef("ballot__voter"))
    rows = BallotPosition.objects.filter(cycle=cycle).order_by("position")
    return rows.annotate(power=Subquery(frozen.values("power")[:1]))


def _csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    for row in chain([columns], rows):
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue().encode()
