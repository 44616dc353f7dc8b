"""The picture of one option's support: a staircase, and the line that its share must reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from votes.tally.bounds import WHOLE
from votes.tally.support import Curve

# The plot within the picture [its own units]; around it stands what the axes mean.
WIDTH, HEIGHT = 270, 150
_SCALES = (5, 10, 20, 30, 40, 50, 60, 80, 100)  # where the axis of shares may end [percent]

Point = tuple[Fraction, Fraction]  # a share, and a share of the voting power


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where [units of the plot] and what it says."""

    at: int
    text: str


@dataclass(frozen=True)
class Staircase:
    """What to draw, in whole units of the plot, from its upper left corner.

    `steps` is a path around the support, `line` the points of what a share needs (none under the mean),
    `share` where the option's share stands on the axis, `level` the height at which it was found.
    """

    steps: str
    line: str
    share: int
    level: int | None
    says: str
    words: str
    shares: tuple[Tick, ...]
    powers: tuple[Tick, ...]


@dataclass(frozen=True)
class Frame:
    """The stretch of the axes that all pictures of a contest show: shares from 0 to `most`."""

    most: Fraction

    def across(self, share: Fraction) -> int:
        return _nearest(
            share.numerator * self.most.denominator * WIDTH, share.denominator * self.most.numerator
        )

    def down(self, power: Fraction) -> int:
        return _nearest((power.denominator - power.numerator) * HEIGHT, power.denominator)

    def ticks(self) -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
        shares = (Fraction(0), self.most / 2, self.most)
        powers = (Fraction(0), Fraction(1, 2), Fraction(1))
        return (
            tuple(Tick(self.across(share), _percent(share)) for share in shares),
            tuple(Tick(self.down(power), _percent(power)) for power in powers),
        )


def frame(shares: Sequence[Fraction], curves: Sequence[Curve], *, is_whole: bool) -> Frame:
    """One frame for all options: wide enough for every share, or where `is_whole` for every line cast.

    >>> frame([Fraction(1, 8), Fraction(1, 16)], [], is_whole=False).most
    Fraction(1, 5)
    """
    if is_whole:
        needed = Fraction(max((curve.levels[0] for curve in curves), default=0), WHOLE)
    else:
        needed = min(Fraction(1), max(shares, default=Fraction(0)) * 3 / 2)
    return Frame(next(Fraction(end, 100) for end in _SCALES if Fraction(end, 100) >= needed))


def steps_of(curve: Curve, power: int, frame: Frame) -> str:
    """The path around an option's support, steps finer than a unit drawn together.

    >>> steps_of(Curve((5_000, 0), (1, 2)), 2, Frame(Fraction(1)))
    'M0 75h135v75H0Z'
    """
    backing = (0, *curve.powers[:-1])  # above the greatest level, above the next, …, above nothing
    wide = WHOLE * frame.most.numerator
    corners = [(0, _nearest((power - backing[-1]) * HEIGHT, power))]
    for level, above in zip(reversed(curve.levels[:-1]), reversed(backing[:-1]), strict=True):
        x = _nearest(level * frame.most.denominator * WIDTH, wide)
        if x >= WIDTH:
            corners.append((WIDTH, HEIGHT))
            break
        y = _nearest((power - above) * HEIGHT, power)
        if x == corners[-1][0]:
            corners[-1] = (x, y)
        elif y != corners[-1][1]:
            corners.append((x, y))
    path = "".join(f"h{x - left}v{y - top}" for (left, top), (x, y) in pairwise(corners))
    return f"M0 {corners[0][1]}{path}H0Z"


def polyline(points: Sequence[Point], frame: Frame) -> str:
    """A line through points that go right, cut off where the frame ends.

    >>> polyline([(Fraction(0), Fraction(0)), (Fraction(1), Fraction(1))], Frame(Fraction(1, 2)))
    '0,150 270,75'
    """
    drawn = [point for point in points if point[0] <= frame.most]
    if len(drawn) < len(points):
        (x, y), (beyond, then) = drawn[-1], points[len(drawn)]
        drawn.append((frame.most, y + (then - y) * (frame.most - x) / (beyond - x)))
    return " ".join(f"{frame.across(share)},{frame.down(power)}" for share, power in drawn)


def _nearest(over: int, under: int) -> int:
    """The whole number nearest to a fraction that is not negative, halves up."""
    return (2 * over + under) // (2 * under)


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):g}\u00a0%"
