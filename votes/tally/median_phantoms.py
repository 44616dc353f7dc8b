"""Median phantoms (Util): the threshold of support raised as far as the budget can be spent."""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from votes.tally.bounds import WHOLE
from votes.tally.histogram import Profile
from votes.tally.rule import Rule, Split
from votes.tally.support import Curve, counted_power, support_curves
from votes.tally.trace import Level, Levels


def split(profile: Profile) -> Split:
    """Give every option the share that θ of the power supports, θ the largest that spends it all.

    With Q(θ) the largest share backed by θ of the power or more, options stand between what more than
    θ and what θ supports, at one common level y. No split is closer to the ballots in the sum of
    their distances, weighted by power. Source: mechanisms.md 1.1; Freeman,
    Pennock, Peters and Vaughan (arXiv 1905.00457).

    >>> from votes.tally.histogram import profile
    >>> halves = [(1, {0: 5_000, 1: 5_000}), (1, {0: 5_000, 2: 5_000}), (1, {1: 5_000, 2: 5_000})]
    >>> split(profile(halves, options=3)).parameter
    Fraction(2, 3)
    """
    power = counted_power(profile)
    curves = support_curves(profile)
    threshold = _threshold(curves, power)
    lows = [_supported(curve, threshold + 1) for curve in curves]
    highs = [_supported(curve, threshold) for curve in curves]
    level = _level(lows, highs)
    options = tuple(
        Level(min(max(level, low), high), low, high)
        for low, high in zip(map(_share, lows), map(_share, highs), strict=True)
    )
    trace = Levels(power, threshold, level, options)
    shares = tuple(option.share for option in options)
    return Split("median_phantoms", shares, Fraction(threshold, power), trace)


def _supported(curve: Curve, power: int) -> int:
    """The largest line [basis points] that this much power [base units] gives or exceeds, or 0."""
    step = bisect_left(curve.powers, power)
    return curve.levels[step] if step < len(curve.levels) else 0


def _threshold(curves: Sequence[Curve], power: int) -> int:
    """The greatest power [base units] whose supported lines still sum to a whole."""
    low, high = 1, power
    while low < high:
        middle = (low + high + 1) // 2
        if sum(_supported(curve, middle) for curve in curves) >= WHOLE:
            low = middle
        else:
            high = middle - 1
    return low


def _level(lows: Sequence[int], highs: Sequence[int]) -> Fraction:
    """The smallest level [share] that, kept between low and high [basis points], sums to a whole.

    The lows must sum to less than a whole, the highs to a whole or more.
    """

    def total(level: int) -> int:
        return sum(min(max(level, low), high) for low, high in zip(lows, highs, strict=True))

    ends = sorted({*lows, *highs})
    step = bisect_left(ends, WHOLE, key=total)
    below, above = ends[step - 1], ends[step]
    rise = Fraction(WHOLE - total(below), total(above) - total(below))
    return _share(below) + rise * _share(above - below)


def _share(basis_points: int) -> Fraction:
    return Fraction(basis_points, WHOLE)


RULE = Rule(
    name="median_phantoms",
    title="Median phantoms (Util)",
    sentence=(
        "Each typology receives the largest share that at least θ of the voting power supports, with θ as "
        "high as lets the budget be spent, and shares that exactly θ supports levelled down to spend no more."
    ),
    symbol="θ",
    split=split,
)
