"""Tally one contest: python -m votes.tally FILE (- reads standard input); see document.py."""

import sys
from collections.abc import Sequence
from reprlib import repr as short

from votes.tally.document import parse, render
from votes.tally.errors import TallyError


def main(arguments: Sequence[str]) -> int:
    """Print the outcome as JSON and return 0, or one line on standard error and return 2."""
    try:
        if len(arguments) != 1:
            raise TallyError("usage: python -m votes.tally FILE (or - for standard input)")
        document = parse(_read(arguments[0]))
        sys.stdout.write(render(document, document.tally()) + "\n")
    except TallyError as refusal:
        sys.stderr.write(f"votes.tally: {refusal}\n")
        return 2
    return 0


def _read(name: str) -> bytes:
    # Standard input by its number: bytes as they are, and an error where it is closed.
    source = 0 if name == "-" else name
    try:
        with open(source, "rb", closefd=source != 0) as file:
            return file.read()
    except OSError as error:
        raise TallyError(f"cannot read {short(name)}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
