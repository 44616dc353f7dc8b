"""A register's file is taken whole and exactly, or refused with line number and reason."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.signing import checksum_address
from journal.refusal import Refusal
from power.registers import Entry, canonical_hash, read

A, B = "0x" + "a1" * 20, "0x" + "b2" * 20
HEAD = "address,power,name\n"
LARGEST = 2**256 - 1


def text(*lines: str) -> bytes:
    return (HEAD + "".join(f"{line}\n" for line in lines)).encode()


def refusal_of(data: bytes) -> str:
    with pytest.raises(Refusal) as refused:
        read(data)
    assert refused.value.name == "bad_register"
    return refused.value.words


def test_a_plain_file_is_read_in_its_order() -> None:
    assert read(text(f"{B},20,Bo", f"{A},10,")) == [Entry(B, 20, "Bo"), Entry(A, 10, "")]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + text(f"{A},1,Ada"),
        text(f"{A},1,Ada").replace(b"\n", b"\r\n"),
        text(f"{A},1,Ada").replace(b"\n", b"\r"),
        text(f"{A},1,Ada").rstrip(b"\n"),
        text(f" {A} , 1 ,\tAda "),
        text("", f"{A},1,Ada", "", ""),
        text(f'"{A}","1","Ada"'),
        text(f"{checksum_address(A)},1,Ada"),
        text(f"{A},0001,Ada"),
        f"name,note,power, address \nAda,x,1,{A}\n".encode(),
    ],
    ids=[
        "byte order mark",
        "CRLF",
        "CR",
        "no last newline",
        "spaces",
        "empty lines",
        "quoted",
        "checksummed",
        "zeros in front",
        "another order and one more column",
    ],
)
def test_the_same_entry_in_other_clothes(data: bytes) -> None:
    assert read(data) == [Entry(A, 1, "Ada")]


def test_names_may_hold_commas_quotation_marks_and_any_letters() -> None:
    assert read(text(f'{A},1,"Ada ""the first"", Łódź 東京"'))[0].name == 'Ada "the first", Łódź 東京'


def test_powers_are_exact_up_to_the_largest() -> None:
    assert read(text(f"{A},{LARGEST},", f"{B},0,")) == [Entry(A, LARGEST, ""), Entry(B, 0, "")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Line 1: the column address is missing (needed once each: address, power, name)."),
        (b"\xef\xbb\xbf\r\n\r\n", "Line 1: the column address is missing"),
        (f"{A},1,Ada\n".encode(), "Line 1: the column address is missing"),
        (b"address,name\n", "Line 1: the column power is missing"),
        (b"address,power\n", "Line 1: the column name is missing"),
        (b"address;power;name\n", "Line 1: the column address is missing"),
        (b"address,power,name,power\n", "Line 1: the column power stands twice"),
        (HEAD.encode(), "Line 1: there is no entry."),
        (text(f"{A},1,", f"{B}"), "Line 3: it has 1 fields, the first line 3."),
        (text(f"{A},1,", f"{B},1,Bo,more"), "Line 3: it has 4 fields, the first line 3."),
        (text(f"{A},1,", f"{A},1,"), f"Line 3: {A} stands here twice."),
        (text(f"{A},1,", f"{checksum_address(A)},2,Ada"), f"Line 3: {A} stands here twice."),
        (text(f"{A[:-1]},1,"), "Line 2: An address is 0x followed by exactly 40 hex digits (0–9, a–f)."),
        (text(",1,"), "Line 2: An address is 0x"),
        (text("ada.eth,1,"), "Line 2: An address is 0x"),
        (text(f"{checksum_address(A).swapcase().replace('X', 'x')},1,"), "Line 2: The capital letters of"),
        (text(f"{A},,"), "Line 2: power must be a whole number of base units, not ''."),
        (text(f"{A},-1,"), "Line 2: power must be a whole number of base units, not '-1'."),
        (text(f"{A},+1,"), "Line 2: power must be a whole number"),
        (text(f"{A},1.0,"), "Line 2: power must be a whole number"),
        (text(f"{A},1e18,"), "Line 2: power must be a whole number"),
        (text(f"{A},1_000,"), "Line 2: power must be a whole number"),
        (text(f'{A},"1,000",'), "Line 2: power must be a whole number"),
        (text(f"{A},0x10,"), "Line 2: power must be a whole number"),
        (text(f"{A},١٢,"), "Line 2: power must be a whole number"),
        (text(f"{A},NaN,"), "Line 2: power must be a whole number"),
        (text(f"{A},{'9' * 100_000},"), "Line 2: power is above 2^256 − 1."),
        (text(f"{A},{LARGEST + 1},"), "Line 2: power is above 2^256 − 1."),
        (text(f"{A},{LARGEST},", f"{B},1,"), "Line 3: the powers up to here are together above 2^256 − 1."),
        (text(f"{A},1,{'x' * 81}"), "Line 2: name must be at most 80 printable characters."),
        (text(f'{A},1,"Ada\nLovelace"'), "Line 2: name must be at most 80 printable characters."),
        (text(f'{A},1,"Ada\r\n"', "x"), "Line 4: it has 1 fields"),
        (text(f"{A},1,Ada\x00"), "Line 2: name must be at most 80 printable characters."),
        (text(f"{A}\x00,1,"), "Line 2: An address is 0x"),
        (text(f"{A},1,a\u202eb"), "Line 2: name must be at most 80 printable characters."),
        (text(f'{A},1,"Ada', f"{B},1,"), "Line 2: unexpected end of data."),
        (text(f'{A},1,"Ada"x'), "Line 2: ',' expected after '\"'."),
        (text(f"{A},1,{'x' * 200_000}"), "Line 2: field larger than field limit (131072)."),
        (text(f"{A},1,Ada") + b"\xff\n", "Line 3: it is not UTF-8 text."),
        ((HEAD + f"{A},1,Zoë\n").encode("latin-1"), "Line 2: it is not UTF-8 text."),
        (HEAD.encode("utf-16"), "Line 1: it is not UTF-8 text."),
    ],
    ids=lambda value: value[-40:] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_with_its_line(data: bytes, words: str) -> None:
    said = refusal_of(data)
    assert said.startswith(words)
    assert said.endswith(". Nothing was imported.")
    assert ".." not in said


entries = st.lists(
    st.builds(
        Entry,
        address=st.binary(min_size=20, max_size=20).map(lambda data: "0x" + data.hex()),
        power=st.integers(0, 2**200),
        name=st.text("abc ,\"'é", max_size=5).map(str.strip),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda entry: entry.address,
)


@settings(deadline=None, database=None, max_examples=100)
@given(listed=entries, data=st.data())
def test_the_hash_depends_on_addresses_and_powers_and_on_nothing_else(
    listed: list[Entry], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(listed))
    renamed = [Entry(entry.address, entry.power, "") for entry in shuffled]
    assert canonical_hash(renamed) == canonical_hash(listed)
    changed = [Entry(listed[0].address, listed[0].power + 1, listed[0].name), *listed[1:]]
    assert canonical_hash(changed) != canonical_hash(listed)
    assert canonical_hash(listed[1:]) != canonical_hash(listed)


def test_the_hash_is_that_of_the_sorted_lines() -> None:
    """`sort register.csv | sha256sum`, for anybody to compare."""
    expected = "bf6255db338a8bf7832a86290f52d57476422f012de955fe651f321dc088f05d"
    assert canonical_hash([Entry(B, 2, "Bo"), Entry(A, 10, "")]).hex() == expected


@settings(deadline=None, database=None, max_examples=200)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda words: words.encode())))
def test_no_bytes_at_all_make_it_stumble(data: bytes) -> None:
    for whole in (data, HEAD.encode() + data):
        with suppress(Refusal):
            assert read(whole)


def test_a_hundred_thousand_lines_take_seconds() -> None:
    lines = [f"0x{number:040x},{number},Holder {number}" for number in range(120_000)]
    start = time.monotonic()
    listed = read(text(*lines))
    assert canonical_hash(listed)
    assert time.monotonic() - start < 60
    assert (len(listed), sum(entry.power for entry in listed)) == (120_000, 120_000 * 119_999 // 2)
