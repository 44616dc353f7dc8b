"""Piecewise uniform: support on one scale for all, which favours majorities."""

from fractions import Fraction

from votes.tally.histogram import Profile
from votes.tally.hurdle import Hurdle
from votes.tally.rule import Rule, Split
from votes.tally.support import counted_power, support_curves

HALF = Fraction(1, 2)


def split(profile: Profile) -> Split:
    """Give every option the largest share that its support g allows on one scale, t spending it all.

    Until t = 1/2 the scale allows 4t(g - 1/2), and nothing below half the power; from there on
    g(2t - 1) below half the power, and g(3 - 2t) - 2 + 2t from half on. Where several t spend it all,
    which all give the same shares, the smallest is the parameter. Source: mechanisms.md 1.1.

    >>> from votes.tally.histogram import profile
    >>> halves = [(1, {0: 5_000, 1: 5_000}), (1, {0: 5_000, 2: 5_000}), (1, {1: 5_000, 2: 5_000})]
    >>> split(profile(halves, options=3)).parameter
    Fraction(1, 2)
    """
    power = counted_power(profile)

    def early(backing: int) -> tuple[int, int]:
        return 0, 4 * backing - 2 * power

    def late(backing: int) -> tuple[int, int]:
        if 2 * backing < power:
            return -backing, 2 * backing
        return 3 * backing - 2 * power, 2 * power - 2 * backing

    curves = support_curves(profile)
    hurdle, low, high = Hurdle(curves, power, early), Fraction(0), HALF
    if hurdle.total(HALF) < 1:
        hurdle, low, high = Hurdle(curves, power, late), HALF, Fraction(1)
    at = hurdle.settle(low, high)
    trace = hurdle.crossings(at)
    return Split("piecewise_uniform", tuple(option.share for option in trace.options), at, trace)


RULE = Rule(
    name="piecewise_uniform",
    title="Piecewise uniform",
    sentence=(
        "Each typology receives the largest share x that its support allows on a scale t, which is the same "
        "everywhere, allows less for each part of the power up to half of it than for each part beyond, and "
        "is set so the budget is exactly spent."
    ),
    symbol="t",
    split=split,
)
