"""Columns for on-chain values hold exactly what they are given, or refuse it."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError

from ledger.models import Account, Token
from power.models import Register

LARGEST = 2**256 - 1


def register(total: Any) -> Register:
    return Register(
        name="A",
        published_at="2026-11-02T18:00:00Z",
        sha256=b"\x01" * 32,
        entry_count=1,
        total_power=total,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [0, 1, 10**18, LARGEST, 10**78 - 1, str(LARGEST), Decimal("7.0")])
def test_an_amount_comes_back_as_the_same_whole_number(amount: int | str | Decimal) -> None:
    row = register(amount)
    row.full_clean()
    row.save()
    row.refresh_from_db()
    assert (row.total_power, type(row.total_power)) == (int(amount), int)
    assert Register.objects.get(total_power=amount) == row


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [1.5, Decimal("0.1"), "1.5", "ten", "", Decimal("NaN"), float("inf"), []])
def test_what_is_not_whole_is_refused_and_never_rounded(amount: Any) -> None:
    with pytest.raises(ValidationError, match="whole number of base units"):
        register(amount).save()


@pytest.mark.django_db
def test_more_digits_than_the_column_has_are_refused() -> None:
    with pytest.raises(ValidationError, match="total_power"):
        register(10**78).full_clean()
    with pytest.raises(DataError):
        register(10**78).save()


@pytest.mark.django_db
def test_a_missing_amount_is_refused_by_the_database() -> None:
    token = Token.objects.create(chain_id=1, address="0x" + "ab" * 20, symbol="T", name="T", decimals=0)
    with pytest.raises(IntegrityError, match="null value"):
        Account.objects.create(token=token, name="a", floor=None)  # type: ignore[misc]


@pytest.mark.parametrize(
    "address",
    ["0x" + "AB" * 20, "0x" + "ab" * 19, "0x" + "ab" * 21, "ab" * 20, "0x" + "ab" * 20 + "\n", ""],
)
def test_a_form_refuses_what_is_no_canonical_address(address: str) -> None:
    token = Token(chain_id=1, address=address, symbol="T", name="T", decimals=0)
    with pytest.raises(ValidationError, match="address"):
        token.clean_fields()
