"""The tally in plain Python, on ballots made up."""

import random

from tpp.bench.figures import row, timed
from votes.tally import RULES, Bounds, profile, tally

RUNS = 5


def run(*, ballots: int = 100_000, options: int = 20) -> None:
    chance = random.Random(1)  # noqa: S311 (the same ballots every time)
    votes = [(chance.getrandbits(80), a_ballot(chance, options)) for _ in range(ballots)]
    counted, took = timed(lambda: profile(votes, options))
    row(f"histogram of {ballots:,} ballots × {options} options, pure Python", [took])
    bounds = [Bounds(0, 10_000)] * options
    times = [timed(lambda: [tally(rule, counted, bounds, 10**27) for rule in RULES])[1] for _ in range(RUNS)]
    row(f"all {len(RULES)} rules with rounding over it", times)


def a_ballot(chance: random.Random, options: int) -> dict[int, int]:
    """Five lines of arbitrary basis points."""
    chosen = chance.sample(range(options), 5)
    cuts = sorted(chance.sample(range(1, 10_000), 4))
    return dict(zip(chosen, (b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)), strict=True))
