"""A contest as one JSON document, for the command line.

    {"rule": "ladder", "budget": "1000",
     "options": [{"name": "a", "floor": 0, "cap": 10000}, {"name": "b"}],
     "ballots": [{"power": "5", "lines": {"a": 7000, "b": 3000}}]}

Powers and the budget are whole base units as decimal strings; floors, caps and lines whole basis
points. A floor left out is 0, a cap left out 10000. A ballot without lines abstains, and a line of 0
is the same as none. Nothing else passes: no unknown or repeated name, no other spelling of a number.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any, NoReturn

from votes.tally.bounds import WHOLE, Bounds, check_bounds, largest_lines
from votes.tally.errors import TallyError
from votes.tally.histogram import Profile, profile
from votes.tally.outcome import Outcome, tally

DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")  # 78 digits hold any 256-bit amount


@dataclass(frozen=True)
class Document:
    """A contest ready to be tallied, with the names of its options in order."""

    rule: str
    budget: int
    names: tuple[str, ...]
    bounds: tuple[Bounds, ...]
    profile: Profile

    def tally(self) -> Outcome:
        """Tally what the document describes."""
        return tally(self.rule, self.profile, self.bounds, self.budget)


def parse(data: bytes) -> Document:
    """Read a document, or refuse it by a TallyError of one line."""
    contest = _fields(_load(data), "the document", {"rule", "budget", "options", "ballots"})
    rule, budget = _text(contest["rule"], "rule"), _amount(contest["budget"], "budget")
    options = [
        _option(option, f"option {number}")
        for number, option in enumerate(_list(contest["options"], "options"), start=1)
    ]
    names, bounds = tuple(name for name, _ in options), tuple(bound for _, bound in options)
    if (repeated := _repeated(names)) is not None:
        raise TallyError(f"options: the name {short(repeated)} is repeated")
    check_bounds(bounds)
    numbers = {name: option for option, name in enumerate(names)}
    largest = largest_lines(bounds)
    ballots = (
        _ballot(ballot, f"ballot {number}", numbers, largest)
        for number, ballot in enumerate(_list(contest["ballots"], "ballots"), start=1)
    )
    return Document(rule, budget, names, bounds, profile(ballots, len(names)))


def render(document: Document, outcome: Outcome) -> str:
    """Write an outcome as JSON: exact shares of the whole budget, amounts, and the rule's parameter."""
    return json.dumps(
        {
            "shares": dict(zip(document.names, map(str, outcome.shares), strict=True)),
            "amounts": dict(zip(document.names, map(str, outcome.amounts), strict=True)),
            "parameter": None if outcome.parameter is None else str(outcome.parameter),
        },
        indent=2,
    )


def _option(option: object, where: str) -> tuple[str, Bounds]:
    fields = _fields(option, where, {"name"}, {"floor", "cap"})
    floor = _basis_points(fields.get("floor", 0), f"{where}: floor")
    cap = _basis_points(fields.get("cap", WHOLE), f"{where}: cap")
    return _text(fields["name"], f"{where}: name"), Bounds(floor, cap)


def _ballot(
    ballot: object, where: str, numbers: Mapping[str, int], largest: Sequence[int]
) -> tuple[int, dict[int, int]]:
    fields = _fields(ballot, where, {"power", "lines"})
    power = _amount(fields["power"], f"{where}: power")
    lines = {}
    for name, value in _object(fields["lines"], f"{where}: lines").items():
        if name not in numbers:
            raise TallyError(f"{where}: unknown option {short(name)}")
        option, line = numbers[name], _basis_points(value, f"{where}: line of {short(name)}")
        if line > largest[option]:
            raise TallyError(
                f"{where}: line of {short(name)} is over its cap, which leaves {largest[option]} basis points"
            )
        lines[option] = line
    if lines and not any(lines.values()):
        raise TallyError(f"{where}: the lines sum to 0 basis points, not {WHOLE}")
    return power, {option: line for option, line in lines.items() if line}


def _load(data: bytes) -> object:
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_not_whole,
            parse_constant=_not_whole,
        )
    except UnicodeDecodeError as error:
        raise TallyError("the document is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise TallyError(f"the document is not JSON: {error}") from error
    except RecursionError as error:
        raise TallyError("the document is nested too deeply") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        repeated = _repeated(name for name, _ in pairs)
        raise TallyError(f"the name {short(repeated)} is repeated in one object")
    return fields


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _integer(literal: str) -> int:
    # JSON allows "-0"; and Python takes quadratic time over very long literals.
    if literal == "-0" or len(literal) > 78:
        raise TallyError(f"{short(literal)} is not a number that can be meant here")
    return int(literal)


def _not_whole(literal: str) -> NoReturn:
    raise TallyError(f"{short(literal)} is not a whole number")


def _fields(
    value: object, where: str, required: Set[str], optional: Set[str] = frozenset()
) -> dict[str, Any]:
    fields = _object(value, where)
    for name in sorted(required - fields.keys()):
        raise TallyError(f"{where}: {name} is missing")
    for name in fields:
        if name not in required | optional:
            raise TallyError(f"{where}: unknown field {short(name)}")
    return fields


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TallyError(f"{where}: must be an object")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise TallyError(f"{where}: must be a list")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise TallyError(f"{where}: must be text that is not empty")
    return value


def _amount(value: object, where: str) -> int:
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise TallyError(
            f"{where}: must be a whole amount of base units as a decimal string, not {short(value)}"
        )
    return int(value)


def _basis_points(value: object, where: str) -> int:
    if type(value) is not int or not 0 <= value <= WHOLE:
        raise TallyError(
            f"{where}: must be a whole number of basis points from 0 to {WHOLE}, not {short(value)}"
        )
    return value
