from fractions import Fraction

import pytest

from votes.tally import Crossing, Profile, TallyError, profile
from votes.tally.piecewise_uniform import RULE, split


@pytest.mark.parametrize(
    ("ballots", "options", "shares", "scale"),
    [
        ([(1, {0: 10_000})], 1, "1", "1/2"),
        ([(1, {0: 5_000, 1: 5_000})], 2, "1/2 1/2", "1/4"),
        ([(7, {0: 9_000, 1: 1_000})], 2, "9/10 1/10", "9/20"),
        ([(1, {0: 10_000}), (1, {1: 10_000})], 2, "1/2 1/2", "1"),
        ([(3, {0: 10_000}), (2, {1: 10_000})], 2, "3/5 2/5", "1"),
        ([(1, {0: 8_000, voter: 2_000}) for voter in range(1, 5)], 5, "4/5 1/20 1/20 1/20 1/20", "3/5"),
    ],
)
def test_the_smallest_scale_that_spends_the_budget_is_reported(
    ballots: list[tuple[int, dict[int, int]]], options: int, shares: str, scale: str
) -> None:
    result = split(profile(ballots, options))
    assert result.shares == tuple(map(Fraction, shares.split()))
    assert result.parameter == Fraction(scale)


def test_where_several_scales_spend_the_budget_the_smallest_is_reported() -> None:
    # At 1/4 full support allows exactly 1/2; later it allows more, but no line gives more.
    result = split(profile([(10**20, {0: 5_000, 1: 5_000})], 2))
    assert result.parameter == Fraction(1, 4)
    assert result.trace.options[0] == Crossing(Fraction(1, 2), 10**20, Fraction(1, 2), 0, Fraction(0))


def test_both_branches_meet_at_exactly_half_the_power() -> None:
    # Late in the scale half of the power allows t - 1/2, whichever branch is read.
    halves = split(profile([(1, {0: 6_000, 1: 4_000}), (1, {0: 6_000, 2: 4_000})], 3))
    assert halves.shares == (Fraction(6, 10), Fraction(2, 10), Fraction(2, 10))
    assert halves.parameter == Fraction(7, 10)


def test_a_unanimous_line_can_be_undercut() -> None:
    # The counterexample of mechanisms.md 1.2: 90 % by all, yet 85 % results.
    ballots = [
        (1, {0: 9_000, 1: 500, 2: 500}),
        (1, {0: 9_000, 1: 500, 3: 500}),
        (1, {0: 9_000, 2: 500, 3: 500}),
    ]
    assert split(profile(ballots, 4)).shares == (Fraction(17, 20), *[Fraction(1, 20)] * 3)


def test_the_sentence_names_the_scale() -> None:
    assert RULE.symbol == "t"
    assert " t," in RULE.sentence


def test_no_power_is_refused() -> None:
    with pytest.raises(TallyError, match="no power"):
        split(Profile(({}, {}), 0))
