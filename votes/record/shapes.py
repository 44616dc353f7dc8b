"""What each type of line must look like: its fields and the one form of each. Docs: docs/record.md."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .instants import from_iso

__all__ = ["SHAPES", "fault_of"]

Form = Callable[[Any], bool]


@dataclass(frozen=True)
class Shape:
    """The fields of a line besides its type; the optional ones stand only where they say something."""

    fields: Mapping[str, Form]
    optional: Mapping[str, Form]


def _matching(pattern: str) -> Form:
    form = re.compile(pattern)
    return lambda value: type(value) is str and form.fullmatch(value) is not None


def _nullable(form: Form) -> Form:
    return lambda value: value is None or form(value)


def _list_of(form: Form) -> Form:
    return lambda value: type(value) is list and all(map(form, value))


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_truth(value: Any) -> bool:
    return type(value) is bool


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _is_instant(value: Any) -> bool:
    try:
        from_iso(value)
    except (TypeError, ValueError):
        return False
    return True


_AMOUNT = _matching("0|[1-9][0-9]{0,77}")
_FRACTION = _matching("(?:0|[1-9][0-9]{0,1999})(?:/[1-9][0-9]{0,1999})?")
_ADDRESS = _matching("0x[0-9a-f]{40}")
_HASH = _matching("0x[0-9a-f]{64}")
_BYTES = _matching("0x(?:[0-9a-f]{2})*")
_ED25519 = _matching("0x[0-9a-f]{128}")


def _shape(optional: Mapping[str, Form] | None = None, **fields: Form) -> Shape:
    return Shape(fields, optional or {})


_BALLOT: dict[str, Form] = {
    "voter": _ADDRESS,
    "nonce": _is_whole,
    "options": _list_of(_is_whole),
    "shares": _list_of(_is_whole),
    "reason": _HASH,
    "digest": _HASH,
    "signature": _nullable(_BYTES),
    "received_at": _is_instant,
}

_EVIDENCE: Mapping[str, Form] = {
    "chain_id": _is_whole,
    "standard": _matching("eip1271|erc6492"),
    "block": _is_whole,
    "block_hash": _HASH,
    "block_at": _is_instant,
}


def _is_evidence(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() == _EVIDENCE.keys()
        and all(form(value[name]) for name, form in _EVIDENCE.items())
    )


SHAPES: Mapping[str, Shape] = {
    "header": _shape(
        format=_is_whole,
        kind=_is_text,
        cycle=_matching("0|[1-9][0-9]{0,15}"),
        origin=_is_text,
        deployment=_HASH,
        software=_is_text,
    ),
    "rules": _shape(json=_is_text, sha256=_HASH, published_at=_is_instant),
    "power": _shape(
        {"chain_id": _is_whole, "block": _is_whole, "block_hash": _HASH},
        source=_is_text,
        sha256=_HASH,
        timepoint=_is_instant,
        taken_at=_is_instant,
        holders=_is_whole,
        total=_AMOUNT,
    ),
    "holder": _shape(address=_ADDRESS, power=_AMOUNT),
    "head": _shape(size=_is_whole, root=_HASH, published_at=_is_instant, signature=_ED25519),
    "ballot": _shape(
        {"blind": _HASH, "commitment": _HASH, "evidence": _is_evidence},
        **_BALLOT,
        position=_is_whole,
        sequence=_is_whole,
        replaced=_is_truth,
    ),
    "waiting": _shape({"evidence": _is_evidence}, **_BALLOT, verdict=_is_text, words=_is_text),
    "exclusion": _shape(position=_is_whole, contest=_is_text, check=_is_text, words=_is_text),
    "certificate": _shape(
        certified_at=_is_instant, ballot_count=_is_whole, merkle_root=_HASH, rules_hash=_HASH
    ),
    "result": _shape(
        version=_is_whole,
        published_at=_is_instant,
        reason=_is_text,
        software=_is_text,
        voters=_is_whole,
        power=_AMOUNT,
    ),
    "contest_result": _shape(
        version=_is_whole,
        contest=_is_text,
        rule=_is_text,
        binding=_is_truth,
        outcome=_is_text,
        why=_is_text,
        budget=_AMOUNT,
        voters=_is_whole,
        power=_AMOUNT,
        parameter=_nullable(_FRACTION),
        shares=_list_of(_FRACTION),
        amounts=_list_of(_AMOUNT),
    ),
    "challenge": _shape(
        {"version": _is_whole, "software": _is_text, "other": _HASH},
        check=_is_text,
        opened_at=_is_instant,
        opened_by=_is_text,
        answered_at=_is_instant,
        passed=_is_truth,
        output=_is_text,
    ),
    "settlement": _shape(version=_is_whole, settled_at=_is_instant),
    "transfer": _shape(
        key=_is_text,
        debit=_is_text,
        credit=_is_text,
        amount=_AMOUNT,
        reason=_is_text,
        happened_at=_is_instant,
    ),
    "seal": _shape(lines=_is_whole, sha256=_HASH),
    "text": _shape(hash=_HASH, text=_is_text),
}


def fault_of(kind: str, fields: Mapping[str, Any]) -> str | None:
    """What is wrong with a line's fields, its type left out; None where nothing is.

    >>> fault_of("seal", {"lines": -1, "sha256": "0x" + "00" * 32})
    'its "lines" has not the form that it must have'
    """
    shape = SHAPES[kind]
    for name in fields.keys() - shape.fields.keys() - shape.optional.keys():
        return f'it has a field "{name[:40]}" that no {kind} line has'
    for name in shape.fields.keys() - fields.keys():
        return f'it lacks "{name}"'
    for name, value in sorted(fields.items()):
        form = shape.fields.get(name) or shape.optional[name]
        if not form(value):
            return f'its "{name}" has not the form that it must have'
    return None
