"""Keys sign, addresses are recovered, and only one form of a signature passes."""

import random
from contextlib import suppress

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.signing import BadKey, BadSignature, address_of, demo_key, keccak256, recover, sign_digest

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = demo_key("river")
DIGEST = keccak256(b"a ballot")
SIGNATURE = sign_digest(KEY, DIGEST)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_keys_addresses_and_signatures_agree_with_eth_account() -> None:
    rng = random.Random(1)
    for _ in range(300):
        key, digest = rng.randbytes(32), rng.randbytes(32)
        account = Account.from_key(key)
        signature = sign_digest(key, digest)
        assert address_of(key) == account.address.lower()
        assert signature == bytes(account.unsafe_sign_hash(digest).signature)
        assert recover(digest, signature) == address_of(key)


def test_signing_is_deterministic_and_low() -> None:
    assert sign_digest(KEY, DIGEST) == SIGNATURE
    assert SIGNATURE[64] in (27, 28)
    assert int.from_bytes(SIGNATURE[32:64], "big") <= ORDER // 2


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, word(ORDER), b"\1" * 31, b"\1" * 33])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(BadKey):
        address_of(key)
    with pytest.raises(BadKey):
        sign_digest(key, DIGEST)


def test_a_digest_of_another_length_is_not_signed() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sign_digest(KEY, b"short")


def test_demo_keys_follow_from_the_label_alone() -> None:
    assert demo_key("Rïver") == keccak256("TPP demo wallet: Rïver".encode())
    assert demo_key("river") != demo_key("rivet")


def twin() -> bytes:
    """The other signature of the same key over the same digest, with the high s."""
    high = ORDER - int.from_bytes(SIGNATURE[32:64], "big")
    return SIGNATURE[:32] + word(high) + bytes([55 - SIGNATURE[64]])


NOT_CANONICAL = {
    "high s": twin(),
    "64 bytes": SIGNATURE[:64],
    "66 bytes": SIGNATURE + b"\0",
    "nothing": b"",
    "v 0": SIGNATURE[:64] + b"\0",
    "v 1": SIGNATURE[:64] + b"\1",
    "v 29": SIGNATURE[:64] + b"\x1d",
    "v 35 + chain": SIGNATURE[:64] + b"\x25",
    "r 0": word(0) + SIGNATURE[32:],
    "r n": word(ORDER) + SIGNATURE[32:],
    "s 0": SIGNATURE[:32] + word(0) + SIGNATURE[64:],
    "s n": SIGNATURE[:32] + word(ORDER) + SIGNATURE[64:],
    "s just high": SIGNATURE[:32] + word(ORDER // 2 + 1) + SIGNATURE[64:],
    "r not on the curve": word(5) + SIGNATURE[32:],
}


@pytest.mark.parametrize("signature", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_other_forms_are_refused(signature: bytes) -> None:
    with pytest.raises(BadSignature):
        recover(DIGEST, signature)


def test_the_twin_would_have_been_valid_elsewhere() -> None:
    assert Account._recover_hash(DIGEST, signature=twin()).lower() == address_of(KEY)


def test_a_digest_has_32_bytes() -> None:
    with pytest.raises(BadSignature, match="digest"):
        recover(b"short", SIGNATURE)


@settings(deadline=None)
@given(digest=st.binary(max_size=40), signature=st.binary(max_size=70) | st.binary(min_size=65, max_size=65))
def test_any_bytes_give_an_address_or_bad_signature(digest: bytes, signature: bytes) -> None:
    with suppress(BadSignature):
        assert len(recover(digest, signature)) == 42
