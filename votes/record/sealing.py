"""Commitments: what is public of a sealed ballot until its cycle is certified."""

from votes.record.canonical import sha256

__all__ = ["commitment_of"]


def commitment_of(blind: bytes, digest: bytes) -> bytes:
    """SHA-256 over the 32-byte `blind` and the 32-byte `digest` of a ballot.

    A split is quickly guessed, 32 random bytes are not: without the blind nobody can tell whether the commitment is
    that of a ballot they have in mind. ValueError for other lengths.

    >>> commitment_of(bytes(32), bytes(32)).hex()[:16]
    'f5a5fd42d16a2030'
    """
    if len(blind) != 32 or len(digest) != 32:
        raise ValueError("A blind and a digest have 32 bytes each.")
    return sha256(blind + digest)
