from fractions import Fraction

import pytest

from votes.tally import RULES, Averages, Profile, TallyError, profile
from votes.tally.mean import split


@pytest.mark.parametrize(
    ("ballots", "shares"),
    [
        ([(1, {0: 10_000})], "1 0"),
        ([(3, {0: 8_000, 1: 2_000}), (1, {1: 10_000})], "3/5 2/5"),
        ([(1, {0: 1, 1: 9_999}), (2, {1: 10_000})], "1/30000 29999/30000"),
        ([(10**30, {0: 10_000}), (1, {1: 10_000})], f"{10**30}/{10**30 + 1} 1/{10**30 + 1}"),
    ],
)
def test_shares_are_weighted_averages(ballots: list[tuple[int, dict[int, int]]], shares: str) -> None:
    assert split(profile(ballots, 2)).shares == tuple(map(Fraction, shares.split()))


def test_the_trace_divides_to_the_shares() -> None:
    result = split(profile([(3, {0: 8_000, 1: 2_000}), (1, {1: 10_000})], 2))
    assert isinstance(result.trace, Averages)
    assert [option.weighted_lines for option in result.trace.options] == [24_000, 16_000]
    assert result.trace.power == 4
    for option in result.trace.options:
        assert option.share == Fraction(option.weighted_lines, 10_000 * result.trace.power)


def test_it_has_no_parameter() -> None:
    assert split(profile([(1, {0: 10_000})], 1)).parameter is None
    assert RULES["mean"].symbol is None


def test_no_power_is_refused() -> None:
    with pytest.raises(TallyError, match="no power"):
        split(Profile(({}, {}), 0))
