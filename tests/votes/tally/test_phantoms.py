"""Each phantom rule against its textbook form: a median with moving phantoms over replicated voters."""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

import pytest

from votes.tally import RULES, profile

ZERO, HALF, ONE = Fraction(0), Fraction(1, 2), Fraction(1)

Phantom = Callable[[int, int, Fraction], Fraction]  # number k of 0 … n, n voters, time


def ladder(k: int, n: int, time: Fraction) -> Fraction:
    return max(time - Fraction(k, n), ZERO)


def independent_markets(k: int, n: int, time: Fraction) -> Fraction:
    return min(time * (n - k), ONE)


def piecewise_uniform(k: int, n: int, time: Fraction) -> Fraction:
    # Phantom k is what the support of n - k voters allows.
    g = Fraction(n - k, n)
    if time < HALF:
        return ZERO if g < HALF else 4 * time * (g - HALF)
    return g * (2 * time - 1) if g < HALF else g * (3 - 2 * time) - 2 + 2 * time


def median_phantoms(k: int, n: int, time: Fraction) -> Fraction:
    # One after another the phantoms rise from 0 to 1.
    return min(max(time * (n + 1) - k, ZERO), ONE)


# How the moment at which the budget is spent reads as the rule's parameter.
RULES_AS_PHANTOMS: dict[str, tuple[Phantom, Callable[[Fraction, int], Fraction]]] = {
    "ladder": (ladder, lambda time, n: 1 - time),
    "independent_markets": (independent_markets, lambda time, n: time * n),
    "piecewise_uniform": (piecewise_uniform, lambda time, n: time),
    # The phantom that moves stands for the support of those behind it.
    "median_phantoms": (median_phantoms, lambda time, n: Fraction(n + 1 - -(-time * (n + 1) // 1), n)),
}


def medians(voters: Sequence[Sequence[int]], phantom: Phantom, time: Fraction) -> list[Fraction]:
    n = len(voters)
    phantoms = [phantom(k, n, time) for k in range(n + 1)]
    return [
        median_low([*phantoms, *(Fraction(voter[option], 10_000) for voter in voters)])
        for option in range(len(voters[0]))
    ]


def moments(voters: Sequence[Sequence[int]], phantom: Phantom) -> list[Fraction]:
    """Every time at which a phantom bends or passes a line of a voter, in order."""
    n = len(voters)
    bends = {ZERO, HALF, ONE}
    bends |= {Fraction(k, n) for k in range(n + 1)}
    bends |= {Fraction(k, n + 1) for k in range(n + 2)}
    bends |= {Fraction(1, k) for k in range(1, n + 1)}
    levels = {Fraction(line, 10_000) for voter in voters for line in voter}
    passing = set()
    ordered = sorted(bends)
    for start, end in pairwise(ordered):
        for k in range(n + 1):
            low, high = phantom(k, n, start), phantom(k, n, end)
            passing |= {
                start + (level - low) / (high - low) * (end - start) for level in levels if low < level < high
            }
    return sorted(bends | passing)


def spent_at(voters: Sequence[Sequence[int]], phantom: Phantom) -> Fraction:
    """The first time at which the medians sum to one."""
    low, high = ZERO, ONE
    for moment in moments(voters, phantom):
        if sum(medians(voters, phantom, moment)) >= 1:
            high = moment
            break
        low = moment
    total_low, total_high = (sum(medians(voters, phantom, time), ZERO) for time in (low, high))
    return low + (1 - total_low) / (total_high - total_low) * (high - low)


def random_ballot(dice: random.Random, options: int) -> list[int]:
    grain = dice.choice([1, 500, 1_000, 2_500])
    cuts = sorted(grain * dice.randint(0, 10_000 // grain) for _ in range(options - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, 10_000], strict=True)]


@pytest.mark.parametrize("rule", RULES_AS_PHANTOMS)
def test_the_rule_is_the_median_with_moving_phantoms(rule: str) -> None:
    dice = random.Random(1905_00457)
    phantom, parameter = RULES_AS_PHANTOMS[rule]
    for _ in range(250):
        options = dice.randint(2, 4)
        ballots = [(dice.randint(1, 3), random_ballot(dice, options)) for _ in range(dice.randint(1, 4))]
        voters = [ballot for power, ballot in ballots for _ in range(power)]
        time = spent_at(voters, phantom)

        lines = [(power, {o: line for o, line in enumerate(ballot) if line}) for power, ballot in ballots]
        split = RULES[rule].split(profile(lines, options))

        assert list(split.shares) == medians(voters, phantom, time), ballots
        assert split.parameter == parameter(time, len(voters)), ballots
