"""What a reader needs to work a result out by hand, as exact numbers.

Shares are of what remains after the floors; powers are in base units. Options keep their order.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Average:
    """An option under the mean: `share` is `weighted_lines / (10_000 * power)`.

    `weighted_lines` [basis points × base units] sums each ballot's line times its power.
    """

    share: Fraction
    weighted_lines: int


@dataclass(frozen=True)
class Averages:
    """The steps of the mean."""

    power: int
    options: tuple[Average, ...]


@dataclass(frozen=True)
class Crossing:
    """Where an option's support meets the hurdle that is the same for all.

    Ballots that give the option `share` or more hold `power_at_least`, for which the rule would allow
    `reach_at_least`; those that give it more hold `power_above`, which allows `reach_above`. The share
    stands where it does because `reach_above <= share <= reach_at_least`, and at no other share is it
    so; where the three are not all equal, `share` is a line that ballots cast, or nothing.
    """

    share: Fraction
    power_at_least: int
    reach_at_least: Fraction
    power_above: int
    reach_above: Fraction


@dataclass(frozen=True)
class Crossings:
    """The steps of a rule that moves one hurdle until the shares sum to one."""

    power: int
    options: tuple[Crossing, ...]


@dataclass(frozen=True)
class Level:
    """An option under median phantoms: `share` is the common level, kept between `low` and `high`.

    `high` is the largest share backed by the threshold, `low` the largest backed by more than it.
    """

    share: Fraction
    low: Fraction
    high: Fraction


@dataclass(frozen=True)
class Levels:
    """The steps of median phantoms: the threshold [base units] and the common level [share]."""

    power: int
    threshold: int
    level: Fraction
    options: tuple[Level, ...]


Trace = Averages | Crossings | Levels
