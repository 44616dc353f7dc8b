"""From exact shares to whole amounts."""

from collections.abc import Sequence
from fractions import Fraction

from votes.tally.errors import TallyError


def largest_remainder(shares: Sequence[Fraction], total: int) -> tuple[int, ...]:
    """Split `total` [base units] by shares that sum to one (Hamilton's method).

    The amounts are whole and sum to `total`, each less than one unit from its exact share. What
    rounding down leaves goes to the largest remainders, ties to the option listed first; a share of
    nothing receives nothing.

    >>> largest_remainder([Fraction(1, 3)] * 3, 10)
    (4, 3, 3)
    """
    if total < 0:
        raise TallyError("an amount to split is not negative")
    if any(share < 0 for share in shares) or sum(shares) != 1:
        raise TallyError("shares are not negative and sum to one")
    exact = [share * total for share in shares]
    amounts = [amount.numerator // amount.denominator for amount in exact]
    # A stable sort, falling: equal remainders stay in the order of the options.
    by_remainder = sorted(range(len(shares)), key=lambda option: amounts[option] - exact[option])
    for option in by_remainder[: total - sum(amounts)]:
        amounts[option] += 1
    return tuple(amounts)
