"""What becomes of a budget whose contest stays below its quorum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from votes.tally.bounds import WHOLE, Bounds
from votes.tally.errors import TallyError
from votes.tally.rounding import largest_remainder

RETURN, REPEAT, EQUAL = "return_to_reserve", "repeat_last_split", "equal_split"
FALLBACKS = (RETURN, REPEAT, EQUAL)


@dataclass(frozen=True)
class Fallen:
    """What a fall-back gives, in the order of the options.

    `outcome` is the fall-back that took effect; where it is not the one that the rules name, `why` is the sentence
    that says why. `shares` are of the whole budget and sum to one, or are all nothing where it returns to the
    reserve; `amounts` [base units] sum to the budget, or to nothing.
    """

    outcome: str
    shares: tuple[Fraction, ...]
    amounts: tuple[int, ...]
    why: str = ""


def fall_back(
    fallback: str,
    options: Sequence[str],
    bounds: Sequence[Bounds],
    budget: int,
    last_split: Mapping[str, Fraction] | None,
) -> Fallen:
    """Apply a fall-back to `budget` [base units]; `options` by key, `last_split` shares of the budget by key.

    What is undefined or would break a floor or cap returns to the reserve. Amounts are rounded as those of a tally.

    >>> free = [Bounds(0, 10_000), Bounds(2_000, 10_000)]
    >>> fall_back("equal_split", ["a", "b"], free, 10, None).amounts
    (4, 6)
    >>> fall_back("repeat_last_split", ["a", "b"], free, 10, {"a": Fraction(7, 10), "b": Fraction(3, 10)}).amounts
    (7, 3)
    >>> fall_back("repeat_last_split", ["a", "b"], free, 10, None)  # doctest: +ELLIPSIS
    Fallen(outcome='return_to_reserve', shares=(Fraction(0, 1), Fraction(0, 1)), amounts=(0, 0), why='There is no ...')
    """
    if fallback == RETURN:
        return _returned(len(options))
    shares: tuple[Fraction, ...] | None
    if fallback == EQUAL:
        shares, why = _equal(bounds), "An equal split would go over a cap."
    elif fallback == REPEAT:
        shares, why = _repeated(options, last_split)
    else:
        raise TallyError(f"unknown fall-back: choose one of {', '.join(FALLBACKS)}")
    if shares is None:
        return _returned(len(options), why)
    for share, bound in zip(shares, bounds, strict=True):
        if not bound.floor <= share * WHOLE <= bound.cap:
            return _returned(len(options), why)
    return Fallen(fallback, shares, largest_remainder(shares, budget))


def _equal(bounds: Sequence[Bounds]) -> tuple[Fraction, ...]:
    """The floors, and an equal part of what they leave."""
    left = WHOLE - sum(bound.floor for bound in bounds)
    return tuple((bound.floor + Fraction(left, len(bounds))) / WHOLE for bound in bounds)


def _repeated(
    options: Sequence[str], last: Mapping[str, Fraction] | None
) -> tuple[tuple[Fraction, ...] | None, str]:
    """The last split in the order of `options`, None where it is not theirs, and what to say if it can't stand."""
    if last is None:
        return None, "There is no earlier split to repeat."
    if set(last) != set(options):
        return None, "The options are not those of the last split."
    return tuple(last[option] for option in options), "The last split would break a floor or a cap of today."


def _returned(options: int, why: str = "") -> Fallen:
    return Fallen(RETURN, (Fraction(0),) * options, (0,) * options, why)
