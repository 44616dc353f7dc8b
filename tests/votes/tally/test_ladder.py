from fractions import Fraction

import pytest

from votes.tally import Crossing, Crossings, Profile, TallyError, profile
from votes.tally.ladder import RULE, split

HALVES = [(1, {0: 5_000, 1: 5_000}), (1, {0: 5_000, 2: 5_000}), (1, {1: 5_000, 2: 5_000})]


def shares_at(ballots: list[tuple[int, dict[int, int]]], options: int, deduction: Fraction) -> Fraction:
    """What the definition sums to: each option's largest share x with support of x + deduction."""
    power = sum(power for power, _ in ballots)
    total = Fraction(0)
    for option in range(options):
        backing = {
            level: sum(power for power, lines in ballots if lines.get(option, 0) >= level)
            for level in {lines.get(option, 0) for _, lines in ballots}
        }
        total += max(
            max(Fraction(0), min(Fraction(level, 10_000), Fraction(held, power) - deduction))
            for level, held in backing.items()
        )
    return total


@pytest.mark.parametrize(
    ("ballots", "options", "shares", "deduction"),
    [
        ([(1, {0: 10_000})], 1, "1", "0"),
        ([(1, {0: 5_000, 1: 5_000})], 2, "1/2 1/2", "1/2"),
        ([(7, {0: 9_000, 1: 1_000})], 2, "9/10 1/10", "1/10"),
        ([(2, {0: 7_000, 1: 3_000}), (2, {0: 7_000, 1: 3_000})], 3, "7/10 3/10 0", "3/10"),
        ([(1, {0: 9_000, 1: 1_000}), (1, {0: 1_000, 1: 9_000})], 2, "1/2 1/2", "0"),
        (HALVES, 3, "1/3 1/3 1/3", "1/3"),
    ],
)
def test_the_largest_deduction_that_spends_the_budget_is_reported(
    ballots: list[tuple[int, dict[int, int]]], options: int, shares: str, deduction: str
) -> None:
    result = split(profile(ballots, options))
    assert result.shares == tuple(map(Fraction, shares.split()))
    assert result.parameter == Fraction(deduction)
    assert shares_at(ballots, options, Fraction(deduction)) == 1
    assert shares_at(ballots, options, Fraction(deduction) + Fraction(1, 10**9)) < 1


def test_where_several_deductions_spend_the_budget_the_shares_are_the_same() -> None:
    unanimous = [(1, {0: 5_000, 1: 5_000})]
    assert [shares_at(unanimous, 2, Fraction(tenths, 10)) for tenths in (0, 3, 5)] == [1, 1, 1]
    assert split(profile(unanimous, 2)).parameter == Fraction(5, 10)


def test_the_trace_shows_each_option_meeting_the_deduction() -> None:
    whale = [(45, {2: 10_000}), (25, {0: 6_000, 1: 4_000}), (30, {0: 5_000, 1: 5_000})]
    result = split(profile(whale, 3))
    assert isinstance(result.trace, Crossings)
    assert result.trace.power == 100
    # 55 of 100 give the first option 11/30 or more, and 11/20 less the deduction is just that.
    assert result.trace.options[0] == Crossing(Fraction(11, 30), 55, Fraction(11, 30), 55, Fraction(11, 30))
    assert result.parameter == Fraction(11, 60)


def test_the_trace_shows_an_option_held_by_a_line() -> None:
    trace = split(profile([(7, {0: 9_000, 1: 1_000})], 2)).trace
    # All give the second option 1/10, for which they could have 9/10; but nobody gives it more.
    assert trace.options[1] == Crossing(Fraction(1, 10), 7, Fraction(9, 10), 0, Fraction(0))


def test_an_option_without_enough_support_gets_nothing_and_the_trace_says_so() -> None:
    ballots = [(97, {0: 5_000, 1: 5_000}), (3, {2: 10_000})]
    last = split(profile(ballots, 3)).trace.options[2]
    assert last == Crossing(Fraction(0), 100, Fraction(53, 100), 3, Fraction(0))


def test_the_sentence_names_the_deduction() -> None:
    assert RULE.symbol == "δ"
    assert "δ" in RULE.sentence


def test_no_power_is_refused() -> None:
    with pytest.raises(TallyError, match="no power"):
        split(Profile(({}, {}), 0))
