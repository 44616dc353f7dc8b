"""What every way of working an option out reads and gives."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from operator import neg
from typing import Protocol

from votes.tally.bounds import WHOLE
from votes.tally.support import Curve
from votes.views.working.staircase import Point
from votes.views.working.words import Sentence, percent, said, say

AROUND = 4  # lines of ballots shown on either side of where an option's share was found

SUPPORT = say(
    "A ballot supports a share for an option if it gave the option that much or more. So a ballot that supports "
    "40\u00a0% supports 30\u00a0% too; and the larger a share, the less voting power supports it."
)


@dataclass(frozen=True)
class Row:
    """A line of a table; `is_decisive` where the option's share was found."""

    cells: tuple[Sentence, ...]
    is_decisive: bool = False


@dataclass(frozen=True)
class Table:
    """The numbers behind a picture."""

    head: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Support:
    """An option, and how much voting power backs it at each share."""

    name: str
    curve: Curve
    power: int

    def behind(self, share: Fraction) -> Fraction:
        """The part of the voting power whose ballots give `share` or more; the share is above zero."""
        return self._part(bisect_right(self.curve.levels, -ceil(share * WHOLE), key=neg))

    def above(self, share: Fraction) -> Fraction:
        """The part of the voting power whose ballots give more than `share`."""
        return self._part(self._levels_above(share))

    def level_above(self, share: Fraction) -> Fraction:
        """The smallest line cast that is more than `share`; there must be one."""
        return Fraction(self.curve.levels[self._levels_above(share) - 1], WHOLE)

    def or_more(self, line: Fraction) -> str:
        """ " or more", unless no ballot gives more."""
        return " or more" if self._levels_above(line) else ""

    def shares_around(self, share: Fraction) -> list[Fraction | None]:
        """Lines cast above zero, and `share` itself, falling; None for those left out far away from it."""
        levels, place = self.curve.levels[:-1], self._levels_above(share)
        start, stop = max(0, place - AROUND), min(len(levels), place + AROUND + 1)
        near = [Fraction(level, WHOLE) for level in levels[start:stop]]
        if share and share not in near:
            near.insert(place - start, share)
        before = [Fraction(levels[0], WHOLE), None][:start] if start else []
        after = [None, Fraction(levels[-1], WHOLE)][stop - len(levels) :] if stop < len(levels) else []
        return [*before, *near, *after]

    def _levels_above(self, share: Fraction) -> int:
        return bisect_left(self.curve.levels, -floor(share * WHOLE), key=neg)

    def _part(self, steps: int) -> Fraction:
        return Fraction(self.curve.powers[steps - 1], self.power) if steps else Fraction(0)


class Method(Protocol):
    """One way of finding shares: what it does, and why each option got what it got.

    `legend` explains its pictures, `line` is the voting power that a share needs in them.
    """

    @property
    def opening(self) -> tuple[Sentence, ...]: ...

    @property
    def legend(self) -> str: ...

    @property
    def line(self) -> tuple[Point, ...]: ...

    def sentences(self, place: int, option: Support) -> tuple[Sentence, ...]: ...

    def table(self, place: int, option: Support) -> Table: ...

    def height(self, share: Fraction) -> Fraction | None:
        """Where on the line a share stands, if there is a line."""


def gives_nothing(option: Support) -> Sentence:
    return say("No ballot gave anything to {name}.", name=option.name)


def left_out(columns: int) -> Row:
    """A row that stands for those that are not shown."""
    return Row((("…",), *(((),) * (columns - 1))))


def picture_words(option: Support, share: Fraction) -> str:
    """The staircase in words."""
    if not option.above(Fraction(0)):
        return f"No ballot gave anything to {option.name}."
    top = Fraction(option.curve.levels[0], WHOLE)
    sentence = say(
        "{power} of the voting power gave something to {name}; this falls in steps to {least} at {top}, the most "
        "that a ballot gave. {name} gets {share}.",
        power=percent(option.above(Fraction(0))),
        name=option.name,
        least=percent(option.behind(top)),
        top=percent(top),
        share=percent(share),
    )
    return said(sentence)
