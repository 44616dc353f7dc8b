"""Addresses as text: lower-case inside the system, EIP-55 checksums where people read them."""

import re

from .keccak import keccak256

__all__ = ["BadAddress", "checksum_address", "is_address", "parse_address"]

_CANONICAL = re.compile(r"0x[0-9a-f]{40}")
_ANY_CASE = re.compile(r"0x[0-9a-fA-F]{40}")


class BadAddress(ValueError):
    """The text is no address; the message says why, in words for people."""


def is_address(text: str) -> bool:
    """Whether `text` is an address in canonical form: 0x and 40 lower-case hex digits.

    >>> is_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    True
    >>> is_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
    False
    """
    return _CANONICAL.fullmatch(text) is not None


def checksum_address(address: str) -> str:
    """Write a canonical address with its EIP-55 checksum.

    Raises BadAddress for anything that `is_address` denies.

    >>> checksum_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
    """
    if not is_address(address):
        raise BadAddress("An address is written as 0x and 40 lower-case hex digits.")
    return _with_checksum(address[2:])


def parse_address(text: str) -> str:
    """Read an address that a person or a wallet gave, and return its canonical form.

    Lower-case text is taken as it is; mixed or upper case must carry the right EIP-55
    checksum, as it catches most typing errors. Raises BadAddress.

    >>> parse_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'
    >>> parse_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD")
    Traceback (most recent call last):
    ...
    chain.signing.addresses.BadAddress: The capital letters of this address do not match its checksum. \
Check it for a typing error.
    """
    if _ANY_CASE.fullmatch(text) is None:
        raise BadAddress("An address is 0x followed by exactly 40 hex digits (0–9, a–f).")
    lower = text.lower()
    if text not in (lower, _with_checksum(lower[2:])):
        raise BadAddress(
            "The capital letters of this address do not match its checksum. Check it for a typing error."
        )
    return lower


def _with_checksum(digits: str) -> str:
    """A hex letter is a capital where the hash of the digits has a nibble of 8 or more."""
    nibbles = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if nibble >= "8" else digit for digit, nibble in zip(digits, nibbles, strict=False)
    )
