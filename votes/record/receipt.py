"""Receipts: the deployment's Ed25519 signature that it took a ballot at an instant."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .canonical import canonical
from .instants import iso

__all__ = ["Receipt", "public_key", "sign_receipt", "verify_receipt"]

_PREFIX = b"TPP receipt v1\n"  # so that no other signed bytes can pass for a receipt


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is certified: the ballot `digest` of `cycle`, under the hash `rules`, came at `received_at`.

    `digest` and `rules` have 32 bytes, `received_at` is aware, `status` is "accepted". The ballot of a sealed cycle
    has also the 32-byte `commitment` that stands for it in the tree: with a tree head it shows a ballot that was
    dropped before anything is opened. ValueError if it is made otherwise.
    """

    cycle: str
    rules: bytes
    digest: bytes
    received_at: datetime
    status: str = "accepted"
    commitment: bytes | None = None

    def __post_init__(self) -> None:
        if len(self.rules) != 32 or len(self.digest) != 32:
            raise ValueError("The hashes in a receipt have 32 bytes each.")
        if self.commitment is not None and len(self.commitment) != 32:
            raise ValueError("The commitment in a receipt has 32 bytes.")
        if self.received_at.utcoffset() is None:
            raise ValueError("The instant in a receipt needs a time zone.")

    def content(self) -> dict[str, str | int]:
        """The receipt as JSON, as the API and the record show it."""
        return {
            "version": 1,
            "cycle": self.cycle,
            "rules": "0x" + self.rules.hex(),
            "digest": "0x" + self.digest.hex(),
            "received_at": iso(self.received_at),
            "status": self.status,
            **({} if self.commitment is None else {"commitment": "0x" + self.commitment.hex()}),
        }

    def signed_bytes(self) -> bytes:
        """The bytes under the signature: a prefix line, then the content as canonical JSON.

        >>> from datetime import UTC
        >>> at = datetime(2026, 11, 25, 18, tzinfo=UTC)
        >>> Receipt("12", bytes(32), bytes(32), at).signed_bytes()[:32]
        b'TPP receipt v1\\n{"cycle":"12","di'
        """
        return _PREFIX + canonical(self.content())


@lru_cache(maxsize=8)
def public_key(seed: bytes) -> bytes:
    """The 32-byte public key of a 32-byte Ed25519 seed. Raises ValueError for another length.

    >>> public_key(bytes(32)).hex()[:16]
    '3b6a27bcceb6a42d'
    """
    return _private_key(seed).public_key().public_bytes_raw()


def sign_receipt(seed: bytes, receipt: Receipt) -> bytes:
    """Sign `receipt` with the 32-byte seed; 64 bytes, the same ones every time."""
    return _private_key(seed).sign(receipt.signed_bytes())


@lru_cache(maxsize=8)
def _private_key(seed: bytes) -> Ed25519PrivateKey:
    """Derived from the seed once; that costs more than to sign."""
    return Ed25519PrivateKey.from_private_bytes(seed)


def verify_receipt(public_key: bytes, receipt: Receipt, signature: bytes) -> bool:
    """Whether `signature` is that of the 32-byte `public_key` over `receipt`; never raises for bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, receipt.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True
