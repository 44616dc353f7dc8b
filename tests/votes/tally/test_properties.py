"""What holds under every rule, whatever the ballots."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from votes.tally import RULES, Bounds, Crossings, Levels, largest_line, profile, tally

Ballots = list[tuple[int, list[int]]]  # power, and a line or 0 for each option

quietly = settings(deadline=None, database=None, max_examples=60)
every_rule = pytest.mark.parametrize("rule", RULES)


def ballots(least_options: int = 1) -> st.SearchStrategy[Ballots]:
    powers = st.one_of(st.integers(0, 5), st.integers(1, 2**96))
    grains = st.sampled_from([1, 500, 2_500])

    @st.composite
    def of_lines(draw: st.DrawFn, options: int) -> list[int]:
        grain = draw(grains)
        cuts = sorted(grain * draw(st.integers(0, 10_000 // grain)) for _ in range(options - 1))
        return [end - start for start, end in zip([0, *cuts], [*cuts, 10_000], strict=True)]

    def of_ballots(options: int) -> st.SearchStrategy[Ballots]:
        some = st.lists(st.tuples(powers, of_lines(options)), min_size=1, max_size=6)
        return some.filter(lambda ballots: any(power for power, _ in ballots))

    return st.integers(least_options, 5).flatmap(of_ballots)


def sparse(lines: Sequence[int]) -> dict[int, int]:
    return {option: line for option, line in enumerate(lines) if line}


def shares(rule: str, cast: Ballots) -> tuple[Fraction, ...]:
    counted = profile([(power, sparse(lines)) for power, lines in cast], len(cast[0][1]))
    return RULES[rule].split(counted).shares


@every_rule
@quietly
@given(cast=ballots())
def test_shares_sum_to_exactly_one_and_none_exceeds_the_largest_line(rule: str, cast: Ballots) -> None:
    result = shares(rule, cast)
    assert sum(result) == 1
    for option, share in enumerate(result):
        assert 0 <= share <= Fraction(max(lines[option] for power, lines in cast if power), 10_000)


@every_rule
@quietly
@given(cast=ballots(), data=st.data())
def test_the_order_of_ballots_changes_nothing(rule: str, cast: Ballots, data: st.DataObject) -> None:
    assert shares(rule, data.draw(st.permutations(cast))) == shares(rule, cast)


@every_rule
@quietly
@given(cast=ballots(), data=st.data())
def test_reordered_options_keep_their_shares(rule: str, cast: Ballots, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(cast[0][1]))))
    reordered = [(power, [lines[option] for option in order]) for power, lines in cast]
    result = shares(rule, cast)
    assert shares(rule, reordered) == tuple(result[option] for option in order)


@every_rule
@quietly
@given(cast=ballots(), data=st.data())
def test_splitting_power_among_like_ballots_changes_nothing(
    rule: str, cast: Ballots, data: st.DataObject
) -> None:
    parts = [data.draw(st.integers(0, power)) for power, _ in cast]
    divided = [(part, lines) for part, (_, lines) in zip(parts, cast, strict=True)]
    divided += [(power - part, lines) for part, (power, lines) in zip(parts, cast, strict=True)]
    assert shares(rule, divided) == shares(rule, cast)


@every_rule
@quietly
@given(cast=ballots(), factor=st.integers(2, 10**18))
def test_only_proportions_of_power_matter(rule: str, cast: Ballots, factor: int) -> None:
    assert shares(rule, [(power * factor, lines) for power, lines in cast]) == shares(rule, cast)


@every_rule
@quietly
@given(cast=ballots(), data=st.data(), budget=st.integers(0, 10**27))
def test_floors_and_caps_hold_and_the_budget_is_spent(
    rule: str, cast: Ballots, data: st.DataObject, budget: int
) -> None:
    options = len(cast[0][1])
    floors = data.draw(st.lists(st.integers(0, 9_999 // options), min_size=options, max_size=options))
    residual = 10_000 - sum(floors)
    largest = [max(lines[option] for _, lines in cast) for option in range(options)]
    # The tightest caps under which nobody's line is refused.
    bounds = [
        Bounds(floor, floor - (-line * residual // 10_000))
        for floor, line in zip(floors, largest, strict=True)
    ]
    assert all(line <= largest_line(option, bounds) for option, line in enumerate(largest))

    counted = profile([(power, sparse(lines)) for power, lines in cast], options)
    outcome = tally(rule, counted, bounds, budget)

    assert sum(outcome.shares) == 1
    assert sum(outcome.amounts) == budget
    for bound, share, amount in zip(bounds, outcome.shares, outcome.amounts, strict=True):
        assert Fraction(bound.floor, 10_000) <= share <= Fraction(bound.cap, 10_000)
        assert abs(amount - share * budget) < 1


@every_rule
@quietly
@given(cast=ballots())
def test_the_trace_proves_each_share(rule: str, cast: Ballots) -> None:
    counted = profile([(power, sparse(lines)) for power, lines in cast], len(cast[0][1]))
    split = RULES[rule].split(counted)
    assert split.trace.power == counted.power
    assert tuple(option.share for option in split.trace.options) == split.shares
    assert all(type(number) in {int, Fraction} for number in numbers_in(split.trace))
    if isinstance(split.trace, Levels):
        assert split.parameter == Fraction(split.trace.threshold, split.trace.power)
        for level in split.trace.options:
            assert level.share == min(max(split.trace.level, level.low), level.high)
    if isinstance(split.trace, Crossings):
        for option, crossing in enumerate(split.trace.options):
            given_by = [(power, Fraction(lines[option], 10_000)) for power, lines in cast]
            assert crossing.power_at_least == sum(power for power, line in given_by if line >= crossing.share)
            assert crossing.power_above == sum(power for power, line in given_by if line > crossing.share)
            assert 0 <= crossing.reach_above <= crossing.share <= crossing.reach_at_least


def numbers_in(trace: object) -> list[object]:
    if isinstance(trace, tuple):
        return [number for part in trace for number in numbers_in(part)]
    if is_dataclass(trace):
        return [number for field in fields(trace) for number in numbers_in(getattr(trace, field.name))]
    return [trace]
