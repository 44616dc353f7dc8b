"""Mean: the average of all ballots, weighted by power."""

from fractions import Fraction

from votes.tally.bounds import WHOLE
from votes.tally.histogram import Profile
from votes.tally.rule import Rule, Split
from votes.tally.support import counted_power
from votes.tally.trace import Average, Averages


def split(profile: Profile) -> Split:
    """Give every option its average line, each ballot weighing as much as its power.

    The one rule here under which exaggerating can pay.

    >>> from votes.tally.histogram import profile
    >>> split(profile([(3, {0: 8_000, 1: 2_000}), (1, {1: 10_000})], options=2)).shares
    (Fraction(3, 5), Fraction(2, 5))
    """
    power = counted_power(profile)
    sums = [sum(line * backing for line, backing in cells.items()) for cells in profile.histogram]
    options = tuple(Average(Fraction(weighted, WHOLE * power), weighted) for weighted in sums)
    shares = tuple(option.share for option in options)
    return Split("mean", shares, None, Averages(power, options))


RULE = Rule(
    name="mean",
    title="Mean",
    sentence=(
        "Each typology receives the average of the shares that ballots give it, weighted by their voting "
        "power; exaggerating can move the result closer to your own split."
    ),
    symbol=None,
    split=split,
)
