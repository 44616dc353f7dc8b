"""The Merkle tree over ballots: RFC 6962, section 2.1, with SHA-256.

A leaf is hashed with 0x00 before it and an inner node with 0x01, so neither can pass for the
other. Functions take leaf hashes, which callers make with `leaf_hash` in ballot positions.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

__all__ = [
    "TILE_LEVEL",
    "Frontier",
    "ballot_leaf",
    "consistency_proof",
    "consistency_ranges",
    "inclusion_proof",
    "inclusion_ranges",
    "leaf_hash",
    "perfect_parts",
    "range_root",
    "root",
    "verify_consistency",
    "verify_inclusion",
]

TILE_LEVEL = 8  # of a large tree the perfect subtrees of every eighth level suffice to prove anything quickly


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

    def append(self, leaf: bytes, kept: list[tuple[int, int, bytes]] | None = None) -> None:
        """Add one leaf hash at the end.

        To `kept` go the perfect subtrees of levels 8, 16, 24 … that it completes: level, index, hash.
        """
        subtrees, level = self.size, 0
        while subtrees & 1:
            leaf = _node(self.peaks.pop(), leaf)
            subtrees, level = subtrees >> 1, level + 1
            if kept is not None and level % TILE_LEVEL == 0:
                kept.append((level, subtrees, leaf))
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far; that of no leaves is SHA-256 of nothing."""
        return _fold(self.peaks)


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


def consistency_proof(leaf_hashes: Sequence[bytes], old: int) -> list[bytes]:
    """Why the tree of the first `old` leaves is the beginning of the tree of all: RFC 6962, section 2.1.2.

    Empty where `old` is nothing or everything. Raises IndexError if there are not so many leaves.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(5)]
    >>> consistency_proof(leaves, 4) == [root(leaves[4:])]
    True
    """
    return [root(leaf_hashes[start:end]) for start, end in consistency_ranges(old, len(leaf_hashes))]


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree `new_root` of `new` leaves begins with the tree `old_root` of `old`.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(7)]
    >>> verify_consistency(3, 7, root(leaves[:3]), root(leaves), consistency_proof(leaves, 3))
    True
    >>> verify_consistency(3, 7, root(leaves[1:4]), root(leaves), consistency_proof(leaves, 3))
    False
    """
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == _fold([])
    steps = iter([old_root, *proof] if old & (old - 1) == 0 else proof)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = next(steps, b"")
    for sibling in steps:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = _node(sibling, before), _node(sibling, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = _node(after, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


# Of a tree that is too large to be hashed anew for each proof: which ranges of leaves a proof names the roots of,
# and what perfect subtrees these are made of.


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots are the audit path of leaf `index` in a tree of `size`.

    >>> inclusion_ranges(4, 5), inclusion_ranges(1, 5)
    ([(0, 4)], [(0, 1), (2, 4), (4, 5)])
    """
    if not 0 <= index < size:
        raise IndexError(f"There is no leaf {index} in a tree of {size}.")
    start, end, ranges = 0, size, list[tuple[int, int]]()
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots show that a tree of `old` leaves begins the tree of `new`.

    >>> consistency_ranges(3, 7)
    [(2, 3), (3, 4), (0, 2), (4, 7)]
    """
    if not 0 <= old <= new:
        raise IndexError(f"A tree of {old} leaves does not begin one of {new}.")
    start, end, ranges = 0, new, list[tuple[int, int]]()
    while 0 < old < end:
        middle = start + _left(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))
    return ranges[::-1]


def perfect_parts(start: int, end: int) -> list[tuple[int, int]]:
    """The perfect subtrees that leaves `start` to `end` of a proof's range consist of: level and index, in order.

    >>> perfect_parts(8, 15)
    [(2, 2), (1, 6), (0, 14)]
    """
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append((level, start >> level))
        start += 1 << level
    return parts


def range_root(start: int, end: int, perfect: Callable[[int, int], bytes]) -> bytes:
    """The root over leaves `start` to `end` of a proof's range, where `perfect` knows each subtree's hash.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(7)]
    >>> known = lambda level, index: root(leaves[index << level:index + 1 << level])
    >>> range_root(4, 7, known) == root(leaves[4:])
    True
    """
    return _fold([perfect(level, index) for level, index in perfect_parts(start, end)])


def _left(size: int) -> int:
    """The largest power of two below `size`: how many leaves stand at the left."""
    return 1 << (size - 1).bit_length() - 1


def _fold(peaks: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees, the largest first; of none, SHA-256 of nothing."""
    if not peaks:
        return hashlib.sha256(b"").digest()
    *left, right = peaks
    for peak in reversed(left):
        right = _node(peak, right)
    return right


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
