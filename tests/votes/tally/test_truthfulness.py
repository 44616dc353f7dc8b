"""Who measures an outcome by its distance from the own ballot can't gain by casting another one."""

import random
from collections.abc import Iterator
from fractions import Fraction

import pytest

from votes.tally import RULES, profile

MISREPORTS = 10_000
PER_CONTEST = 10

Lines = list[int]
Misreport = tuple[list[tuple[int, Lines]], Lines]  # the honest ballots, and another for the first voter


def misreports(seed: int) -> Iterator[Misreport]:
    dice = random.Random(seed)
    for _ in range(MISREPORTS // PER_CONTEST):
        options = dice.randint(2, 4)
        ballots = [(dice.randint(1, 20), lines(dice, options)) for _ in range(dice.randint(2, 5))]
        for _ in range(PER_CONTEST):
            yield ballots, lines(dice, options)


def lines(dice: random.Random, options: int) -> Lines:
    grain = dice.choice([1, 100, 1_000, 2_500])
    cuts = sorted(grain * dice.randint(0, 10_000 // grain) for _ in range(options - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, 10_000], strict=True)]


def gains(rule: str, seed: int) -> int:
    """How many of the misreports bring the result closer to the first voter's honest ballot."""
    found, honest, nearest = 0, None, Fraction(0)
    for ballots, other in misreports(seed):
        if ballots is not honest:
            honest, nearest = ballots, distance(rule, ballots, ballots[0][1])
        cast = [(ballots[0][0], other), *ballots[1:]]
        found += distance(rule, cast, ballots[0][1]) < nearest
    return found


def distance(rule: str, ballots: list[tuple[int, Lines]], wish: Lines) -> Fraction:
    sparse = [(power, {o: line for o, line in enumerate(lines) if line}) for power, lines in ballots]
    shares = RULES[rule].split(profile(sparse, len(wish))).shares
    return sum(
        (abs(share - Fraction(line, 10_000)) for share, line in zip(shares, wish, strict=True)), Fraction()
    )


@pytest.mark.parametrize("rule", ["ladder", "median_phantoms", "independent_markets", "piecewise_uniform"])
def test_no_misreport_gains(rule: str) -> None:
    assert gains(rule, seed=20_240_919) == 0


def test_misreports_gain_under_the_mean() -> None:
    # So the search is able to find what the other rules do not have.
    assert gains("mean", seed=20_240_919) > MISREPORTS // 50
