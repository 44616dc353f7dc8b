"""What becomes of a budget below the quorum: every fall-back, and when it falls back further."""

from collections.abc import Mapping
from fractions import Fraction

import pytest

from votes.tally import FALLBACKS, Bounds, TallyError, fall_back

FREE = (Bounds(0, 10_000), Bounds(0, 10_000), Bounds(0, 10_000))
KEYS = ("a", "b", "c")
LAST = {"a": Fraction(1, 2), "b": Fraction(1, 3), "c": Fraction(1, 6)}


@pytest.mark.parametrize(
    ("fallback", "bounds", "last", "outcome", "amounts"),
    [
        ("return_to_reserve", FREE, LAST, "return_to_reserve", (0, 0, 0)),
        ("equal_split", FREE, None, "equal_split", (34, 33, 33)),
        ("equal_split", (Bounds(4_000, 6_000), *FREE[1:]), None, "equal_split", (60, 20, 20)),
        ("equal_split", (Bounds(4_000, 5_999), *FREE[1:]), None, "return_to_reserve", (0, 0, 0)),
        ("equal_split", (Bounds(0, 3_333), *FREE[1:]), None, "return_to_reserve", (0, 0, 0)),
        ("repeat_last_split", FREE, LAST, "repeat_last_split", (50, 33, 17)),
        (
            "repeat_last_split",
            FREE,
            {**LAST, "a": Fraction(0), "d": Fraction(1, 2)},
            "return_to_reserve",
            (0, 0, 0),
        ),
        (
            "repeat_last_split",
            FREE,
            {"a": Fraction(1, 2), "b": Fraction(1, 2)},
            "return_to_reserve",
            (0, 0, 0),
        ),
        ("repeat_last_split", FREE, None, "return_to_reserve", (0, 0, 0)),
        ("repeat_last_split", (*FREE[:2], Bounds(1_667, 10_000)), LAST, "return_to_reserve", (0, 0, 0)),
        ("repeat_last_split", (*FREE[:2], Bounds(1_666, 1_667)), LAST, "repeat_last_split", (50, 33, 17)),
        ("repeat_last_split", (*FREE[:2], Bounds(0, 1_666)), LAST, "return_to_reserve", (0, 0, 0)),
    ],
)
def test_a_fall_back_gives_what_it_says_or_returns_to_the_reserve(
    fallback: str,
    bounds: tuple[Bounds, ...],
    last: Mapping[str, Fraction] | None,
    outcome: str,
    amounts: tuple[int, ...],
) -> None:
    fallen = fall_back(fallback, KEYS, bounds, 100, last)
    assert (fallen.outcome, fallen.amounts) == (outcome, amounts)
    assert bool(fallen.why) == (outcome != fallback)
    assert sum(fallen.shares) == (0 if outcome == "return_to_reserve" else 1)


def test_the_last_split_is_matched_by_key_and_not_by_place() -> None:
    turned = fall_back("repeat_last_split", ("c", "a", "b"), FREE, 6, LAST)
    assert turned.amounts == (1, 3, 2)


@pytest.mark.parametrize("fallback", FALLBACKS)
def test_a_budget_of_nothing_falls_back_to_nothing(fallback: str) -> None:
    assert fall_back(fallback, KEYS, FREE, 0, LAST).amounts == (0, 0, 0)


def test_an_unknown_fall_back_is_refused() -> None:
    with pytest.raises(TallyError, match="unknown fall-back"):
        fall_back("burn", KEYS, FREE, 100, LAST)
