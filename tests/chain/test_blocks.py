"""Which block was the last before an instant, and which is final, on a real node."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chain.blocks import block_at, final_block, last_block_before
from chain.client import NodeFailed
from chain.nodes import find_node
from tests.evm import Chain
from tpp.processes import free_port

pytestmark = pytest.mark.node


def test_the_last_block_before_an_instant_is_found_among_many(evm: Chain) -> None:
    for gap in (1, 7, 60, 1, 1, 300, 12):
        evm.mine(5, seconds=gap)
    newest = block_at(evm.node, "latest")
    blocks = [block_at(evm.node, number) for number in range(newest.number + 1)]
    for block in blocks[1:]:
        for at in (block.at, block.at + timedelta(microseconds=1)):
            expected = max((b for b in blocks if b.at < at), key=lambda b: b.number)
            assert last_block_before(evm.node, at, newest) == expected
    assert last_block_before(evm.node, blocks[0].at, newest) is None
    assert last_block_before(evm.node, datetime(2200, 1, 1, tzinfo=UTC), newest) == newest


def test_finality_is_a_tag_or_a_number_of_blocks(evm: Chain) -> None:
    evm.mine(10)
    newest = evm.newest()
    assert final_block(evm.node, "latest").number == newest
    assert final_block(evm.node, "finalized").number == newest - 2
    assert final_block(evm.node, "7").number == newest - 7
    assert final_block(evm.node, "100000").number == 0


def test_the_first_node_of_the_right_chain_is_asked(evm: Chain, settings: Any) -> None:
    settings.TPP_RPC_URLS = [f"http://127.0.0.1:{free_port()}/", evm.embedded.url]
    assert find_node(chain_id=31337).url == evm.embedded.url
    with pytest.raises(NodeFailed, match=r"cannot be reached .* another chain than 1\."):
        find_node(chain_id=1)
    settings.TPP_RPC_URLS = []
    with pytest.raises(NodeFailed, match="TPP_RPC_URLS"):
        find_node(chain_id=1)
