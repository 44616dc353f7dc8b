"""Canonical JSON: the form of RFC 8785, and what has none."""

import enum
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from votes.record.canonical import NotCanonical, canonical, nesting, sha256, sha256_hex


class Kind(enum.StrEnum):
    OPEN = "open"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        ([True, False, 0, -1, 2**53 - 1], "[true,false,0,-1,9007199254740991]"),
        ({"b": 1, "a": (2,), "": {}, "A": []}, '{"":{},"A":[],"a":[2],"b":1}'),
        ({"\ue000": 1, "\U0001f5f3": 2}, '{"🗳":2,"\ue000":1}'),  # by UTF-16 units, not by code points
        ('"\\/\b\f\n\r\t\x00\x1f\x7fé\u2028', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7fé\u2028"'),
        (Kind.OPEN, '"open"'),
    ],
)
def test_it_is_written_thus(value: object, written: str) -> None:
    assert canonical(value) == written.encode()


def loop() -> list[object]:
    endless: list[object] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        1.0,
        {"a": [0.5]},
        float("nan"),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {"a": b"bytes"},
        {1, 2},
        object(),
        loop(),
        json.loads("[" * 65 + "]" * 65),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_it_reads_back_and_is_written_the_same_again(value: object) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written


def deep(value: object) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(deep, value.values() if isinstance(value, dict) else value), default=0)


@given(values, st.sampled_from([None, 1]))
def test_nesting_counts_brackets_outside_of_text(value: object, indent: int | None) -> None:
    assert nesting(json.dumps(value, indent=indent, ensure_ascii=False)) == deep(value)


@pytest.mark.parametrize("text", ["[" * 10**6, '"' + '\\"' * 500_000, "]" * 10 + "[" * 10, '{"\\', "\\"])
def test_nesting_answers_for_any_text_and_soon(text: str) -> None:
    assert nesting(text) in (0, 1, 10**6)


def test_the_hash_is_sha_256() -> None:
    assert sha256(b"abc").hex() == sha256_hex(b"abc")
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
