"""Blocks by their instants: which is final, and which was the last before an instant."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chain.client import Node, NodeFailed, Refused

TAGS = frozenset({"finalized", "safe", "latest"})


@dataclass(frozen=True)
class Block:
    """`hash` has 32 bytes; `at` is the instant that its maker gave it."""

    number: int
    hash: bytes
    at: datetime


def block_at(node: Node, which: int | str) -> Block:
    """The block of a number, or under a tag such as `latest`. Raises NodeFailed or Refused."""
    found = node.ask("eth_getBlockByNumber", hex(which) if isinstance(which, int) else which, False)
    if found is None:
        raise NodeFailed(f"{node.name} has no block {which}.")
    return _parse(node, found)


def final_block(node: Node, finality: str) -> Block:
    """The newest block that is final: by a tag that nodes know, or so many blocks behind the newest."""
    try:
        if finality in TAGS:
            return block_at(node, finality)
    except Refused as refusal:
        raise NodeFailed(f"{node.name} does not know which block is {finality} ({refusal}).") from refusal
    newest = block_at(node, "latest")
    return block_at(node, max(0, newest.number - int(finality)))


def last_block_before(node: Node, at: datetime, newest: Block) -> Block | None:
    """The last block whose instant is before `at`, up to `newest`; None where there is none."""
    if newest.at < at:
        return newest
    low, high = block_at(node, 0), newest
    if low.at >= at:
        return None
    while high.number - low.number > 1:
        middle = block_at(node, (low.number + high.number) // 2)
        low, high = (middle, high) if middle.at < at else (low, middle)
    return low


def _parse(node: Node, found: Any) -> Block:
    try:
        number, stamp = int(found["number"], 16), int(found["timestamp"], 16)
        block = Block(number, bytes.fromhex(found["hash"][2:]), datetime.fromtimestamp(stamp, UTC))
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise NodeFailed(f"What {node.name} answers is no block.") from error
    if len(block.hash) != 32:
        raise NodeFailed(f"What {node.name} answers is no block.")
    return block
