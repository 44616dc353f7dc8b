"""The tree of a cycle's ballots: the heads that were signed while it grew, and what lets it be read quickly."""

from collections.abc import Iterator
from datetime import datetime

from django.db import models

from votes.models.ballots import TREE_KEY, Ballot
from votes.models.cycles import Cycle
from votes.record import heads
from votes.record.instants import microseconds
from votes.record.merkle import (
    TILE_LEVEL,
    Frontier,
    ballot_leaf,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    perfect_parts,
    range_root,
    root,
)

_TILE = 1 << TILE_LEVEL


class TreeHead(models.Model):
    """How many ballots the tree of an open cycle had, and its root, signed; each extends the one before.

    A trigger holds: ascending, none after the certificate, and as many ballots have their positions.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="heads")
    size = models.PositiveIntegerField()
    root = models.BinaryField(max_length=32)
    published_at = models.DateTimeField()
    signature = models.BinaryField(max_length=64)

    class Meta:
        get_latest_by = "published_at"
        indexes = [
            models.Index(fields=["cycle", "published_at"], name="newest_tree_heads"),
            models.Index(fields=["cycle", "size"], name="tree_heads_of_a_size"),
        ]

    def __str__(self) -> str:
        return f"head of {self.size} in {self.cycle}"

    @property
    def document(self) -> dict[str, str | int]:
        """The head as readers save it: what was signed, and the signature."""
        rules = self.cycle.announcement.rules
        head = heads.TreeHead(
            cycle=str(self.cycle.number),
            rules=rules.hash,
            size=self.size,
            root=bytes(self.root),
            published_at=self.published_at,
        )
        return {**head.content(), "signature": "0x" + bytes(self.signature).hex()}


class TreeNode(models.Model):
    """The hash of a perfect subtree of level 8, 16, 24 …, so that no proof hashes the whole tree anew."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField()
    index = models.PositiveIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "level", "index"], name="a_subtree_is_hashed_once"),
        ]

    def __str__(self) -> str:
        return f"subtree {self.index} of level {self.level} in {self.cycle}"


class Tree:
    """The tree over the ballots of one cycle that have positions, read in tiles of 256 hashes.

    Roots and proofs cost a few hundred hashes, whatever the size. What is asked for must have its positions.
    """

    def __init__(self, cycle_id: int) -> None:
        self._cycle_id = cycle_id
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def root_of(self, start: int, end: int) -> bytes:
        """The root over the ballots at positions `start` to `end`, a range that a proof names."""
        return range_root(start, end, self._perfect)

    def frontier(self, size: int) -> Frontier:
        """The right edge of the tree of the first `size` ballots, to append to."""
        return Frontier(size, [self._perfect(level, index) for level, index in perfect_parts(0, size)])

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """Why the ballot at `position` is in the tree of the first `size`: RFC 6962, section 2.1.1."""
        return [self.root_of(start, end) for start, end in inclusion_ranges(position, size)]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Why the tree of the first `old` ballots begins the tree of the first `new`: section 2.1.2."""
        return [self.root_of(start, end) for start, end in consistency_ranges(old, new)]

    def leaf(self, position: int) -> bytes:
        """The leaf hash of the ballot at `position`."""
        return self._perfect(0, position)

    def _perfect(self, level: int, index: int) -> bytes:
        above = level % TILE_LEVEL
        first = index << above
        tile = self._tile(level - above, first // _TILE)
        return root(tile[first % _TILE : first % _TILE + (1 << above)])

    def _tile(self, level: int, number: int) -> list[bytes]:
        if (level, number) not in self._tiles:
            first = number * _TILE
            if level:
                nodes = TreeNode.objects.filter(
                    cycle_id=self._cycle_id, level=level, index__gte=first, index__lt=first + _TILE
                )
                hashes = [bytes(each) for each in nodes.order_by("index").values_list("hash", flat=True)]
            else:
                hashes = list(leaves(self._cycle_id, first, first + _TILE))
            self._tiles[level, number] = hashes
        return self._tiles[level, number]


def leaves(cycle_id: int, start: int, end: int) -> Iterator[bytes]:
    """The leaf hashes of the ballots at positions `start` to `end`, in order; only so many as have positions."""
    placed = Ballot.objects.filter(
        place__cycle_id=cycle_id, place__position__gte=start, place__position__lt=end
    ).order_by("place__position")
    rows: Iterator[tuple[bytes, datetime]] = placed.values_list(TREE_KEY, "received_at").iterator(10_000)
    for key, received_at in rows:
        yield leaf_hash(ballot_leaf(bytes(key), microseconds(received_at)))
