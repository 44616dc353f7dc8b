"""Contests A to E of mechanisms.md 1.4: every rule gives the published shares and parameter."""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from votes.tally import RULES, Bounds, Profile, largest_remainder, profile, tally

VECTORS = Path(__file__).parents[4] / "shared" / "data" / "vectors.json"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS} is not beside the repository")

VECTOR_NAMES = {
    "mean": "mean",
    "ladder": "ladder",
    "median_phantoms": "util",
    "independent_markets": "im",
    "piecewise_uniform": "pu",
}
VECTOR_PARAMETERS = {
    "ladder": "ladder_delta",
    "median_phantoms": "util_theta",
    "independent_markets": "im_s",
    "piecewise_uniform": "pu_t",
}

Ballots = Sequence[tuple[int, Sequence[int]]]  # power, and a percentage for each option

A: Ballots = [(3, (100, 0)), (2, (0, 100))]
B: Ballots = [(5, (70, 20, 10)), (3, (10, 80, 10)), (2, (0, 20, 80))]
C: Ballots = [(1, (80, *(20 if own == voter else 0 for own in range(4)))) for voter in range(4)]
D: Ballots = [(45, (0, 0, 100)), *[(5, (60, 40, 0))] * 5, *[(5, (50, 50, 0))] * 6]
E: Ballots = [(1, (50, 50, 0)), (1, (50, 0, 50)), (1, (0, 50, 50))]

THIRDS = "1/3 1/3 1/3"
COMMON = "4/5 1/20 1/20 1/20 1/20"

EXAMPLES = [
    (A, "mean", "3/5 2/5", None),
    (A, "ladder", "3/5 2/5", "0"),
    (A, "median_phantoms", "1 0", "3/5"),
    (A, "independent_markets", "3/5 2/5", "1"),
    (A, "piecewise_uniform", "3/5 2/5", "1"),
    (B, "mean", "19/50 19/50 6/25", None),
    (B, "ladder", "1/2 3/10 1/5", "0"),
    (B, "median_phantoms", "7/10 1/5 1/10", "1/2"),
    (B, "independent_markets", "1/2 3/10 1/5", "1"),
    (B, "piecewise_uniform", "1/2 3/10 1/5", "1"),
    (C, "mean", COMMON, None),
    (C, "ladder", COMMON, "1/5"),
    (C, "median_phantoms", COMMON, "1/4"),
    (C, "independent_markets", "1/2 1/8 1/8 1/8 1/8", "1/2"),
    (C, "piecewise_uniform", COMMON, "3/5"),
    (D, "mean", "3/10 1/4 9/20", None),
    (D, "ladder", "11/30 11/30 4/15", "11/60"),
    (D, "median_phantoms", "1/2 2/5 1/10", "9/20"),
    (D, "independent_markets", "11/31 11/31 9/31", "20/31"),
    (D, "piecewise_uniform", "11/30 11/30 4/15", "43/54"),
    (E, "mean", THIRDS, None),
    (E, "ladder", THIRDS, "1/3"),
    (E, "median_phantoms", THIRDS, "2/3"),
    (E, "independent_markets", THIRDS, "1/2"),
    (E, "piecewise_uniform", THIRDS, "1/2"),
]


def counted(ballots: Ballots) -> Profile:
    lines = [
        (power, {option: 100 * percentage for option, percentage in enumerate(percentages) if percentage})
        for power, percentages in ballots
    ]
    return profile(lines, len(ballots[0][1]))


@pytest.mark.parametrize(("ballots", "rule", "shares", "parameter"), EXAMPLES)
def test_the_rule_gives_the_published_split(
    ballots: Ballots, rule: str, shares: str, parameter: str | None
) -> None:
    split = RULES[rule].split(counted(ballots))
    assert split.rule == rule
    assert split.shares == tuple(map(Fraction, shares.split()))
    assert split.parameter == (None if parameter is None else Fraction(parameter))


def test_a_budget_that_does_not_divide_is_paid_to_the_last_base_unit() -> None:
    bounds = [Bounds(0, 10_000)] * 3
    outcome = tally("ladder", counted(B), bounds, 10**24 + 1)
    assert outcome.amounts == (5 * 10**23 + 1, 3 * 10**23, 2 * 10**23)


def vectors() -> list[Any]:
    return list(json.loads(VECTORS.read_text())) if VECTORS.exists() else []


@needs_vectors
def test_the_vectors_are_not_empty() -> None:
    assert len(vectors()) >= 5


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: str(vector["name"]))
@pytest.mark.parametrize("rule", RULES)
def test_the_rule_gives_what_the_shared_vector_says(vector: Mapping[str, Any], rule: str) -> None:
    split = RULES[rule].split(vector_profile(vector))
    name = VECTOR_NAMES[rule]
    assert [str(share) for share in split.shares] == vector["expected"][name]
    assert [str(amount) for amount in largest_remainder(split.shares, 10**24)] == vector["hamilton_1e24"][
        name
    ]
    if rule in VECTOR_PARAMETERS:
        assert str(split.parameter) == vector["params"][VECTOR_PARAMETERS[rule]]


def vector_profile(vector: Mapping[str, Any]) -> Profile:
    ballots = []
    for weight, shares in zip(vector["weights"], vector["ballots"], strict=True):
        lines = [Fraction(share) * 10_000 for share in shares]
        assert all(line.denominator == 1 for line in lines), "a vector beyond whole basis points"
        ballots.append((int(weight), {option: int(line) for option, line in enumerate(lines) if line}))
    return profile(ballots, len(vector["ballots"][0]))
