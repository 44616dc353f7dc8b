"""Whatever a record says, the verifier ends in a verdict. TPP_MUTATIONS: how many records to spoil, TPP_SEED: which."""

import copy
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.records import check, file_of, finished_cycle, objects, sealed_again
from tests.votes.record.test_tampering import with_heads
from votes.actions.record_lines import text_lines
from votes.record.canonical import canonical, sha256_hex
from votes.record.verify import CHECKS

pytestmark = pytest.mark.django_db

_MANY = os.environ.get("TPP_TORTURE_ROUNDS", "5000")
COUNT = int(os.environ.get("TPP_MUTATIONS", _MANY if "TPP_TORTURE" in os.environ else "400"))
SEED = int(os.environ.get("TPP_SEED", "1"))
Path = tuple[str | int, ...]
Lines = list[dict[str, Any]]

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    10_000,
    2**53 - 1,
    -(2**53) + 1,
    "",
    "0",
    "-1",
    "1/0",
    "9" * 78,
    "9" * 5_000,
    "1/" + "9" * 1_999,
    "0x",
    "0x" + "ff" * 20,
    "0x" + "ff" * 32,
    "0x" + "ff" * 65,
    "x" * 20_000,
    "*",
    "\x00\x1b[2J",
    "1000-01-01T00:00:00.000000Z",
    "9999-12-31T23:59:59.999999Z",
    "2030-02-30T00:00:00.000000Z",
    [],
    {},
    [[]],
    [0] * 3_000,
    [None],
    {"": None},
]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a value, from the top."""
    yield path
    if isinstance(value, dict):
        for name, one in value.items():
            yield from paths(one, (*path, name))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from paths(one, (*path, at))


def spoil(value: Any, chance: random.Random) -> tuple[Any, str]:
    """One thing in it changed, and what."""
    *above, last = chance.choice([path for path in paths(value) if path])
    holder = value
    for step in above:
        holder = holder[step]
    kind = chance.choice(["replace", "replace", "replace", "nudge", "remove", "add", "repeat"])
    old = holder[last]
    if kind == "nudge" and type(old) is int:
        holder[last] = old + chance.choice([-1, 1])
    elif kind == "remove":
        del holder[last]
    elif kind == "add" and isinstance(holder, dict):
        holder["more"] = chance.choice(VALUES)
    elif kind == "repeat" and isinstance(holder, list):
        holder.insert(int(last), copy.deepcopy(old))
    else:
        holder[last] = copy.deepcopy(chance.choice(VALUES))
    return value, f"{kind} {[*above, last]}"


def spoilt(right: Lines, chance: random.Random) -> tuple[bytes, str]:
    """A record with one thing changed, sealed again, and what that was."""
    lines = copy.deepcopy(right)
    at = chance.randrange(len(lines))
    if lines[at]["type"] in ("ballot", "holder"):  # the most, and all alike
        at = chance.randrange(len(lines))
    kind = chance.randrange(10)
    rules = next(one for one in lines if one["type"] == "rules")
    if kind < 4:
        terms, what = spoil(json.loads(rules["json"]), chance)
        rules["json"] = canonical(terms).decode()
        rules["sha256"] = "0x" + sha256_hex(rules["json"].encode())
        for one in lines:
            if one["type"] == "certificate":
                one["rules_hash"] = rules["sha256"]
        return sealed_again(lines), f"rules: {what}"
    if kind == 4:
        lines.insert(chance.randrange(len(lines)), copy.deepcopy(lines[at]))
        return sealed_again(lines), f"line {at + 1} again"
    if kind == 5:
        one = lines.pop(at)
        lines.insert(chance.randrange(len(lines)), one)
        return sealed_again(lines), f"a {one['type']} line elsewhere"
    _, what = spoil(lines[at], chance)
    return seal_anyhow(lines), f"line {at + 1}: {what}"


def seal_anyhow(lines: Lines) -> bytes:
    """As `sealed_again`, also where a line has lost its type, or the seal is what was spoilt."""
    try:
        if any(one["type"] == "seal" for one in lines):
            return sealed_again(lines)
    except (KeyError, TypeError):
        pass
    return b"".join(canonical(one) + b"\n" for one in lines)


def right_lines() -> Lines:
    cycle = finished_cycle()
    return with_heads(objects(file_of(cycle, "final") + b"".join(text_lines(cycle))))


# What only words for readers, no number and no signature hang on: which program made it, and who wrote what beside it.
NOTHING_HANGS_ON = ("['software']", "['reason']", "['words']", "['output']", "['opened_by']")


def is_harmless(what: str) -> bool:
    """Transfers are named by their keys and texts by their hashes: both may stand in any order."""
    moved = what in ("a transfer line elsewhere", "a text line elsewhere")
    return moved or (what.startswith("line") and what.endswith(NOTHING_HANGS_ON))


def test_every_spoilt_record_ends_in_a_verdict() -> None:
    right = right_lines()
    whole = sealed_again(right)
    assert check(whole).has_passed
    chance = random.Random(SEED)
    passed = []
    for number in range(COUNT):
        data, what = spoilt(right, chance)
        try:
            verdict = check(data)
        except Exception as error:
            raise AssertionError(f"{number}: {what}") from error
        assert [outcome.check.name for outcome in verdict.outcomes] == list(CHECKS)
        if verdict.has_passed and data != whole and not is_harmless(what):
            passed.append(what)
    assert not passed, passed


def test_lines_of_every_type_with_every_odd_value_end_in_a_verdict() -> None:
    """Not chance: each field of each type of line, once with each value."""
    right = right_lines()
    kinds = {one["type"]: at for at, one in enumerate(right)}
    for at in kinds.values():
        for name in right[at]:
            lines = copy.deepcopy(right)
            # One line before each with an odd value, so that all values take one pass.
            lines[at:at] = [{**right[at], name: value} for value in VALUES]
            verdict = check(b"".join(canonical(one) + b"\n" for one in lines))
            assert not verdict.has_passed, (right[at]["type"], name)
