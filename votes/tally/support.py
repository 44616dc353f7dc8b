"""Support curves: how much power backs an option at each share or more."""

from dataclasses import dataclass
from itertools import accumulate

from votes.tally.errors import TallyError
from votes.tally.histogram import Profile


@dataclass(frozen=True)
class Curve:
    """One option's support, in steps.

    `levels` are the distinct lines in falling order, ended by 0 [basis points]; `powers` what the
    ballots at each level or above hold together, ended by all counted power [base units].
    """

    levels: tuple[int, ...]
    powers: tuple[int, ...]


def counted_power(profile: Profile) -> int:
    """The power [base units] behind the contest, which no rule can do without."""
    if profile.power == 0:
        raise TallyError("no power at all was counted")
    return profile.power


def support_curves(profile: Profile) -> tuple[Curve, ...]:
    """The support curve of every option.

    >>> from votes.tally.histogram import profile
    >>> support_curves(profile([(5, {0: 7_000, 1: 3_000}), (2, {1: 10_000})], options=2))[1]
    Curve(levels=(10000, 3000, 0), powers=(2, 7, 7))
    """
    curves = []
    for cells in profile.histogram:
        levels = sorted((line for line, power in cells.items() if power), reverse=True)
        powers = accumulate(cells[line] for line in levels)
        curves.append(Curve((*levels, 0), (*powers, profile.power)))
    return tuple(curves)
