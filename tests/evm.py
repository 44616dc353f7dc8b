"""A real EVM node for tests: one a process of the tests, put back to its beginning before each test."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from chain.client import Node
from chain.signing import keccak256
from tpp.embedded_node import EmbeddedNode, compiled
from tpp.processes import Child, Stack

_SALTS = count(1)


@dataclass
class Chain:
    """The node, what asks it, and how tests change what is on it."""

    embedded: EmbeddedNode
    stack: Stack
    child: Child

    @property
    def node(self) -> Node:
        return Node(self.embedded.url, timeout=5)

    @property
    def accounts(self) -> list[str]:
        return [str(account).lower() for account in self.ask("eth_accounts")]

    def ask(self, method: str, *parameters: Any) -> Any:
        return self.node.ask(method, *parameters)

    def send(self, to: str | None, data: bytes, *, by: int = 0) -> Any:
        """Send a transaction of account number `by`; its receipt. A block is made for it."""
        transaction = {"from": self.accounts[by], "data": "0x" + data.hex(), "gas": hex(20_000_000)}
        sent = self.ask("eth_sendTransaction", transaction | ({"to": to} if to else {}))
        limit = time.monotonic() + 10
        while (found := self.ask("eth_getTransactionReceipt", sent)) is None:
            assert time.monotonic() < limit, "no block was made for a transaction"
            time.sleep(0.005)
        assert found["status"] == "0x1", found
        return found

    def deploy(self, name: str, types: list[str] | None = None, *values: Any) -> str:
        """Deploy one of our contracts; its address."""
        code = bytes.fromhex(compiled(name)["bytecode"][2:]) + encode(types or [], values)
        return str(self.send(None, code)["contractAddress"]).lower()

    def call(self, to: str, signature: str, *values: Any, by: int = 0) -> Any:
        """Send a call of a function, such as approve(bytes32)."""
        return self.send(to, call_data(signature, *values), by=by)

    def read(self, to: str, signature: str, *values: Any) -> bytes:
        data = "0x" + call_data(signature, *values).hex()
        return bytes.fromhex(self.ask("eth_call", {"to": to, "data": data}, "latest")[2:])

    def mine(self, blocks: int = 1, *, seconds: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks), hex(seconds))

    def newest(self) -> int:
        return int(self.ask("eth_blockNumber"), 16)

    def wallet(self, owners: list[str], threshold: int) -> str:
        """A new wallet of our own kind, final at once."""
        address = self.deploy("Wallet", ["address[]", "uint256"], owners, threshold)
        self.mine(4)
        return address

    def future_wallet(self, owners: list[str], threshold: int) -> tuple[str, str, bytes]:
        """A wallet that is not deployed yet: its address, its factory, and what makes the factory make it."""
        factory, salt = self.deploy("Factory"), next(_SALTS).to_bytes(32, "big")
        self.mine(4)
        arguments = (owners, threshold, salt)
        answer = self.read(factory, "addressOf(address[],uint256,bytes32)", *arguments)
        return "0x" + answer[-20:].hex(), factory, call_data("create(address[],uint256,bytes32)", *arguments)

    def stop(self) -> None:
        """End the node; its port is then free, and what it knew is lost."""
        self.child.stop()
        self.stack.children.remove(self.child)

    def restart(self, state: Path) -> None:
        """Start it again on the same port, with what it knew when it was ended so the last time."""
        if self.child in self.stack.children:
            self.stop()
        arguments = ["--state", str(state), "--preserve-historical-states"]
        self.child = self.embedded.start(self.stack, *arguments)

    def freeze(self) -> None:
        """Let the node hang: connections are taken, nothing is answered."""
        self.child.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.child.process.send_signal(signal.SIGCONT)


def call_data(signature: str, *values: Any) -> bytes:
    types = signature[signature.index("(") + 1 : -1]
    return keccak256(signature.encode())[:4] + encode(types.split(",") if types else [], values)


@pytest.fixture(scope="session")
def node_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory: Path = tmp_path_factory.mktemp("nodes")
    with Stack(directory) as stack:
        yield stack


@pytest.fixture(scope="session")
def running_node(node_stack: Stack) -> Chain:
    """Its clock starts an hour late, so that tests can let its time pass without overtaking ours."""
    embedded = EmbeddedNode()
    began = str(int(time.time()) - 3600)
    return Chain(embedded, node_stack, embedded.start(node_stack, "--timestamp", began))


@pytest.fixture
def evm(running_node: Chain) -> Iterator[Chain]:
    """The node as it was at its beginning. Tests that ask for it are marked `node`."""
    before = running_node.ask("evm_snapshot")
    yield running_node
    running_node.ask("evm_revert", before)


@pytest.fixture
def own_node(node_stack: Stack) -> Iterator[Chain]:
    """A node that a test may end and start again."""
    embedded = EmbeddedNode()
    chain = Chain(embedded, node_stack, embedded.start(node_stack))
    yield chain
    if chain.child in node_stack.children:
        chain.stop()
