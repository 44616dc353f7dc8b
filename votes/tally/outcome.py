"""The tally of one contest."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from votes.tally.bounds import WHOLE, Bounds, check_bounds, over_cap
from votes.tally.errors import TallyError
from votes.tally.histogram import Profile
from votes.tally.rounding import largest_remainder
from votes.tally.rules import RULES
from votes.tally.trace import Trace


@dataclass(frozen=True)
class Outcome:
    """What a contest gives, in the order of its options.

    `shares` are of the whole budget, floors included; `residual` of what remains after the floors.
    Both are exact and sum to one. `amounts` [base units] sum to the budget.
    """

    rule: str
    shares: tuple[Fraction, ...]
    residual: tuple[Fraction, ...]
    amounts: tuple[int, ...]
    parameter: Fraction | None
    trace: Trace


def tally(rule: str, profile: Profile, bounds: Sequence[Bounds], budget: int) -> Outcome:
    """Tally one contest over `budget` [base units].

    Floors come off the top and the rule splits what remains, so every share keeps within its floor
    and cap with nothing clipped (mechanisms.md 1.3); rounding moves an amount by less than one unit.
    Refuses an unknown rule, impossible bounds, a counted line over its cap, and a contest without power.

    >>> from votes.tally.histogram import profile
    >>> counted = profile([(3, {0: 10_000}), (2, {1: 10_000})], options=2)
    >>> outcome = tally("ladder", counted, [Bounds(5_000, 10_000), Bounds(0, 10_000)], 101)
    >>> outcome.shares, outcome.amounts
    ((Fraction(4, 5), Fraction(1, 5)), (81, 20))
    """
    if rule not in RULES:
        raise TallyError(f"unknown rule: choose one of {', '.join(RULES)}")
    if len(bounds) != len(profile.histogram):
        raise TallyError(f"{len(profile.histogram)} options were voted on, but {len(bounds)} have bounds")
    check_bounds(bounds)
    for option, cells in enumerate(profile.histogram):
        if over_cap(max((line for line, power in cells.items() if power), default=0), option, bounds):
            raise TallyError(f"option {option + 1}: a counted line is over the cap")
    split = RULES[rule].split(profile)
    votable = WHOLE - sum(bound.floor for bound in bounds)
    shares = tuple(
        (bound.floor + votable * share) / WHOLE for bound, share in zip(bounds, split.shares, strict=True)
    )
    amounts = largest_remainder(shares, budget)
    return Outcome(rule, shares, split.shares, amounts, split.parameter, split.trace)
