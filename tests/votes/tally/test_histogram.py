from collections.abc import Mapping

import pytest

from votes.tally import Profile, TallyError, profile


def test_lines_of_the_same_size_add_up() -> None:
    ballots = [(5, {0: 7_000, 1: 3_000}), (2, {0: 7_000, 2: 3_000}), (1, {2: 10_000})]
    assert profile(ballots, 3) == Profile(({7_000: 7}, {3_000: 5}, {3_000: 2, 10_000: 1}), 8)


def test_a_ballot_without_lines_abstains() -> None:
    assert profile([(5, {0: 10_000}), (100, {})], 1) == Profile(({10_000: 5},), 5)


def test_a_ballot_without_power_counts_nothing() -> None:
    assert profile([(5, {0: 10_000}), (0, {1: 10_000})], 2) == Profile(({10_000: 5}, {}), 5)


def test_no_ballots_make_an_empty_profile() -> None:
    assert profile([], 2) == Profile(({}, {}), 0)


@pytest.mark.parametrize(
    ("ballot", "reason"),
    [
        ((1, {0: 9_999}), "sum to 9999 basis points, not 10000"),
        ((1, {0: 9_999, 1: 2}), "sum to 10001"),
        ((0, {0: 9_999}), "sum to 9999"),
        ((1, {0: 10_000, 1: 0}), "a line is 1 to 10000"),
        ((1, {0: 10_001, 1: -1}), "a line is 1 to 10000"),
        ((1, {0: True, 1: 9_999}), "a line is 1 to 10000"),
        ((1, {0: 1e4}), "a line is 1 to 10000"),
        ((1, {2: 10_000}), "unknown option"),
        ((1, {-1: 10_000}), "unknown option"),
        ((1, {"a": 10_000}), "unknown option"),
        ((-1, {0: 10_000}), "power is whole"),
        ((1.0, {0: 10_000}), "power is whole"),
        ((True, {0: 10_000}), "power is whole"),
    ],
)
def test_a_malformed_ballot_is_refused_by_number(ballot: tuple[int, Mapping[int, int]], reason: str) -> None:
    with pytest.raises(TallyError, match=f"ballot 2: .*{reason}"):
        profile([(1, {0: 10_000}), ballot], 2)


@pytest.mark.parametrize(
    ("histogram", "power"),
    [
        (({10_000: 1},), 2),
        (({10_000: 2},), 1),
        (({5_000: 2},), 1),
        (({},), 1),
        (({},), -1),
        (({10_000: 1, 5_000: -2},), 0),
        (({10_001: 1},), 1),
        (({0: 1, 10_000: 1},), 1),
        (({10_000: 1.0},), 1),
        (({10_000: 1},), 1.0),
    ],
)
def test_a_histogram_that_no_ballots_make_is_refused(
    histogram: tuple[Mapping[int, int], ...], power: int
) -> None:
    with pytest.raises(TallyError):
        Profile(histogram, power)
