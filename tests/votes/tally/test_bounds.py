import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from votes.tally import Bounds, TallyError, check_bounds, largest_line, over_cap

FREE = Bounds(0, 10_000)


@pytest.mark.parametrize(
    "bounds",
    [
        [FREE],
        [Bounds(9_999, 10_000)],
        [Bounds(0, 0), FREE],
        [Bounds(0, 5_000), Bounds(0, 5_000)],
        [Bounds(1_000, 5_500), Bounds(0, 4_500)],
        [Bounds(3_333, 3_334), Bounds(3_333, 3_334), Bounds(3_333, 3_334)],
    ],
)
def test_a_contest_that_can_be_voted_on_may_be_announced(bounds: list[Bounds]) -> None:
    check_bounds(bounds)


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ([], "at least one option"),
        ([Bounds(-1, 10_000)], "option 1: needs 0 <= floor"),
        ([FREE, Bounds(0, 10_001)], "option 2: needs 0 <= floor"),
        ([Bounds(5_000, 4_999), FREE], "option 1: needs 0 <= floor"),
        ([Bounds(5_000, 10_000), Bounds(5_000, 10_000)], "floors sum to 10000"),
        ([Bounds(6_000, 10_000), Bounds(5_000, 10_000)], "floors sum to 11000"),
        ([Bounds(0, 5_000), Bounds(0, 4_999)], "caps sum to 9999"),
        ([Bounds(0, 9_999)], "caps sum to 9999"),
        ([Bounds(True, 10_000)], "whole basis points"),
        ([Bounds(0, 1e4)], "whole basis points"),  # type: ignore[arg-type]
        # The residual caps sum to exactly one, but whole basis points only to 9,999.
        ([Bounds(1, 3_334), Bounds(0, 3_333), Bounds(0, 3_333)], "no ballot in whole basis points"),
    ],
)
def test_a_contest_that_cannot_be_voted_on_is_refused(bounds: list[Bounds], reason: str) -> None:
    with pytest.raises(TallyError, match=reason) as refusal:
        check_bounds(bounds)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("option", "line"),
    [(0, 5_000), (1, 10_000), (2, 1_111), (3, 0)],
)
def test_the_largest_line_is_just_not_over_the_cap(option: int, line: int) -> None:
    bounds = [Bounds(1_000, 5_500), FREE, Bounds(0, 1_000), Bounds(0, 0)]
    assert largest_line(option, bounds) == line
    assert not over_cap(line, option, bounds)
    assert over_cap(line + 1, option, bounds) or line == 10_000


@st.composite
def any_bounds(draw: st.DrawFn) -> list[Bounds]:
    floors = draw(st.lists(st.integers(0, 2_000), min_size=1, max_size=4))
    return [Bounds(floor, draw(st.integers(floor, 10_000))) for floor in floors]


@settings(deadline=None, database=None)
@given(any_bounds(), st.integers(0, 10_000))
def test_a_line_is_over_the_cap_just_where_its_total_is(bounds: list[Bounds], line: int) -> None:
    residual = 10_000 - sum(bound.floor for bound in bounds)
    for option, bound in enumerate(bounds):
        total = bound.floor * 10_000 + residual * line
        assert over_cap(line, option, bounds) == (total > bound.cap * 10_000)
        assert over_cap(line, option, bounds) == (line > largest_line(option, bounds))


@settings(deadline=None, database=None)
@given(any_bounds())
def test_every_contest_that_passes_admits_a_ballot(bounds: list[Bounds]) -> None:
    try:
        check_bounds(bounds)
    except TallyError:
        return
    residual = 10_000 - sum(bound.floor for bound in bounds)
    assert sum(largest_line(option, bounds) for option in range(len(bounds))) >= 10_000
    assert sum(bound.cap - bound.floor for bound in bounds) * 10_000 >= 10_000 * residual
