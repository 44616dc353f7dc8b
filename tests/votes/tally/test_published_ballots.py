"""A published vote (vlCVX gauges, 19 September 2024): the rules give what mechanisms.md 1.5 lists."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from votes.tally import RULES, Profile, largest_remainder, profile

VOTES = Path(__file__).parents[4] / "shared" / "data" / "vlcvx-gauge-20240919" / "votes.json"

pytestmark = pytest.mark.skipif(not VOTES.exists(), reason=f"{VOTES} is not beside the repository")


@pytest.fixture(scope="module")
def counted() -> Profile:
    """193 ballots on 82 options; their free weights are rounded to whole basis points."""
    votes = json.loads(VOTES.read_text(), parse_float=Decimal)
    options = sorted({gauge for vote in votes for gauge, weight in vote["choice"].items() if weight}, key=int)
    ballots = []
    for vote in votes:
        weights = [Fraction(vote["choice"].get(gauge, 0)) for gauge in options]
        lines = largest_remainder([weight / sum(weights) for weight in weights], 10_000)
        power = int(Fraction(vote["vp"]) * 10**18)
        ballots.append((power, {option: line for option, line in enumerate(lines) if line}))
    return profile(ballots, len(options))


@pytest.mark.parametrize(
    ("rule", "parameter", "funded", "distance", "largest_shift"),
    [
        ("mean", None, 82, "0", "0"),
        ("ladder", "0.224", 49, "0.670", "0.067"),
        ("median_phantoms", None, 45, "0.875", "0.145"),
        ("independent_markets", "0.126", 82, "0.644", "0.119"),
        ("piecewise_uniform", None, 82, "0.582", "0.082"),
    ],
)
def test_real_ballots_give_the_listed_comparison(
    counted: Profile, rule: str, parameter: str | None, funded: int, distance: str, largest_shift: str
) -> None:
    split, mean = RULES[rule].split(counted), RULES["mean"].split(counted)
    shifts = [abs(share - average) for share, average in zip(split.shares, mean.shares, strict=True)]
    assert sum(split.shares) == 1
    assert sum(share > 0 for share in split.shares) == funded
    assert round(sum(shifts, Fraction()), 3) == Fraction(distance)
    assert round(max(shifts), 3) == Fraction(largest_shift)
    if parameter is not None:
        assert split.parameter is not None
        assert round(split.parameter, 3) == Fraction(parameter)
