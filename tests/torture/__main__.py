"""`bin/torture [campaign …] [--rounds N]`: the tests of this directory, each as often as its claim deserves."""

import argparse
import os
import sys
from pathlib import Path

import pytest

from tpp import setup

HERE = Path(__file__).resolve().parent.relative_to(setup.ROOT)
CAMPAIGNS = {
    path.stem.removeprefix("test_"): [str(HERE / path.name)]
    for path in Path(__file__).parent.glob("test_*.py")
}
# A node that is down at closing, and hostile wallets, have tests of their own.
CAMPAIGNS["node"] = ["tests/votes/test_waiting.py"]
CAMPAIGNS["records"] = ["tests/votes/record/test_hostile_records.py"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/torture", description="Nothing spoils a closing: in full.")
    known = ", ".join(sorted(CAMPAIGNS))
    parser.add_argument("campaign", nargs="*", help=f"{known}; without a name all of them")
    parser.add_argument("--rounds", type=int, help="how often, in place of each campaign's own number")
    options = parser.parse_args()
    chosen = options.campaign or sorted(CAMPAIGNS)
    if unknown := [name for name in chosen if name not in CAMPAIGNS]:
        parser.error(f"there is no {', '.join(unknown)}; there is {known}")
    os.environ["TPP_TORTURE"] = "1"
    if options.rounds:
        os.environ["TPP_TORTURE_ROUNDS"] = str(options.rounds)
    paths = [path for name in chosen for path in CAMPAIGNS[name]]
    return pytest.main(["-o", "faulthandler_timeout=7200", "--durations=0", "--durations-min=5", *paths])


if __name__ == "__main__":
    sys.exit(main())
