from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from votes.tally import TallyError, largest_remainder

THIRD = Fraction(1, 3)


@pytest.mark.parametrize(
    ("shares", "total", "amounts"),
    [
        ("1", 7, (7,)),
        ("1/2 1/2", 0, (0, 0)),
        ("1/2 1/2", 1, (1, 0)),
        ("1/3 1/3 1/3", 10**18, (333333333333333334, 333333333333333333, 333333333333333333)),
        ("1/3 1/3 1/3", 2, (1, 1, 0)),
        ("0 1/2 1/2", 1, (0, 1, 0)),
        ("1/6 1/3 1/2", 1, (0, 0, 1)),
        ("1/4 1/4 1/2", 3, (1, 1, 1)),
        ("2/5 2/5 1/5", 4, (2, 1, 1)),
        ("1/2 3/10 1/5", 10**24 + 1, (5 * 10**23 + 1, 3 * 10**23, 2 * 10**23)),
    ],
)
def test_leftover_units_go_to_the_largest_remainders_then_to_the_first(
    shares: str, total: int, amounts: tuple[int, ...]
) -> None:
    assert largest_remainder([Fraction(share) for share in shares.split()], total) == amounts


@pytest.mark.parametrize(
    ("shares", "total"),
    [([], 1), ([THIRD], 1), ([THIRD] * 4, 1), ([Fraction(2), Fraction(-1)], 1), ([Fraction(1)], -1)],
)
def test_what_is_not_a_split_is_refused(shares: list[Fraction], total: int) -> None:
    with pytest.raises(TallyError):
        largest_remainder(shares, total)


@settings(deadline=None, database=None)
@given(
    st.lists(st.integers(0, 10**30), min_size=1, max_size=8).filter(any),
    st.one_of(st.integers(0, 20), st.integers(0, 10**30)),
)
def test_amounts_sum_to_the_total_and_stay_within_one_unit(weights: list[int], total: int) -> None:
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    amounts = largest_remainder(shares, total)
    assert sum(amounts) == total
    for share, amount in zip(shares, amounts, strict=True):
        assert abs(amount - share * total) < 1
        assert amount == 0 or share > 0
