"""Receipts: what is signed, and that nothing else verifies."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from votes.record.receipt import Receipt, public_key, sign_receipt, verify_receipt

SEED = bytes(range(32))
KEY = public_key(SEED)
RECEIPT = Receipt(
    cycle="12",
    rules=b"\x11" * 32,
    digest=b"\x22" * 32,
    received_at=datetime(2026, 11, 25, 17, 59, 59, 999_999, tzinfo=UTC),
)


def test_exactly_these_bytes_are_signed() -> None:
    assert RECEIPT.signed_bytes() == (
        b'TPP receipt v1\n{"cycle":"12","digest":"0x' + b"22" * 32 + b'","received_at":'
        b'"2026-11-25T17:59:59.999999Z","rules":"0x' + b"11" * 32 + b'","status":"accepted","version":1}'
    )
    assert json.loads(RECEIPT.signed_bytes().split(b"\n", 1)[1]) == RECEIPT.content()


def test_a_receipt_verifies_and_is_the_same_each_time() -> None:
    signature = sign_receipt(SEED, RECEIPT)
    assert len(signature) == 64
    assert signature == sign_receipt(SEED, RECEIPT)
    assert verify_receipt(KEY, RECEIPT, signature)
    east = RECEIPT.received_at.astimezone(timezone(timedelta(hours=9)))
    assert verify_receipt(KEY, replace(RECEIPT, received_at=east), signature)


@pytest.mark.parametrize(
    "other",
    [
        replace(RECEIPT, cycle="13"),
        replace(RECEIPT, rules=b"\x12" * 32),
        replace(RECEIPT, digest=b"\x12" * 32),
        replace(RECEIPT, status="pending"),
        replace(RECEIPT, received_at=RECEIPT.received_at - timedelta(microseconds=1)),
    ],
)
def test_no_other_receipt_verifies(other: Receipt) -> None:
    assert not verify_receipt(KEY, other, sign_receipt(SEED, RECEIPT))


def test_wrong_keys_and_signatures_are_false_not_errors() -> None:
    signature = sign_receipt(SEED, RECEIPT)
    for key in (public_key(bytes(32)), b"", b"short", KEY + b"\0", b"\xff" * 32):
        assert not verify_receipt(key, RECEIPT, signature)
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not verify_receipt(KEY, RECEIPT, wrong)


def test_what_is_no_seed_or_no_receipt_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        public_key(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        replace(RECEIPT, rules=b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        replace(RECEIPT, digest=b"short")
    with pytest.raises(ValueError, match="time zone"):
        replace(RECEIPT, received_at=datetime(2026, 11, 25))  # noqa: DTZ001
