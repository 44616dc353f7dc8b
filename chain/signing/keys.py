"""Signing with a private key: for the demo, the smoke test and tests.

The server itself holds no key that can move tokens or vote.
"""

from coincurve import PrivateKey

from .keccak import keccak256

__all__ = ["BadKey", "address_of", "demo_key", "sign_digest"]


class BadKey(ValueError):
    """The bytes are no private key of secp256k1."""


def address_of(private_key: bytes) -> str:
    """The canonical address of a 32-byte private key. Raises BadKey.

    >>> address_of((1).to_bytes(32, "big"))
    '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf'
    """
    point = _key(private_key).public_key.format(compressed=False)[1:]
    return "0x" + keccak256(point)[-20:].hex()


def sign_digest(private_key: bytes, digest: bytes) -> bytes:
    """Sign a 32-byte digest; the answer is r‖s‖v, 65 bytes, with v 27 or 28 and a low s.

    The nonce follows RFC 6979, so the same key and digest give the same bytes, here and in
    the browser. Raises BadKey, and ValueError for a digest of another length.
    """
    signature = _key(private_key).sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def demo_key(label: str) -> bytes:
    """The private key of the demo person `label`. Everyone can compute it: for demos only.

    >>> address_of(demo_key("river"))
    '0x6dcf69564ad48ee4ede14a504bccd6800ee886ad'
    """
    return keccak256(b"TPP demo wallet: " + label.encode())


def _key(private_key: bytes) -> PrivateKey:
    if len(private_key) != 32:
        raise BadKey("A private key has 32 bytes.")
    try:
        return PrivateKey(private_key)
    except ValueError as error:
        raise BadKey("A private key lies between zero and the order of the curve.") from error
