"""What is measured of a large cycle, inside the database that holds it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction

from tpp.bench import large_cycle
from tpp.bench.figures import Answer, row, timed
from votes.actions.closing import close_cycle, publish_result
from votes.actions.counting import read_histogram, read_voters, without_nested_loops
from votes.actions.heads import extend_tree
from votes.models import Ballot, Cycle
from votes.tally import RULES, Bounds, Outcome, Profile, tally

RUNS, CLOSINGS = 5, 3
BEHIND = timedelta(seconds=5)  # of the last head when voting closes


def measure_tally(cycle: Cycle, *, admin: str, ballots: int, options: int) -> None:
    """Histogram and turnout in PostgreSQL, then all rules, with arbitrary basis points and with whole percents."""
    for step, lines in ((1, "arbitrary basis points"), (100, "whole percents")):
        large_cycle.fill(cycle, admin=admin, ballots=ballots, options=options, step=step)
        what = f"{ballots:,} ballots × {options} options, {lines}"
        counted, times = _repeated(lambda: read_histogram(cycle))
        row(f"{what}: histogram in PostgreSQL", times)
        turnouts, times = _repeated(lambda: read_voters(cycle))
        row(f"{what}: turnout in PostgreSQL", times)
        (turnout,) = [turnout for contest, turnout in turnouts.items() if contest is not None]
        profile = Profile(tuple(counted[number] for number in range(options)), turnout.power)
        _, times = _repeated(partial(_by_every_rule, profile))
        row(f"{what}: all {len(RULES)} rules and rounding", times)


def measure_closing(cycle: Cycle, *, admin: str, ballots: int, options: int) -> None:
    """From the instant of closing to a public result: where no tree head came before, and where they came all along.

    All is undone but the last run, whose result stays.
    """
    large_cycle.fill(cycle, admin=admin, ballots=ballots, options=options)
    _close(cycle, f"{ballots:,} ballots, no head before", [True] * CLOSINGS)
    last = Ballot.objects.filter(cycle=cycle).latest("received_at").received_at
    with transaction.atomic():
        size = extend_tree(cycle.pk, until=last - BEHIND).size
    tail = f"{ballots:,} ballots, all but the last {ballots - size:,} in the last head"
    _close(cycle, tail, [True] * (CLOSINGS - 1) + [False])


def _close(cycle: Cycle, what: str, undone: list[bool]) -> None:
    certified, counted = [], []
    for undo in undone:
        with transaction.atomic():
            certified.append(timed(lambda: close_cycle(cycle_id=cycle.pk, at=cycle.closes_at))[1])
            counted.append(timed(lambda: publish_result(cycle_id=cycle.pk, at=cycle.closes_at))[1])
            transaction.set_rollback(undo)
    row(f"{what}: certificate", certified)
    row(f"{what}: result by every rule", counted)
    row(f"{what}: both", [sum(pair) for pair in zip(certified, counted, strict=True)])


def _by_every_rule(profile: Profile) -> list[Outcome]:
    bounds = [Bounds(0, 10_000)] * len(profile.histogram)
    return [tally(rule, profile, bounds, 10**24) for rule in RULES]


def _repeated(work: Callable[[], Answer]) -> tuple[Answer, list[float]]:
    times = []
    for _ in range(RUNS):
        with transaction.atomic(), without_nested_loops():
            answer, took = timed(work)
        times.append(took)
    return answer, times


PARTS: dict[str, Callable[..., Any]] = {"tally": measure_tally, "closing": measure_closing}
