"""What rules.json must look like before anything is reckoned by it: a hostile one is refused here, in words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from votes.record.canonical import canonical, nesting
from votes.record.rules import Rules
from votes.record.shapes import (
    AMOUNT,
    FRACTION,
    HASH,
    Form,
    is_instant,
    is_text,
    is_truth,
    is_whole,
    matching,
)
from votes.tally import FALLBACKS, RULES, Bounds, TallyError, check_bounds

_DEEPEST = 64
_LONGEST_WINDOW = 1 << 32  # seconds
_NUMBER = matching("0|[1-9][0-9]{0,15}")
_HEX = matching("[0-9a-f]{64}")


class NoRules(ValueError):
    """A rules.json that cannot be used; the message says why."""


def read_rules(text: str) -> Rules:
    """The rules in `text`, NoRules where they are none or nothing could be tallied by them."""
    try:
        if nesting(text) > _DEEPEST:
            raise NoRules("it is nested too deeply")
        document = json.loads(text)
        if canonical(document) != text.encode():
            raise NoRules("it is JSON, but not in canonical form")
    except (ValueError, RecursionError) as error:
        raise NoRules(str(error)) from error
    _check("rules.json", document, _RULES, _OPTIONAL)
    _check_contests(document["contests"])
    return Rules.parse(text)


def _check(where: str, value: Any, needed: Mapping[str, Form], optional: Mapping[str, Form]) -> None:
    if type(value) is not dict:
        raise NoRules(f"{where} is no object")
    for name in sorted(needed.keys() - value.keys()):
        raise NoRules(f'{where} lacks "{name}"')
    for name, one in sorted(value.items()):
        form = needed.get(name) or optional.get(name)
        if form is None:
            raise NoRules(f'{where} has a field "{name[:40]}" that is not known')
        if not form(one):
            raise NoRules(f'"{name}" in {where} has not the form that it must have')


def _object(optional: Mapping[str, Form] | None = None, /, **needed: Form) -> Form:
    def form(value: Any) -> bool:
        try:
            _check("it", value, needed, optional or {})
        except NoRules:
            return False
        return True

    return form


def _nullable(form: Form) -> Form:
    return lambda value: value is None or form(value)


def _list_of(form: Form) -> Form:
    return lambda value: type(value) is list and all(map(form, value))


def _one_of(names: Sequence[str]) -> Form:
    return lambda value: type(value) is str and value in names


def _up_to(most: int) -> Form:
    return lambda value: is_whole(value) and value <= most


def _are_shares(value: Any) -> bool:
    return type(value) is dict and all(map(FRACTION, value.values()))


_INSTANTS: Mapping[str, Form] = dict.fromkeys(
    ("announced_at", "snapshot_at", "opens_at", "closes_at", "settles_at"), is_instant
)
_OPTION = _object(typology=is_text, name=is_text, floor=_up_to(10_000), cap=_up_to(10_000))
_CONTEST: Mapping[str, Form] = {
    "programme": is_text,
    "name": is_text,
    "budget": _nullable(AMOUNT),
    "rule": _one_of(tuple(RULES)),
    "quorum": _object(power=_up_to(10_000), voters=is_whole),
    "fallback": _one_of(FALLBACKS),
    "options": _list_of(_OPTION),
}
_LAST_SPLIT: Mapping[str, Form] = {"last_split": _nullable(_object(cycle=_NUMBER, shares=_are_shares))}
_RULES: Mapping[str, Form] = {
    "version": lambda value: is_whole(value) and value == 1,
    "cycle": _NUMBER,
    "origin": is_text,
    "deployment": HASH,
    "receipt_key": HASH,
    "instants": _object(**_INSTANTS),
    "challenge": _object(window_seconds=_up_to(_LONGEST_WINDOW)),
    "token": _object(chain_id=is_whole, address=is_text, symbol=is_text, decimals=is_whole),
    "power": _object(source=is_text, sha256=_HEX, holders=is_whole, total=AMOUNT),
    "limits": _object(
        {"ballots_per_voter": is_whole, "reason_bytes": is_whole, "lines": is_whole}, least_power=AMOUNT
    ),
    "amounts": is_text,
    "contests": lambda value: type(value) is list,
    "facilitators": _list_of(
        _object(programme=is_text, wallet=is_text, ends_at=is_instant, pay_rule=is_text)
    ),
}
_OPTIONAL: Mapping[str, Form] = {"live_results": is_truth, "waiting_seconds": _up_to(_LONGEST_WINDOW)}


def _check_contests(contests: Sequence[Any]) -> None:
    for number, contest in enumerate(contests, start=1):
        where = f"contest {number}"
        _check(where, contest, _CONTEST, _LAST_SPLIT)
        _no_two(f"options of {where}", [option["typology"] for option in contest["options"]])
        try:
            check_bounds([Bounds(option["floor"], option["cap"]) for option in contest["options"]])
        except TallyError as error:
            raise NoRules(f"{where}: {error}") from error
    _no_two("contests", [contest["programme"] for contest in contests])


def _no_two(what: str, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise NoRules(f"two {what} have the same name")
