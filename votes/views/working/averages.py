"""The mean, step by step: what ballots gave times the voting power that gave it, added up."""

from dataclasses import dataclass
from fractions import Fraction

from votes.tally.bounds import WHOLE
from votes.tally.trace import Averages
from votes.views.working.staircase import Point
from votes.views.working.support import Row, Support, Table, gives_nothing
from votes.views.working.words import Sentence, count, percent, points, say

NOTHING = Fraction(0)
SPOKEN, SHOWN = 3, 10  # groups of ballots in sentences, and in the table


@dataclass(frozen=True)
class Group:
    """All ballots that gave an option the same line: that `line`, their `part` of the power, what this adds."""

    line: Fraction
    part: Fraction
    adds: Fraction


@dataclass(frozen=True)
class Averaged:
    """The mean, worked out from its trace."""

    trace: Averages

    @property
    def opening(self) -> tuple[Sentence, ...]:
        return (
            say(
                "Each option gets the average of what the ballots gave it. A ballot weighs as much as the voting "
                "power behind it: one with twice the power counts twice."
            ),
            say(
                "So take each share that ballots gave, multiply it by the part of the voting power that gave it, "
                "and add up. If half of the power gives 40\u00a0% and the other half 10\u00a0%, that adds 20 and 5 "
                "points (a point is one hundredth of the whole), and the average is 25\u00a0%."
            ),
        )

    @property
    def legend(self) -> str:
        return (
            "In the pictures, the coloured stairs are the voting power that gave an option a share or more; the "
            "dashed line is the average. As much colour lies beyond it as is missing before it."
        )

    @property
    def line(self) -> tuple[Point, ...]:
        return ()

    def height(self, share: Fraction) -> Fraction | None:
        """There is no line: an average needs no support."""
        return None

    def sentences(self, place: int, option: Support) -> tuple[Sentence, ...]:
        groups, others = _largest(option, SPOKEN)
        if not groups:
            return (gives_nothing(option),)
        spoken = [
            say(
                "{part} gave it {line}, which adds {adds}."
                if number
                else "{part} of the voting power gave {line} to {name}, which adds {adds}.",
                part=percent(group.part),
                name=option.name,
                line=percent(group.line),
                adds=points(group.adds),
            )
            for number, group in enumerate(groups)
        ]
        if others:
            rest = self.trace.options[place].share - sum(group.adds for group in groups)
            smaller = count(others, "other group", "other groups")
            spoken.append(say("{smaller} of ballots add {adds}.", smaller=smaller, adds=points(rest)))
        if not_given := 1 - option.above(NOTHING):
            spoken.append(say("{part} gave it nothing and adds nothing.", part=percent(not_given)))
        return tuple(spoken)

    def table(self, place: int, option: Support) -> Table:
        groups, others = _largest(option, SHOWN)
        given, share = option.above(NOTHING), self.trace.options[place].share
        rows = [_row((percent(group.line),), group.part, group.adds) for group in groups]
        if others:
            part = given - sum(group.part for group in groups)
            adds = share - sum(group.adds for group in groups)
            rows.append(_row((count(others, "other share"),), part, adds))
        if given < 1:
            rows.append(_row(("nothing",), 1 - given, NOTHING))
        rows.append(Row((("together",), (percent(Fraction(1)),), (points(share),)), is_decisive=True))
        return Table(("Share", "Voting power that gave it", "Adds"), tuple(rows))


def _largest(option: Support, most: int) -> tuple[list[Group], int]:
    """The groups that add most, largest first, and how many others there are; among equals, the larger line."""
    curve = option.curve
    steps = zip(curve.levels[:-1], curve.powers[:-1], (0, *curve.powers), strict=False)
    groups = [(level, power - above) for level, power, above in steps]
    groups.sort(key=lambda group: -group[0] * group[1])
    largest = [
        Group(
            Fraction(level, WHOLE),
            Fraction(power, option.power),
            Fraction(level * power, WHOLE * option.power),
        )
        for level, power in groups[:most]
    ]
    return largest, max(0, len(groups) - most)


def _row(line: Sentence, part: Fraction, adds: Fraction) -> Row:
    return Row((line, (percent(part),), (points(adds),)))
