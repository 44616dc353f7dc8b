import ast
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import votes.tally
from votes.tally import RULES, Bounds, Profile, TallyError, profile, tally

FREE = Bounds(0, 10_000)
COUNTED = profile([(3, {0: 10_000}), (2, {1: 10_000})], 2)
ROOM = Path(votes.tally.__file__).parent


def test_the_five_rules_are_offered() -> None:
    assert list(RULES) == [
        "mean",
        "ladder",
        "median_phantoms",
        "independent_markets",
        "piecewise_uniform",
    ]
    assert all(rule.name == name and rule.title and rule.sentence for name, rule in RULES.items())


def test_floors_come_off_the_top() -> None:
    outcome = tally("ladder", COUNTED, [Bounds(1_000, 10_000), Bounds(2_000, 10_000)], 1_000)
    assert outcome.residual == (Fraction(3, 5), Fraction(2, 5))
    assert outcome.shares == (Fraction(52, 100), Fraction(48, 100))
    assert outcome.amounts == (520, 480)


def test_a_floor_is_paid_without_a_single_line() -> None:
    outcome = tally("median_phantoms", COUNTED, [FREE, Bounds(500, 10_000)], 100)
    assert outcome.shares == (Fraction(95, 100), Fraction(5, 100))


def test_a_zero_budget_pays_nothing() -> None:
    outcome = tally("mean", COUNTED, [FREE, FREE], 0)
    assert outcome.amounts == (0, 0)
    assert outcome.shares == (Fraction(3, 5), Fraction(2, 5))


def test_a_cap_is_met_exactly_by_the_largest_line() -> None:
    capped = [Bounds(1_000, 5_500), FREE]
    outcome = tally("mean", profile([(7, {0: 5_000, 1: 5_000})], 2), capped, 100)
    assert outcome.shares == (Fraction(55, 100), Fraction(45, 100))


@pytest.mark.parametrize(
    ("rule", "counted", "bounds", "budget", "reason"),
    [
        ("median", COUNTED, [FREE, FREE], 1, "unknown rule: choose one of mean, ladder"),
        ("mean", COUNTED, [FREE], 1, "2 options were voted on, but 1 have bounds"),
        ("mean", COUNTED, [Bounds(9_000, 10_000), Bounds(1_000, 10_000)], 1, "floors sum to 10000"),
        ("mean", COUNTED, [FREE, Bounds(0, 9_999)], 1, "option 2: a counted line is over the cap"),
        ("mean", COUNTED, [FREE, FREE], -1, "not negative"),
        *[(rule, Profile(({}, {}), 0), [FREE, FREE], 1, "no power at all") for rule in RULES],
        *[(rule, Profile((), 0), [], 1, "at least one option") for rule in RULES],
    ],
)
def test_what_cannot_be_tallied_is_refused(
    rule: str, counted: Profile, bounds: list[Bounds], budget: int, reason: str
) -> None:
    with pytest.raises(TallyError, match=reason) as refusal:
        tally(rule, counted, bounds, budget)
    assert "\n" not in str(refusal.value)


def test_cells_without_power_change_nothing() -> None:
    padded = Profile(({10_000: 3, 4_000: 0}, {10_000: 2, 1: 0}), 5)
    for rule in RULES:
        assert tally(rule, padded, [FREE, FREE], 99) == tally(rule, COUNTED, [FREE, FREE], 99)


def test_the_room_holds_no_float() -> None:
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.Name) and node.id in {"float", "round"}), path


def test_the_room_needs_no_framework() -> None:
    check = "import sys, votes.tally.__main__; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=ROOM.parents[1], check=True)
