"""The histogram of a contest: all that any rule reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from votes.tally.bounds import WHOLE
from votes.tally.errors import TallyError


@dataclass(frozen=True)
class Profile:
    """The counted ballots of one contest, as a histogram.

    `histogram[option][basis points]` is the voting power [base units] of the ballots that give the
    option this line; lines of zero are left out. `power` [base units] is that of all ballots with
    lines in the contest. Construction refuses what no set of ballots could have produced: the lines,
    weighted by power, sum to the whole power.
    """

    histogram: tuple[Mapping[int, int], ...]
    power: int

    def __post_init__(self) -> None:
        if type(self.power) is not int or self.power < 0:
            raise TallyError("histogram: the counted power is whole and not negative")
        weighted = 0
        for option, cells in enumerate(self.histogram, start=1):
            if not all(type(line) is int and 1 <= line <= WHOLE for line in cells):
                raise TallyError(f"histogram of option {option}: lines are 1 to {WHOLE} basis points")
            if not all(type(power) is int and power >= 0 for power in cells.values()):
                raise TallyError(f"histogram of option {option}: powers are whole and not negative")
            if sum(cells.values()) > self.power:
                raise TallyError(f"histogram of option {option}: more power than was counted")
            weighted += sum(line * power for line, power in cells.items())
        if weighted != WHOLE * self.power:
            raise TallyError("histogram: the lines do not sum to the counted power")


def profile(ballots: Iterable[tuple[int, Mapping[int, int]]], options: int) -> Profile:
    """Count ballots, each its power [base units] and its lines {option: basis points}.

    A ballot without lines abstains; one without power counts nothing, but its lines are checked too.
    Neither the order of the ballots nor splitting one into several of the same sum changes anything.

    >>> profile([(5, {0: 7_000, 1: 3_000}), (2, {1: 10_000})], options=2)
    Profile(histogram=({7000: 5}, {3000: 5, 10000: 2}), power=7)
    """
    histogram: tuple[defaultdict[int, int], ...] = tuple(defaultdict(int) for _ in range(options))
    counted = 0
    for number, (power, lines) in enumerate(ballots, start=1):
        _check_ballot(number, power, lines, options)
        if not lines or not power:
            continue
        counted += power
        for option, line in lines.items():
            histogram[option][line] += power
    return Profile(tuple(dict(cells) for cells in histogram), counted)


def _check_ballot(number: int, power: int, lines: Mapping[int, int], options: int) -> None:
    if type(power) is not int or power < 0:
        raise TallyError(f"ballot {number}: power is whole and not negative")
    for option, line in lines.items():
        if type(option) is not int or not 0 <= option < options:
            raise TallyError(f"ballot {number}: unknown option")
        if type(line) is not int or not 1 <= line <= WHOLE:
            raise TallyError(f"ballot {number}: a line is 1 to {WHOLE} basis points")
    if lines and sum(lines.values()) != WHOLE:
        raise TallyError(f"ballot {number}: the lines sum to {sum(lines.values())} basis points, not {WHOLE}")
