"""Independent markets: support times one factor for all."""

from fractions import Fraction

from votes.tally.histogram import Profile
from votes.tally.hurdle import Hurdle
from votes.tally.rule import Rule, Split
from votes.tally.support import counted_power, support_curves


def split(profile: Profile) -> Split:
    """Give every option the largest share x that x / s of the power supports, s spending it all.

    Where several s do, which all give the same shares, the smallest is the parameter. Source:
    mechanisms.md 1.1; Freeman, Pennock, Peters and Vaughan (arXiv 1905.00457), phantoms
    min(t(n - k), 1) with s = tn.

    >>> from votes.tally.histogram import profile
    >>> halves = [(1, {0: 5_000, 1: 5_000}), (1, {0: 5_000, 2: 5_000}), (1, {1: 5_000, 2: 5_000})]
    >>> split(profile(halves, options=3)).parameter
    Fraction(1, 2)
    """
    power = counted_power(profile)
    hurdle = Hurdle(support_curves(profile), power, lambda backing: (0, backing))
    at = hurdle.settle(Fraction(0), Fraction(1))
    trace = hurdle.crossings(at)
    return Split("independent_markets", tuple(option.share for option in trace.options), at, trace)


RULE = Rule(
    name="independent_markets",
    title="Independent markets",
    sentence=(
        "Each typology receives the largest share x for which the voting power that supports x or more, "
        "times the same factor s everywhere, is at least x; s is set so the budget is exactly spent."
    ),
    symbol="s",
    split=split,
)
