"""Addresses: canonical form, checksum, and what people type."""

import random

import pytest
from eth_utils.address import to_checksum_address

from chain.signing import BadAddress, checksum_address, is_address, parse_address


def test_checksums_agree_with_another_implementation() -> None:
    rng = random.Random(55)
    for _ in range(500):
        address = "0x" + rng.randbytes(20).hex()
        assert checksum_address(address) == to_checksum_address(address)
        assert parse_address(checksum_address(address)) == parse_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "ab" * 20,
        "0x" + "ab" * 19,
        "0x" + "ab" * 21,
        "0x" + "ag" * 20,
        "0X" + "ab" * 20,
        "0x" + "ab" * 20 + "\n",
        " 0x" + "ab" * 20,
        "0x" + "٠١" * 20,
        "river.eth",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert not is_address(text)
    with pytest.raises(BadAddress, match="exactly 40 hex digits"):
        parse_address(text)
    with pytest.raises(BadAddress):
        checksum_address(text)


@pytest.mark.parametrize("address", ["0x" + "AB" * 20, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"])
def test_a_wrong_checksum_is_refused_in_words(address: str) -> None:
    assert not is_address(address)
    with pytest.raises(BadAddress, match="typing error"):
        parse_address(address)
    with pytest.raises(BadAddress, match="lower-case"):
        checksum_address(address)


def test_an_address_of_digits_has_one_form_only() -> None:
    assert parse_address("0x" + "1" * 40) == checksum_address("0x" + "1" * 40) == "0x" + "1" * 40
