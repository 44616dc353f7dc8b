"""Amounts for eyes are exact where they say so, whatever their size."""

from decimal import Context, Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.templatetags.amounts import amount, exact, in_short, rounded, tokens, tokens_short

ZK = SimpleNamespace(symbol="ZK", decimals=18)
WHOLE = SimpleNamespace(symbol="POINTS", decimals=0)
UNIT = 10**18
WIDE = Context(prec=200)


@pytest.mark.parametrize(
    ("base_units", "written"),
    [
        (0, "0"),
        (1, "0.000000000000000001"),
        (UNIT, "1"),
        (-3 * UNIT // 2, "-1.5"),
        (21_000_000_000 * UNIT + 1, "21,000,000,000.000000000000000001"),
        (
            2**256 - 1,
            "115,792,089,237,316,195,423,570,985,008,687,907,853,269,984,665,640,564,039,457"
            ".584007913129639935",
        ),
    ],
)
def test_exact_writes_every_digit(base_units: int, written: str) -> None:
    assert exact(base_units, ZK) == written


@pytest.mark.parametrize(
    ("base_units", "written"),
    [
        (0, "0"),
        (1, "0"),
        (UNIT // 3, "0.3333"),
        (UNIT * 999 + UNIT // 2, "999.5"),
        (UNIT * 1000 + UNIT // 2, "1,000"),
        (UNIT * 1001 + UNIT // 2, "1,002"),
        (UNIT * 26_123_456, "26,123,456"),
        (-UNIT * 26_123_456, "-26,123,456"),
        (
            2**256 - 1,
            "115,792,089,237,316,195,423,570,985,008,687,907,853,269,984,665,640,564,039,458",
        ),
    ],
)
def test_rounded_is_whole_from_a_thousand_up_and_rounds_halves_to_even(base_units: int, written: str) -> None:
    assert rounded(base_units, ZK) == written


@pytest.mark.parametrize(
    ("base_units", "written"),
    [
        (UNIT * 999_999, "999,999"),
        (UNIT * 26_123_456, "26.1 M"),
        (UNIT * 26_000_000, "26.0 M"),
        (UNIT * 21_000_000_000, "21.0 B"),
        (-UNIT * 26_123_456, "-26.1 M"),
        (10**60 * UNIT, f"{10**51:,}.0 B"),
    ],
)
def test_in_short_takes_few_characters(base_units: int, written: str) -> None:
    assert in_short(base_units, ZK) == written


@given(st.integers(-(2**256), 2**256), st.integers(0, 36))
def test_exact_says_what_is_there(base_units: int, decimals: int) -> None:
    written = exact(base_units, SimpleNamespace(symbol="T", decimals=decimals))
    assert Decimal(written.replace(",", "")).scaleb(decimals, WIDE) == base_units


@given(st.integers(-(2**256), 2**256))
def test_rounded_is_never_further_off_than_half_its_last_place(base_units: int) -> None:
    off = Decimal(rounded(base_units, ZK).replace(",", "")).scaleb(18, WIDE) - base_units
    assert abs(off) <= (UNIT // 2 if abs(base_units) >= 1000 * UNIT else UNIT // 20_000)


def test_a_token_without_decimals_has_none() -> None:
    assert (exact(1500, WHOLE), rounded(1500, WHOLE)) == ("1,500", "1,500")


def test_tags_carry_the_exact_value_and_escape_the_symbol() -> None:
    odd = SimpleNamespace(symbol="<b>", decimals=1)
    shown = '<data value="15" title="1.5 &lt;b&gt;">1.5'
    assert tokens(15, odd) == f"{shown}&nbsp;&lt;b&gt;</data>"
    assert tokens_short(15, odd) == f"{shown}&nbsp;&lt;b&gt;</data>"
    assert amount(15, odd) == f"{shown}</data>"
