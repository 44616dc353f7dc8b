"""What every rule is and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from votes.tally.histogram import Profile
from votes.tally.trace import Trace


@dataclass(frozen=True)
class Split:
    """How a rule splits what remains after the floors.

    `shares` are exact, in the order of the options, and sum to exactly one; none exceeds the most
    generous line cast for its option. `parameter` is where the rule's hurdle came to rest.
    """

    rule: str
    shares: tuple[Fraction, ...]
    parameter: Fraction | None
    trace: Trace


@dataclass(frozen=True)
class Rule:
    """A rule as the public meets it: its name, a sentence that explains it, its parameter's symbol."""

    name: str
    title: str
    sentence: str
    symbol: str | None
    split: Callable[[Profile], Split]
