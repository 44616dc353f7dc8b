"""Keccak-256, Ethereum's hash (the padding differs from NIST's SHA3-256)."""

import sha3

__all__ = ["keccak256"]


def keccak256(data: bytes) -> bytes:
    """Hash `data` to 32 bytes.

    >>> keccak256(b"").hex()
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
    """
    digest: bytes = sha3.keccak_256(data).digest()
    return digest
