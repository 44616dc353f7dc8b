from fractions import Fraction

import pytest

from votes.tally import Level, Levels, Profile, TallyError, profile
from votes.tally.median_phantoms import RULE, split


@pytest.mark.parametrize(
    ("ballots", "options", "shares", "threshold"),
    [
        ([(1, {0: 10_000})], 1, "1", "1"),
        ([(1, {0: 5_000, 1: 5_000})], 2, "1/2 1/2", "1"),
        ([(7, {0: 9_000, 1: 1_000}), (2, {0: 9_000, 1: 1_000})], 3, "9/10 1/10 0", "1"),
        ([(3, {0: 10_000}), (2, {1: 10_000})], 2, "1 0", "3/5"),
        ([(1, {0: 10_000}), (1, {1: 10_000})], 2, "1/2 1/2", "1/2"),
        ([(1, {0: 10_000}), (1, {1: 10_000}), (1, {2: 10_000})], 3, "1/3 1/3 1/3", "1/3"),
        ([(10**30 + 1, {0: 10_000}), (10**30, {1: 10_000})], 2, "1 0", f"{10**30 + 1}/{2 * 10**30 + 1}"),
    ],
)
def test_the_largest_threshold_that_spends_the_budget_is_reported(
    ballots: list[tuple[int, dict[int, int]]], options: int, shares: str, threshold: str
) -> None:
    result = split(profile(ballots, options))
    assert result.shares == tuple(map(Fraction, shares.split()))
    assert result.parameter == Fraction(threshold)


def test_the_threshold_is_the_largest_even_where_lower_ones_give_the_same() -> None:
    # From 1/3 up to 2/3 of the power the supported lines are the same; the reported one is 2/3.
    result = split(profile([(2, {0: 6_000, 1: 4_000}), (1, {0: 6_000, 2: 4_000})], 3))
    assert result.shares == (Fraction(3, 5), Fraction(2, 5), Fraction(0))
    assert result.parameter == Fraction(2, 3)


def test_the_trace_shows_the_common_level_and_what_it_is_kept_between() -> None:
    whale = [(45, {2: 10_000}), (25, {0: 6_000, 1: 4_000}), (30, {0: 5_000, 1: 5_000})]
    trace = split(profile(whale, 3)).trace
    assert trace == Levels(
        power=100,
        threshold=45,
        level=Fraction(1, 10),
        options=(
            Level(Fraction(1, 2), Fraction(1, 2), Fraction(1, 2)),
            Level(Fraction(2, 5), Fraction(2, 5), Fraction(2, 5)),
            Level(Fraction(1, 10), Fraction(0), Fraction(1)),
        ),
    )


def test_the_sentence_names_the_threshold() -> None:
    assert RULE.symbol == "θ"
    assert "θ" in RULE.sentence


def test_no_power_is_refused() -> None:
    with pytest.raises(TallyError, match="no power"):
        split(Profile(({}, {}), 0))
