"""The one form in which a ballot may be sent."""

import copy
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from votes.record.ballot import (
    MAX_BODY_BYTES,
    MAX_NONCE,
    Ballot,
    Line,
    Malformed,
    Submission,
    parse_submission,
)

GOOD: dict[str, Any] = {
    "ballot": {
        "cycle": "12",
        "rules": "0x" + "11" * 32,
        "voter": "0x" + "ab" * 20,
        "nonce": 1,
        "reason": "Lending\n\tfirst. 🗳️ é",
        "lines": [
            {"programme": "ignite", "typology": "lending", "basisPoints": 3500},
            {"programme": "*", "typology": "ignite", "basisPoints": 10000},
        ],
    },
    "signature": "0x" + "22" * 65,
}
PARSED = Submission(
    ballot=Ballot(
        cycle="12",
        rules=b"\x11" * 32,
        voter="0x" + "ab" * 20,
        nonce=1,
        reason="Lending\n\tfirst. 🗳️ é",
        lines=(Line("ignite", "lending", 3500), Line("*", "ignite", 10_000)),
    ),
    signature=b"\x22" * 65,
)


def body(change: Callable[[dict[str, Any]], object] = lambda document: None) -> bytes:
    """The good document, changed, as bytes."""
    document = copy.deepcopy(GOOD)
    change(document)
    return json.dumps(document).encode()


def set_field(name: str, value: object) -> bytes:
    return body(lambda document: document["ballot"].update({name: value}))


def set_line(name: str, value: object) -> bytes:
    return body(lambda document: document["ballot"]["lines"][1].update({name: value}))


def raw(old: str, new: str) -> bytes:
    """The good document with a piece of its text replaced once."""
    text = body().decode()
    assert old in text
    return text.replace(old, new, 1).encode("utf-8", "surrogatepass")


def test_the_good_form_is_read() -> None:
    assert parse_submission(body()) == PARSED
    assert parse_submission(json.dumps(GOOD, ensure_ascii=False, indent=4).encode()) == PARSED
    assert parse_submission(PARSED.body()) == PARSED


def test_what_is_sent_reads_back(ballots: list[Ballot]) -> None:
    for ballot in ballots:
        sent = Submission(ballot, bytes(65))
        assert parse_submission(sent.body()) == sent


@pytest.mark.parametrize(
    "change",
    [
        set_field("nonce", 0),
        set_field("nonce", MAX_NONCE),
        set_field("lines", []),
        set_field("reason", ""),
        set_field("cycle", "0"),
        set_line("basisPoints", 1),
        set_line("typology", "a" * 64),
        set_line("programme", "0-"),
        raw('"nonce"', '"\\u006eonce"'),
    ],
)
def test_the_edges_are_inside(change: bytes) -> None:
    parse_submission(change)


REFUSED = {
    "cycle a number": (set_field("cycle", 12), "ballot.cycle must be"),
    "cycle with a zero": (set_field("cycle", "012"), "ballot.cycle must be"),
    "cycle in other digits": (set_field("cycle", "١٢"), "ballot.cycle must be"),
    "cycle with a line end": (set_field("cycle", "12\n"), "ballot.cycle must be"),
    "cycle empty": (set_field("cycle", ""), "ballot.cycle must be"),
    "cycle endless": (set_field("cycle", "9" * 17), "ballot.cycle must be"),
    "rules in capitals": (set_field("rules", "0x" + "AA" * 32), "ballot.rules must be 0x and 64"),
    "rules short": (set_field("rules", "0x" + "11" * 31), "ballot.rules must be 0x and 64"),
    "rules with spaces": (set_field("rules", "0x" + " 1" * 32), "ballot.rules must be 0x and 64"),
    "rules without 0x": (set_field("rules", "11" * 33), "ballot.rules must be 0x and 64"),
    "voter checksummed": (set_field("voter", "0x" + "Ab" * 20), "ballot.voter must be 0x and 40"),
    "voter null": (set_field("voter", None), "ballot.voter must be 0x and 40"),
    "nonce a string": (set_field("nonce", "1"), "ballot.nonce must be a whole number from 0"),
    "nonce true": (set_field("nonce", True), "ballot.nonce must be a whole number"),
    "nonce negative": (set_field("nonce", -1), "ballot.nonce must be a whole number"),
    "nonce 2^53": (set_field("nonce", MAX_NONCE + 1), "ballot.nonce must be a whole number"),
    "nonce 1.0": (set_field("nonce", 1.0), "ballot.nonce must be a whole number"),
    "nonce 1e0": (raw('"nonce": 1', '"nonce": 1e0'), "ballot.nonce must be a whole number"),
    "nonce -0": (raw('"nonce": 1', '"nonce": -0'), "ballot.nonce must be a whole number"),
    "nonce NaN": (raw('"nonce": 1', '"nonce": NaN'), "ballot.nonce must be a whole number"),
    "nonce Infinity": (raw('"nonce": 1', '"nonce": -Infinity'), "ballot.nonce must be a whole number"),
    "nonce huge": (raw('"nonce": 1', '"nonce": ' + "9" * 100_000), "ballot.nonce must be a whole number"),
    "nonce 01": (raw('"nonce": 1', '"nonce": 01'), "not JSON at line 1"),
    "reason null": (set_field("reason", None), "ballot.reason must be a string"),
    "reason not NFC": (
        set_field("reason", "e\u0301"),
        "ballot.reason is not in Unicode normalisation form C",
    ),
    "reason with NUL": (set_field("reason", "a\0"), r"control character U\+0000 at character 1"),
    "reason with CR": (set_field("reason", "a\r\n"), r"control character U\+000D"),
    "reason with DEL": (set_field("reason", "\x7f"), r"control character U\+007F"),
    "reason with C1": (set_field("reason", "\x85"), r"control character U\+0085"),
    "reason half a pair": (set_field("reason", "a\ud83d"), "half of a surrogate pair at character 1"),
    "reason half a pair in UTF-8": (raw("Lending", "\ud83d"), "not UTF-8 at byte"),
    "reason with a bare line end": (raw("\\n", "\n"), "not JSON at line"),
    "lines an object": (set_field("lines", {}), "ballot.lines must be a list"),
    "lines null": (set_field("lines", None), "ballot.lines must be a list"),
    "line a list": (set_field("lines", [[]]), r"ballot.lines\[0\] must be an object"),
    "line extra": (set_line("note", 1), r"ballot.lines\[1\] has an unknown key 'note'"),
    "programme empty": (set_line("programme", ""), r"ballot.lines\[1\].programme must be"),
    "programme **": (set_line("programme", "**"), r"ballot.lines\[1\].programme must be"),
    "programme capital": (set_line("programme", "Ignite"), r"ballot.lines\[1\].programme must be"),
    "programme a list": (set_line("programme", ["*"]), r"ballot.lines\[1\].programme must be"),
    "typology *": (set_line("typology", "*"), r"ballot.lines\[1\].typology must be"),
    "typology long": (set_line("typology", "a" * 65), r"ballot.lines\[1\].typology must be"),
    "typology -a": (set_line("typology", "-a"), r"ballot.lines\[1\].typology must be"),
    "typology line end": (set_line("typology", "a\n"), r"ballot.lines\[1\].typology must be"),
    "points 0": (set_line("basisPoints", 0), r"basisPoints must be a whole number from 1 to 10000"),
    "points 10001": (set_line("basisPoints", 10_001), r"ballot.lines\[1\].basisPoints must be"),
    "points true": (set_line("basisPoints", True), r"ballot.lines\[1\].basisPoints must be"),
    "points a string": (set_line("basisPoints", "100"), r"ballot.lines\[1\].basisPoints must be"),
    "points a float": (set_line("basisPoints", 100.5), r"ballot.lines\[1\].basisPoints must be"),
    "signature odd": (body(lambda d: d.update(signature="0x222")), "signature must be 0x and lower-case hex"),
    "signature long": (
        body(lambda d: d.update(signature="0x" + "22" * 8_193)),
        "signature must be 0x and lower-case hex digits of at most 8,192 bytes",
    ),
    "signature capital": (
        body(lambda d: d.update(signature="0x" + "AA" * 65)),
        "signature must be 0x and lower-case hex",
    ),
    "signature missing": (body(lambda d: d.pop("signature")), 'the body lacks "signature"'),
    "key missing": (body(lambda d: d["ballot"].pop("reason")), 'ballot lacks "reason"'),
    "key unknown": (set_field("power", 1), "ballot has an unknown key 'power'"),
    "key unknown with half a pair": (set_field("\ud83d" * 99, 1), "ballot has an unknown key '.ud83d"),
    "key twice": (raw('"nonce": 1', '"nonce": 1, "nonce": 1'), 'ballot has the key "nonce" twice'),
    "key twice, escaped": (raw('"nonce": 1', '"nonce": 1, "\\u006eonce": 2'), '"nonce" twice'),
    "ballot a string": (body(lambda d: d.update(ballot="x")), "ballot must be an object"),
    "a list": (b"[]", "the body must be an object"),
    "a number": (b"1", "the body must be an object"),
    "nothing": (b"", "not JSON at line 1, column 1"),
    "a BOM": (b"\xef\xbb\xbf" + body(), "not JSON at line 1, column 1"),
    "UTF-16": (body().decode().encode("utf-16"), "not UTF-8 at byte 0"),
    "UTF-8 cut": (PARSED.body()[: PARSED.body().index(b"\xf0") + 2], "not UTF-8 at byte"),
    "more after the end": (body() + b"x", "not JSON at line 1"),
    "two documents": (body() + body(), "not JSON at line 1"),
    "deep lists": (b"[" * 500_000, "nested too deeply"),
    "33 levels": (body(lambda d: d.update(ballot=json.loads("[" * 32 + "]" * 32))), "nested too deeply"),
    "quotes without end": (b'"' + b'\\"' * 500_000, "not JSON at line 1"),
    "brackets in text": (set_line("typology", "[[[[[["), "typology must be"),
    "deep objects": (b'{"ballot":' * 50_000, "nested too deeply"),
    "too large": (b" " * MAX_BODY_BYTES + body(), "at most 1048576 are read"),
}


@pytest.mark.parametrize(("sent", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_other_forms_are_refused_with_what_and_where(sent: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words) as refusal:
        parse_submission(sent)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert len(sentence.encode()) < 400
    assert "\n" not in sentence


def test_depth_is_refused_also_where_a_library_has_lifted_python_s_limit() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        for sent in (b"[" * 500_000, b'{"ballot":' * 100_000):
            with pytest.raises(Malformed, match="nested too deeply"):
                parse_submission(sent)
    finally:
        sys.setrecursionlimit(limit)


def read(sent: bytes) -> None:
    with suppress(Malformed):
        parse_submission(sent)


@settings(deadline=None, max_examples=300)
@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_malformed(sent: bytes) -> None:
    read(sent)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = st.sampled_from([(), ("ballot",), ("ballot", "lines"), ("ballot", "lines", 0)])


@settings(deadline=None, max_examples=500)
@given(place=PLACES, pick=st.integers(0, 9), value=JSON)
def test_any_value_at_any_place_is_read_or_malformed(
    place: tuple[Any, ...], pick: int, value: object
) -> None:
    document = copy.deepcopy(GOOD)
    at: Any = document
    for step in place:
        at = at[step]
    keys = list(at) if isinstance(at, dict) else list(range(len(at)))
    at[keys[pick % len(keys)]] = value
    read(json.dumps(document).encode())


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=4)
)
def test_a_mangled_ballot_is_read_or_malformed(edits: list[tuple[int, int, bytes]]) -> None:
    sent = PARSED.body()
    for at, cut, new in edits:
        sent = sent[:at] + new + sent[at + cut :]
    read(sent)
