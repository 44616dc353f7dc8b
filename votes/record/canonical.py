"""Canonical JSON and its hash, so that two programs write the same bytes."""

import hashlib
import re

import rfc8785

__all__ = ["NotCanonical", "canonical", "nesting", "sha256", "sha256_hex"]

_DEEPEST = 64
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


class NotCanonical(ValueError):
    """The value has no canonical form here."""


def canonical(value: object) -> bytes:
    """Write `value` as canonical JSON (RFC 8785): no spaces, sorted keys, UTF-8.

    Takes None, bool, str, int between ±(2^53 - 1), and lists, tuples and dicts of them.
    Amounts are decimal strings; a float has no place in a record and is refused, as is
    everything else, and what is nested deeper than 64: NotCanonical.

    >>> canonical({"b": [1, True, None], "a": "é"}).decode()
    '{"a":"é","b":[1,true,null]}'
    >>> canonical(2**53)
    Traceback (most recent call last):
    ...
    votes.record.canonical.NotCanonical: 9007199254740992 exceeds safe integer domain for JSON floats
    """
    _refuse_floats(value, _DEEPEST)
    try:
        return bytes(rfc8785.dumps(value))  # type: ignore[arg-type]  # it refuses other types itself
    except ValueError as error:
        raise NotCanonical(str(error)) from error


def nesting(text: str) -> int:
    """How deep the JSON `text` nests; for text that is no JSON, at least as deep as a reader gets.

    To be asked before `json.loads` of what strangers send: a reader recurses that deep, and
    where a library has raised Python's recursion limit, as py_ecc under web3 does, 50 kB of
    brackets end the process.

    >>> nesting('{"a": [1, "[[["]}')
    2
    """
    depth = deepest = 0
    for token in _TOKEN.findall(text):
        if token in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token in ("]", "}"):
            depth -= 1
    return deepest


def sha256(data: bytes) -> bytes:
    """The 32-byte SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data` as 64 lower-case hex digits.

    >>> sha256_hex(b"")
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    return hashlib.sha256(data).hexdigest()


def _refuse_floats(value: object, levels: int) -> None:
    if not levels:
        raise NotCanonical(f"The value is nested deeper than {_DEEPEST}.")
    if isinstance(value, float):
        raise NotCanonical("A record holds no floats: write an integer or a decimal string.")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item, levels - 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_floats(item, levels - 1)
