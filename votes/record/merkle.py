"""The Merkle tree over ballots: RFC 6962, section 2.1, with SHA-256.

A leaf is hashed with 0x00 before it and an inner node with 0x01, so neither can pass for the
other. Functions take leaf hashes, which callers make with `leaf_hash` in ballot positions.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["Frontier", "ballot_leaf", "inclusion_proof", "leaf_hash", "root", "verify_inclusion"]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf with content `data`.

    >>> leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return hashlib.sha256(b"\x00" + data).digest()


def ballot_leaf(digest: bytes, received_at_microseconds: int) -> bytes:
    """The content of a ballot's leaf: its 32-byte digest, then when it was received.

    The instant is microseconds from the Unix epoch (UTC), a big-endian uint64. Raises
    ValueError if either does not fit.

    >>> ballot_leaf(bytes(32), 1).hex()[-18:]
    '000000000000000001'
    """
    if len(digest) != 32 or not 0 <= received_at_microseconds < 1 << 64:
        raise ValueError("A ballot's leaf is a 32-byte digest and an instant of 64 bits.")
    return digest + received_at_microseconds.to_bytes(8, "big")


@dataclass(slots=True)
class Frontier:
    """A tree that grows by appending and keeps only its right edge, O(log n) hashes.

    `peaks` are the roots of the perfect subtrees, largest first; with `size` they suffice to
    go on later. One pass gives the root of every prefix, hence of every published tree head.

    >>> frontier = Frontier()
    >>> frontier.root() == root([])
    True
    >>> frontier.append(leaf_hash(b"a"))
    >>> frontier.size, frontier.root() == leaf_hash(b"a")
    (1, True)
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        subtrees = self.size
        while subtrees & 1:
            leaf = _node(self.peaks.pop(), leaf)
            subtrees >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far; that of no leaves is SHA-256 of nothing."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        *left, right = self.peaks
        for peak in reversed(left):
            right = _node(peak, right)
        return right


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over `leaf_hashes`, in one pass and O(log n) memory.

    >>> root([]).hex()[:16]
    'e3b0c44298fc1c14'
    """
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index`: the siblings from the leaf up, at most log2(n) rounded up.

    Raises IndexError if there is no such leaf.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(5)]
    >>> inclusion_proof(leaves, 4) == [root(leaves[:4])]
    True
    """
    if not 0 <= index < len(leaf_hashes):
        raise IndexError(f"There is no leaf {index} in a tree of {len(leaf_hashes)}.")
    path, level = [], list(leaf_hashes)
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        parents = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = parents + level[len(parents) * 2 :]
        index >>= 1
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` stands at `index` of the tree `root` of `size` leaves.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(5)]
    >>> verify_inclusion(leaves[2], 2, 5, inclusion_proof(leaves, 2), root(leaves))
    True
    >>> verify_inclusion(leaves[2], 3, 5, inclusion_proof(leaves, 2), root(leaves))
    False
    """
    if not 0 <= index < size:
        return False
    steps, last = iter(proof), size - 1
    while last:
        if index & 1 or index < last:  # an odd one out at the right edge has no sibling
            sibling = next(steps, None)
            if sibling is None:
                return False
            leaf = _node(sibling, leaf) if index & 1 else _node(leaf, sibling)
        index, last = index >> 1, last >> 1
    return next(steps, None) is None and leaf == root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
