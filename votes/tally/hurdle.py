"""One hurdle for all options, moved until the shares sum to one.

At position t of the hurdle, backing by the power C allows an option a share of
`reach(C) = (a + b * t) / W`, where the rule gives the integers a and b for C, and W is all counted
power. With its lines p_1 > p_2 > … and the powers C_k behind each or more, an option receives

    x(t) = max(0, max over k of min(p_k, reach(C_k))).

Where every backing reaches its own share of the power, C / W, the x sum to one or more: if they
summed to less, each ballot would give some option more than its x, so the powers above the x would
sum to W at least, though each is at most x · W. All hurdles here end there, at t = 1.

Source: mechanisms.md 1.1; that this is the moving-phantom median of Freeman, Pennock, Peters and
Vaughan (arXiv 1905.00457) with every voter repeated by its power is tested against that definition.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from votes.tally.bounds import WHOLE
from votes.tally.support import Curve
from votes.tally.trace import Crossing, Crossings


@dataclass(frozen=True)
class Hurdle:
    """A family of hurdles over the support curves of a contest.

    `reach` must, at every position that is asked for, not fall where the power C grows; a positive
    reach must not fall where t grows.
    """

    curves: tuple[Curve, ...]
    power: int
    reach: Callable[[int], tuple[int, int]]

    def settle(self, low: Fraction, high: Fraction) -> Fraction:
        """The smallest position at which the shares sum to one.

        They must sum to less than one at `low`, and to one or more at `high`. An option's share is
        linear between its bends, which are searched by halves, option by option, until none of any
        option lies between `low` and `high`; one linear equation is left.
        """
        for curve in self.curves:
            last, first = self._bends_ahead(curve, high), self._bends_ahead(curve, low)
            while last < first:
                middle = (last + first + 1) // 2
                at = self._bend(curve, middle)
                if self.total(at) >= 1:
                    high, last = at, middle
                else:
                    low, first = at, middle - 1
        total_low, total_high = self.total(low), self.total(high)
        return low + (1 - total_low) * (high - low) / (total_high - total_low)

    def crossings(self, at: Fraction) -> Crossings:
        """Every option's share at a position of the hurdle, with the reason for it."""
        return Crossings(self.power, tuple(self._crossing(curve, at) for curve in self.curves))

    def _meet(self, curve: Curve, at: Fraction) -> tuple[int, int]:
        """The highest level that its backing reaches, and the share [1 / (basis points · W · denominator)].

        The share is that level, or what the power above that level reaches if this is more.
        """
        unit = self.power * at.denominator
        met = bisect_left(
            range(len(curve.levels)),
            True,
            key=lambda k: self._scaled_reach(curve.powers[k], at) >= curve.levels[k] * unit,
        )
        share = curve.levels[met] * unit
        if met:
            share = max(share, self._scaled_reach(curve.powers[met - 1], at))
        return met, share

    def _scaled_reach(self, power: int, at: Fraction) -> int:
        constant, slope = self.reach(power)
        return (constant * at.denominator + slope * at.numerator) * WHOLE

    def total(self, at: Fraction) -> Fraction:
        """What the shares sum to at a position of the hurdle."""
        shares = sum(self._meet(curve, at)[1] for curve in self.curves)
        return Fraction(shares, WHOLE * self.power * at.denominator)

    def _bends_ahead(self, curve: Curve, at: Fraction) -> int:
        """Count the bends that a rising hurdle has yet to pass: two for each level above."""
        met, share = self._meet(curve, at)
        return 2 * met if share == curve.levels[met] * self.power * at.denominator else 2 * met - 1

    def _bend(self, curve: Curve, number: int) -> Fraction:
        """Where backing above level k begins (bend 2k) or ceases (bend 2k - 1) to set the share."""
        constant, slope = self.reach(curve.powers[(number - 1) // 2])
        level = curve.levels[number // 2]
        return Fraction(level * self.power - constant * WHOLE, slope * WHOLE)

    def _crossing(self, curve: Curve, at: Fraction) -> Crossing:
        met, scaled_share = self._meet(curve, at)
        whole = WHOLE * self.power * at.denominator
        on_a_level = scaled_share * WHOLE == curve.levels[met] * whole
        above = curve.powers[met - 1] if met else 0
        at_least = curve.powers[met] if on_a_level else above
        return Crossing(
            share=Fraction(scaled_share, whole),
            power_at_least=at_least,
            reach_at_least=Fraction(max(0, self._scaled_reach(at_least, at)), whole),
            power_above=above,
            reach_above=Fraction(max(0, self._scaled_reach(above, at)), whole),
        )
