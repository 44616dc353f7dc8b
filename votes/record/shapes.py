"""What each type of line must look like: its fields and the one form of each. Docs: docs/record.md."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .instants import from_iso

__all__ = [
    "AMOUNT",
    "FRACTION",
    "HASH",
    "SHAPES",
    "Form",
    "fault_of",
    "is_instant",
    "is_text",
    "is_truth",
    "is_whole",
    "matching",
]

Form = Callable[[Any], bool]


@dataclass(frozen=True)
class Shape:
    """The fields of a line besides its type; the optional ones stand only where they say something."""

    fields: Mapping[str, Form]
    optional: Mapping[str, Form]


def matching(pattern: str) -> Form:
    """Text that matches all of a pattern."""
    form = re.compile(pattern)
    return lambda value: type(value) is str and form.fullmatch(value) is not None


def _nullable(form: Form) -> Form:
    return lambda value: value is None or form(value)


def _list_of(form: Form) -> Form:
    return lambda value: type(value) is list and all(map(form, value))


def is_text(value: Any) -> bool:
    """Text."""
    return type(value) is str


def is_truth(value: Any) -> bool:
    """True or false."""
    return type(value) is bool


def is_whole(value: Any) -> bool:
    """A whole number from 0 to 2^53 - 1."""
    return type(value) is int and 0 <= value < 1 << 53


def is_instant(value: Any) -> bool:
    """An instant as canonical text."""
    try:
        from_iso(value)
    except (TypeError, ValueError):
        return False
    return True


AMOUNT = matching("0|[1-9][0-9]{0,77}")
FRACTION = matching("(?:0|[1-9][0-9]{0,1999})(?:/[1-9][0-9]{0,1999})?")
_ADDRESS = matching("0x[0-9a-f]{40}")
HASH = matching("0x[0-9a-f]{64}")
_BYTES = matching("0x(?:[0-9a-f]{2})*")
_ED25519 = matching("0x[0-9a-f]{128}")


def _shape(optional: Mapping[str, Form] | None = None, **fields: Form) -> Shape:
    return Shape(fields, optional or {})


_BALLOT: dict[str, Form] = {
    "voter": _ADDRESS,
    "nonce": is_whole,
    "options": _list_of(is_whole),
    "shares": _list_of(is_whole),
    "reason": HASH,
    "digest": HASH,
    "signature": _nullable(_BYTES),
    "received_at": is_instant,
}

_EVIDENCE: Mapping[str, Form] = {
    "chain_id": is_whole,
    "standard": matching("eip1271|erc6492"),
    "block": is_whole,
    "block_hash": HASH,
    "block_at": is_instant,
}


def _is_evidence(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() == _EVIDENCE.keys()
        and all(form(value[name]) for name, form in _EVIDENCE.items())
    )


SHAPES: Mapping[str, Shape] = {
    "header": _shape(
        format=is_whole,
        kind=is_text,
        cycle=matching("0|[1-9][0-9]{0,15}"),
        origin=is_text,
        deployment=HASH,
        software=is_text,
    ),
    "rules": _shape(json=is_text, sha256=HASH, published_at=is_instant),
    "power": _shape(
        {"chain_id": is_whole, "block": is_whole, "block_hash": HASH},
        source=is_text,
        sha256=HASH,
        timepoint=is_instant,
        taken_at=is_instant,
        holders=is_whole,
        total=AMOUNT,
    ),
    "holder": _shape(address=_ADDRESS, power=AMOUNT),
    "head": _shape(size=is_whole, root=HASH, published_at=is_instant, signature=_ED25519),
    "ballot": _shape(
        {"blind": HASH, "commitment": HASH, "evidence": _is_evidence},
        **_BALLOT,
        position=is_whole,
        sequence=is_whole,
        replaced=is_truth,
    ),
    "waiting": _shape({"evidence": _is_evidence}, **_BALLOT, verdict=is_text, words=is_text),
    "exclusion": _shape(position=is_whole, contest=is_text, check=is_text, words=is_text),
    "certificate": _shape(certified_at=is_instant, ballot_count=is_whole, merkle_root=HASH, rules_hash=HASH),
    "result": _shape(
        version=is_whole,
        published_at=is_instant,
        reason=is_text,
        software=is_text,
        voters=is_whole,
        power=AMOUNT,
    ),
    "contest_result": _shape(
        version=is_whole,
        contest=is_text,
        rule=is_text,
        binding=is_truth,
        outcome=is_text,
        why=is_text,
        budget=AMOUNT,
        voters=is_whole,
        power=AMOUNT,
        parameter=_nullable(FRACTION),
        shares=_list_of(FRACTION),
        amounts=_list_of(AMOUNT),
    ),
    "challenge": _shape(
        {"version": is_whole, "software": is_text, "other": HASH},
        check=is_text,
        opened_at=is_instant,
        opened_by=is_text,
        answered_at=is_instant,
        passed=is_truth,
        output=is_text,
    ),
    "settlement": _shape(version=is_whole, settled_at=is_instant),
    "transfer": _shape(
        key=is_text,
        debit=is_text,
        credit=is_text,
        amount=AMOUNT,
        reason=is_text,
        happened_at=is_instant,
    ),
    "seal": _shape(lines=is_whole, sha256=HASH),
    "text": _shape(hash=HASH, text=is_text),
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
