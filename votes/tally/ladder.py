"""Ladder: support less one deduction for all."""

from fractions import Fraction

from votes.tally.histogram import Profile
from votes.tally.hurdle import Hurdle
from votes.tally.rule import Rule, Split
from votes.tally.support import counted_power, support_curves


def split(profile: Profile) -> Split:
    """Give every option the largest share x that x + δ of the power supports, δ spending it all.

    Where several δ do, which all give the same shares, the largest is the parameter. Source:
    mechanisms.md 1.1; Freeman and Schmidt-Kraepelin (arXiv 2309.02613), phantoms max(t - k/n, 0)
    with δ = 1 - t.

    >>> from votes.tally.histogram import profile
    >>> halves = [(1, {0: 5_000, 1: 5_000}), (1, {0: 5_000, 2: 5_000}), (1, {1: 5_000, 2: 5_000})]
    >>> split(profile(halves, options=3)).parameter
    Fraction(1, 3)
    """
    power = counted_power(profile)
    # g - δ = g - 1 + t, so that a rising t allows more.
    hurdle = Hurdle(support_curves(profile), power, lambda backing: (backing - power, power))
    at = hurdle.settle(Fraction(0), Fraction(1))
    trace = hurdle.crossings(at)
    return Split("ladder", tuple(option.share for option in trace.options), 1 - at, trace)


RULE = Rule(
    name="ladder",
    title="Ladder",
    sentence=(
        "Each typology receives the largest share x that more than x of the voting power supports, after the "
        "same deduction δ everywhere; δ is set so the budget is exactly spent. You cannot move the result "
        "closer to your own split by exaggerating."
    ),
    symbol="δ",
    split=split,
)
