"""Median phantoms, step by step: one bar for all options, and one level where it gives too much."""

from dataclasses import dataclass
from fractions import Fraction

from votes.tally.trace import Level, Levels
from votes.views.working.staircase import Point
from votes.views.working.support import SUPPORT, Row, Support, Table, gives_nothing, left_out
from votes.views.working.words import Sentence, percent, percent_below, say

NOTHING, ALL = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Levelled:
    """Median phantoms, worked out from their trace."""

    trace: Levels

    @property
    def bar(self) -> Fraction:
        return Fraction(self.trace.threshold, self.trace.power)

    @property
    def _at_bar(self) -> Fraction:
        return sum((option.high for option in self.trace.options), NOTHING)

    @property
    def opening(self) -> tuple[Sentence, ...]:
        bar = percent(self.bar)
        over_bar = sum((option.low for option in self.trace.options), NOTHING)
        what = say(
            "An option gets the largest share that enough of the voting power supports. How much is enough is the "
            "same for every option: {bar} of it, called the bar.",
            bar=bar,
        )
        if self.bar == 1:
            high = say("The bar cannot stand higher than that.")
        else:
            high = say(
                "The bar stands as high as it can: if any more were needed, all options together would get "
                "{over_bar}, less than there is.",
                over_bar=percent_below(over_bar, ALL),
            )
        if self._at_bar == 1:
            return SUPPORT, what, high, say("At the bar they get exactly 100\u00a0%.")
        cut = say(
            "At the bar they would get {at_bar}, and there is only 100\u00a0%. So a share that the bar supports, but "
            "no more than the bar, is cut down to one level for all options, {level}. With this, all shares together "
            "are exactly 100\u00a0%.",
            at_bar=percent(self._at_bar),
            level=percent(self.trace.level),
        )
        return SUPPORT, what, high, cut

    @property
    def legend(self) -> str:
        return (
            "In the pictures, the coloured stairs are the voting power that gave an option a share or more; the "
            "dashed line is the bar. Where the stairs fall to it, the option has its share."
        )

    @property
    def line(self) -> tuple[Point, ...]:
        return ((NOTHING, self.bar), (ALL, self.bar))

    def height(self, share: Fraction) -> Fraction | None:
        """The bar, whatever the share."""
        return self.bar

    def sentences(self, place: int, option: Support) -> tuple[Sentence, ...]:
        level = self.trace.options[place]
        if not option.above(NOTHING):
            return (gives_nothing(option),)
        if not level.high:
            return (self._below_the_bar(option),)
        if level.low == level.high:
            return self._over_the_bar(option, level)
        return self._at_the_bar(option, level)

    def _below_the_bar(self, option: Support) -> Sentence:
        return say(
            "{power} of the voting power gave anything at all to {name}, which is below the bar of {bar}.",
            power=percent_below(option.above(NOTHING), self.bar),
            name=option.name,
            bar=percent(self.bar),
        )

    def _over_the_bar(self, option: Support, level: Level) -> tuple[Sentence, ...]:
        first = say(
            "{power} of the voting power gave {share}{or_more} to {name}, which is over the bar of {bar}.",
            power=percent(option.behind(level.high)),
            name=option.name,
            share=percent(level.high),
            or_more=option.or_more(level.high),
            bar=percent(self.bar),
        )
        above = option.above(level.high)
        if not above:
            return first, say("No ballot gave it more.")
        more = say(
            "{power} gave it more than {share}, which is below the bar.",
            power=percent_below(above, self.bar),
            share=percent(level.high),
        )
        return first, more

    def _at_the_bar(self, option: Support, level: Level) -> tuple[Sentence, ...]:
        first = say(
            "{bar} of the voting power, exactly the bar, gave {high}{or_more} to {name}.",
            bar=percent(self.bar),
            name=option.name,
            high=percent(level.high),
            or_more=option.or_more(level.high),
        )
        if self._at_bar == 1:
            return (first,)
        if level.low:
            over = say("More than the bar gave it {low} or more.", low=percent(level.low))
        else:
            over = say("No share of it has more than the bar behind it.")
        return first, over, self._cut(level)

    def _cut(self, level: Level) -> Sentence:
        if level.share == level.high:
            words = "The level of {level} does not cut that."
        elif level.share == level.low:
            words = "The level of {level} cuts that down, but not below {share}, which more than the bar supports."
        else:
            words = "The level cuts that down to {level}."
        return say(words, level=percent(self.trace.level), share=percent(level.share))

    def table(self, place: int, option: Support) -> Table:
        share = self.trace.options[place].share
        head = ("Share", "Voting power that gave it or more", "Over the bar?")
        rows = []
        for line in option.shares_around(share):
            if line is None:
                rows.append(left_out(len(head)))
                continue
            behind = option.behind(line)
            verdict = "no" if behind < self.bar else "exactly the bar" if behind == self.bar else "yes"
            cells: tuple[Sentence, ...] = ((percent(line),), (percent_below(behind, self.bar),), (verdict,))
            rows.append(Row(cells, is_decisive=line == share))
        return Table(head, tuple(rows))
