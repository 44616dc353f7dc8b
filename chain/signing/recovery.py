"""Who signed: the address behind an ECDSA signature over secp256k1."""

from coincurve import PublicKey

from .keccak import keccak256

__all__ = ["BadSignature", "recover"]

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class BadSignature(ValueError):
    """The signature is malformed, not canonical, or of no key at all."""


def recover(digest: bytes, signature: bytes) -> str:
    """The canonical address whose key signed the 32-byte `digest`.

    Exactly one form of a signature passes: 65 bytes r‖s‖v with 0 < r < n, 0 < s ≤ n/2 and
    v 27 or 28; so nobody can make a second valid signature out of a first one. Raises
    BadSignature for everything else.

    >>> from chain.signing.keys import address_of, demo_key, sign_digest
    >>> digest = keccak256(b"hello")
    >>> recover(digest, sign_digest(demo_key("river"), digest)) == address_of(demo_key("river"))
    True
    """
    if len(digest) != 32:
        raise BadSignature("A digest has 32 bytes.")
    _check_canonical(signature)
    try:
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except ValueError as error:
        raise BadSignature("No key can have made this signature.") from error
    return "0x" + keccak256(key.format(compressed=False)[1:])[-20:].hex()


def _check_canonical(signature: bytes) -> None:
    if len(signature) != 65:
        raise BadSignature(f"A signature has 65 bytes, this one has {len(signature)}.")
    if signature[64] not in (27, 28):
        raise BadSignature(f"The last byte of a signature is 27 or 28, here it is {signature[64]}.")
    if not 0 < int.from_bytes(signature[:32], "big") < _ORDER:
        raise BadSignature("The first half (r) of the signature is out of range.")
    if not 0 < int.from_bytes(signature[32:64], "big") <= _ORDER // 2:
        raise BadSignature("The second half (s) of the signature is out of range, or not the low one.")
