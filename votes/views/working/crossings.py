"""Ladder, independent markets and piecewise uniform, step by step: support carries shares on one scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from votes.tally.bounds import WHOLE
from votes.tally.support import Curve
from votes.tally.trace import Crossing, Crossings
from votes.views.working.staircase import Point
from votes.views.working.support import SUPPORT, Row, Support, Table, gives_nothing, left_out
from votes.views.working.words import Sentence, factor, percent, percent_below, points, say

NOTHING, ALL, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


@dataclass(frozen=True)
class Scale:
    """How a rule turns support into the share that it carries, the same for every option.

    `change` says what is done to all support, `same` that nothing is, `how` opens the sentence about one option,
    `gone` says that nothing is left. `line` is the support that each share needs.
    """

    is_plain: bool
    change: Sentence
    same: Sentence
    how: Sentence
    gone: Sentence
    carries: Callable[[Fraction], Fraction]
    line: tuple[Point, ...]


def ladder(deduction: Fraction) -> Scale:
    """Support less a deduction."""
    off = points(deduction)
    return Scale(
        is_plain=not deduction,
        change=say(
            "every support is lowered by the same {off} (hundredths of the whole), called the deduction",
            off=off,
        ),
        same=say("Nothing has to be taken off: the deduction is 0."),
        how=say("Less the deduction of {off}, that carries ", off=off),
        gone=say("The deduction of {off} takes all of that away.", off=off),
        carries=lambda support: max(NOTHING, support - deduction),
        line=((NOTHING, deduction), (ALL - deduction, ALL)),
    )


def independent_markets(times: Fraction) -> Scale:
    """Support times a factor."""
    by = factor(times)
    return Scale(
        is_plain=times == 1,
        change=say(
            "every support is multiplied by the same factor, {by}, so that half of the voting power carries {half}",
            by=by,
            half=percent(times / 2),
        ),
        same=say("Nothing has to be lowered: the factor is 1."),
        how=say("Times {by}, that carries ", by=by),
        gone=say("Times {by}, that carries nothing.", by=by),
        carries=lambda support: support * times,
        line=((NOTHING, NOTHING), (times, ALL)),
    )


def piecewise_uniform(at: Fraction) -> Scale:
    """Support on a scale that is flatter up to half of the power and steeper beyond."""
    first = max(NOTHING, 2 * at - 1)
    beyond = 3 - 2 * at if at >= HALF else 4 * at
    middle = first / 2

    def carries(support: Fraction) -> Fraction:
        return first * support if support < HALF else middle + beyond * (support - HALF)

    return Scale(
        is_plain=at == 1,
        change=say(
            "every support is read on the same scale: up to half of the voting power, every 10\u00a0% of it carry "
            "{first}; beyond half, every 10\u00a0% carry {beyond}"
            if first
            else "every support is read on the same scale: the first half of the voting power carries nothing, and "
            "beyond half, every 10\u00a0% carry {beyond}",
            first=percent(first / 10),
            beyond=percent(beyond / 10),
        ),
        same=say("Nothing has to be lowered: every 10\u00a0% of the voting power carry 10\u00a0%."),
        how=say("On the scale, that carries "),
        gone=say("On the scale, that carries nothing."),
        carries=carries,
        line=((NOTHING, NOTHING), (middle, HALF), (middle + beyond / 2, ALL)),
    )


SCALES: dict[str, Callable[[Fraction], Scale]] = {
    "ladder": ladder,
    "independent_markets": independent_markets,
    "piecewise_uniform": piecewise_uniform,
}


@dataclass(frozen=True)
class Crossed:
    """A rule that moves one hurdle, worked out from its trace; `undiminished` is what all shares would sum to
    if support carried its own size."""

    trace: Crossings
    scale: Scale
    undiminished: Fraction

    @property
    def opening(self) -> tuple[Sentence, ...]:
        measure = say(
            "An option gets the largest share that its support carries. At first, support carries its own size: a "
            "share of 30\u00a0% needs 30\u00a0% of the voting power behind it, a share of 40\u00a0% needs 40\u00a0%. "
            "That would give all options together {sum}",
            sum=percent(self.undiminished),
        )
        if self.undiminished > 1:
            fit = say(", but there is only 100\u00a0%. So ") + self.scale.change
            return SUPPORT, measure + fit + say(". With this, all shares together are exactly 100\u00a0%.")
        if self.scale.is_plain:
            return SUPPORT, (*measure, ", which fits exactly. ", *self.scale.same)
        still = say(". The sum stays the same if ") + self.scale.change
        return SUPPORT, (*measure, ", which fits exactly", *still, "; the steps below reckon with that.")

    @property
    def legend(self) -> str:
        return (
            "In the pictures, the coloured stairs are the voting power that gave an option a share or more; the "
            "dashed line is the voting power that the share needs. Where they meet, the option has its share."
        )

    @property
    def line(self) -> tuple[Point, ...]:
        return self.scale.line

    def height(self, share: Fraction) -> Fraction | None:
        """The support that a share needs."""
        for (x, y), (beyond, then) in zip(self.line, self.line[1:], strict=False):
            if share <= beyond and beyond > x:
                return y + (then - y) * (share - x) / (beyond - x)
        return ALL

    def sentences(self, place: int, option: Support) -> tuple[Sentence, ...]:
        crossing = self.trace.options[place]
        if not option.above(NOTHING):
            return (gives_nothing(option),)
        if not crossing.share:
            return (self._left_without(option, crossing),)
        if crossing.power_at_least == crossing.power_above:
            return self._between_lines(option, crossing)
        return self._on_a_line(option, crossing)

    def _left_without(self, option: Support, crossing: Crossing) -> Sentence:
        some = say(
            "{power} of the voting power gave anything at all to {name}. ",
            power=percent(self._part(crossing.power_above)),
            name=option.name,
        )
        return some + self.scale.gone

    def _between_lines(self, option: Support, crossing: Crossing) -> tuple[Sentence, ...]:
        share, above = crossing.share, option.level_above(crossing.share)
        first = say(
            "{power} of the voting power gave {line}{or_more} to {name}. ",
            power=percent(self._part(crossing.power_above)),
            name=option.name,
            line=percent(above),
            or_more=option.or_more(above),
        )
        enough = say(
            "{share}: too little for {line}, enough for {share}.",
            share=percent_below(share, above),
            line=percent(above),
        )
        last = say(
            "Every larger share up to {line} has this same support, so it is not carried.",
            line=percent(above),
        )
        return first + self._carries + enough, last

    def _on_a_line(self, option: Support, crossing: Crossing) -> tuple[Sentence, ...]:
        share = percent(crossing.share)
        first = say(
            "{power} of the voting power gave {share}{or_more} to {name}. ",
            power=percent(self._part(crossing.power_at_least)),
            name=option.name,
            share=share,
            or_more=option.or_more(crossing.share),
        )
        enough = say("{reach}: enough for {share}.", reach=percent(crossing.reach_at_least), share=share)
        if not crossing.power_above:
            return first + self._carries + enough, say("No ballot gave it more.")
        more = say(
            "{power} gave it more than {share}. ",
            power=percent(self._part(crossing.power_above)),
            share=share,
        )
        if not crossing.reach_above:
            return first + self._carries + enough, more + self.scale.gone
        short = say(
            "{reach}: too little for more than {share}.",
            reach=percent_below(crossing.reach_above, crossing.share),
            share=share,
        )
        return first + self._carries + enough, more + self._carries + short

    @property
    def _carries(self) -> Sentence:
        return say("That carries ") if self.scale.is_plain else self.scale.how

    def table(self, place: int, option: Support) -> Table:
        share = self.trace.options[place].share
        head = ("Share", "Voting power that gave it or more", "Carries", "Enough?")
        rows = []
        for line in option.shares_around(share):
            if line is None:
                rows.append(left_out(len(head)))
                continue
            behind = option.behind(line)
            reach = self.scale.carries(behind)
            verdict = "no" if reach < line else "exactly" if reach == line else "yes"
            carried = percent_below(reach, line)
            cells: tuple[Sentence, ...] = ((percent(line),), (percent(behind),), (carried,), (verdict,))
            rows.append(Row(cells, is_decisive=line == share))
        return Table(head, tuple(rows))

    def _part(self, power: int) -> Fraction:
        return Fraction(power, self.trace.power)


def undiminished(curves: Sequence[Curve], power: int) -> Fraction:
    """What all shares would sum to if support carried its own size.

    >>> undiminished([Curve((5_000, 0), (2, 3))] * 3, 3)
    Fraction(3, 2)
    """
    total = sum(
        max(
            min(level * power, backing * WHOLE)
            for level, backing in zip(curve.levels, curve.powers, strict=True)
        )
        for curve in curves
    )
    return Fraction(total, WHOLE * power)
