"""`bin/bench [pages | accept | rules | record …]`: one part, or all of them one after the other."""

import argparse
import sys
from collections.abc import Callable

from tpp.bench import accept, large, pages, record, rules

PARTS: dict[str, Callable[[], None]] = {
    "pages": pages.run,
    "accept": accept.run,
    "rules": rules.run,
    "tally": large.run_tally,
    "closing": large.run_closing,
    "record": record.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench", description="How fast this is, on this machine, now.")
    parser.add_argument("part", nargs="*", help=f"{', '.join(PARTS)}; without a name all of them")
    chosen = parser.parse_args().part or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        parser.error(f"there is no {', '.join(unknown)}; there is {', '.join(PARTS)}")
    for name in chosen:
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
