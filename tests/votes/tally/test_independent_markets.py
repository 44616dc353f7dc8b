from fractions import Fraction

import pytest

from votes.tally import Crossing, Profile, TallyError, profile
from votes.tally.independent_markets import RULE, split


@pytest.mark.parametrize(
    ("ballots", "options", "shares", "factor"),
    [
        ([(1, {0: 10_000})], 1, "1", "1"),
        ([(1, {0: 5_000, 1: 5_000})], 2, "1/2 1/2", "1/2"),
        ([(7, {0: 9_000, 1: 1_000})], 2, "9/10 1/10", "9/10"),
        ([(1, {0: 2_500, 1: 7_500}), (1, {0: 2_500, 1: 7_500})], 3, "1/4 3/4 0", "3/4"),
        ([(9, {0: 10_000}), (1, {1: 10_000})], 2, "9/10 1/10", "1"),
        (
            [(1, {voter: 2_000, (voter + 1) % 5: 2_000, (voter + 2) % 5: 6_000}) for voter in range(5)],
            5,
            "1/5 1/5 1/5 1/5 1/5",
            "1/3",
        ),
    ],
)
def test_the_smallest_factor_that_spends_the_budget_is_reported(
    ballots: list[tuple[int, dict[int, int]]], options: int, shares: str, factor: str
) -> None:
    result = split(profile(ballots, options))
    assert result.shares == tuple(map(Fraction, shares.split()))
    assert result.parameter == Fraction(factor)


def test_where_several_factors_spend_the_budget_the_smallest_is_reported() -> None:
    # Any factor from 3/4 on gives (1/4, 3/4): all of the power supports just that.
    result = split(profile([(10**20, {0: 2_500, 1: 7_500})], 2))
    assert result.shares == (Fraction(1, 4), Fraction(3, 4))
    assert result.parameter == Fraction(3, 4)
    assert result.trace.options == (
        Crossing(Fraction(1, 4), 10**20, Fraction(3, 4), 0, Fraction(0)),
        Crossing(Fraction(3, 4), 10**20, Fraction(3, 4), 0, Fraction(0)),
    )


def test_a_unanimous_line_can_lose_to_many_small_ones() -> None:
    ballots = [(1, {0: 8_000, voter: 2_000}) for voter in range(1, 5)]
    assert split(profile(ballots, 5)).shares == (Fraction(1, 2), *[Fraction(1, 8)] * 4)


def test_the_sentence_names_the_factor() -> None:
    assert RULE.symbol == "s"
    assert " s " in RULE.sentence


def test_no_power_is_refused() -> None:
    with pytest.raises(TallyError, match="no power"):
        split(Profile(({}, {}), 0))
