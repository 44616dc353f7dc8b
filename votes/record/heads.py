"""Tree heads: the deployment's Ed25519 signature over how many ballots a cycle has, and over their root."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .canonical import canonical
from .instants import from_iso, iso

__all__ = ["TreeHead", "read_head", "sign_head", "verify_head"]

_PREFIX = b"TPP tree head v1\n"  # so that no other signed bytes can pass for a tree head
_FIELDS = {"version", "cycle", "rules", "size", "root", "published_at"}


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What is certified: at `published_at` the tree of `cycle` had `size` ballots and this Merkle `root`.

    `rules`, the hash of the frozen rules, and `root` have 32 bytes, `published_at` is aware. ValueError if it is made
    otherwise.
    """

    cycle: str
    rules: bytes
    size: int
    root: bytes
    published_at: datetime

    def __post_init__(self) -> None:
        if len(self.rules) != 32 or len(self.root) != 32:
            raise ValueError("The hashes in a tree head have 32 bytes each.")
        if self.size < 0:
            raise ValueError("A tree has no fewer than no leaves.")
        if self.published_at.utcoffset() is None:
            raise ValueError("The instant in a tree head needs a time zone.")

    def content(self) -> dict[str, str | int]:
        """The head as JSON, as the API and the record show it."""
        return {
            "version": 1,
            "cycle": self.cycle,
            "rules": "0x" + self.rules.hex(),
            "size": self.size,
            "root": "0x" + self.root.hex(),
            "published_at": iso(self.published_at),
        }

    def signed_bytes(self) -> bytes:
        """The bytes under the signature: a prefix line, then the content as canonical JSON.

        >>> from datetime import UTC
        >>> at = datetime(2026, 11, 25, 18, tzinfo=UTC)
        >>> TreeHead("12", bytes(32), 0, bytes(32), at).signed_bytes()[:36]
        b'TPP tree head v1\\n{"cycle":"12","publ'
        """
        return _PREFIX + canonical(self.content())


def read_head(content: Mapping[str, object]) -> TreeHead:
    """The head that `TreeHead.content` gave as JSON; ValueError for anything else.

    >>> from datetime import UTC
    >>> head = TreeHead("12", bytes(32), 3, bytes(32), datetime(2026, 11, 25, 18, tzinfo=UTC))
    >>> read_head(head.content()) == head
    True
    """
    if set(content) != _FIELDS:
        raise ValueError("A tree head has the fields " + ", ".join(sorted(_FIELDS)) + ", and no other.")
    size = content["size"]
    if not isinstance(size, int) or isinstance(size, bool):
        raise ValueError("The size of a tree head is a whole number.")
    head = TreeHead(
        cycle=str(content["cycle"]),
        rules=_bytes(content["rules"]),
        size=size,
        root=_bytes(content["root"]),
        published_at=from_iso(str(content["published_at"])),
    )
    if head.content() != dict(content):
        raise ValueError("The tree head is not in its canonical form.")
    return head


def sign_head(seed: bytes, head: TreeHead) -> bytes:
    """Sign `head` with the 32-byte seed; 64 bytes, the same ones every time."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(head.signed_bytes())


def verify_head(public_key: bytes, head: TreeHead, signature: bytes) -> bool:
    """Whether `signature` is that of the 32-byte `public_key` over `head`; never raises for bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, head.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True


def _bytes(text: object) -> bytes:
    return bytes.fromhex(str(text).removeprefix("0x"))
