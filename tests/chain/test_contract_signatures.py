"""Signatures of contract wallets against a real node: honest wallets, hostile ones, and nodes that fail."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from eth_abi.abi import encode

from chain.client import Node, NodeFailed
from chain.contract_signatures import VERIFIER, Answer, Validity, is_valid_signature
from chain.signing import address_of, keccak256, sign_digest
from tests.evm import Chain, call_data
from tpp.embedded_node import EmbeddedNode, compiled
from tpp.processes import Stack

pytestmark = pytest.mark.node

KEYS = [keccak256(f"tests: owner {number}".encode()) for number in range(3)]
OWNERS = [address_of(key) for key in KEYS]
DIGEST = keccak256(b"a ballot")
SIGNED = [sign_digest(key, DIGEST) for key in KEYS]
HOSTILE = [
    "reverts",
    "reverts_hugely",
    "wrong_magic",
    "dirty_magic",
    "too_short",
    "nothing",
    "huge",
    "burns_gas",
    "invalid_opcode",
    "only_at",
    "deep",
]


def ask(
    chain: Chain, address: str, signature: bytes, block: int | None = None, digest: bytes = DIGEST
) -> Answer:
    return is_valid_signature(
        chain.node,
        chain_id=chain.embedded.chain_id,
        address=address,
        digest=digest,
        signature=signature,
        block=chain.newest() if block is None else block,
    )


def wrapped(factory: str, making: bytes, signature: bytes) -> bytes:
    return encode(["address", "bytes", "bytes"], [factory, making, signature]) + bytes.fromhex("6492" * 16)


def test_a_wallet_confirms_once_enough_owners_signed(evm: Chain) -> None:
    wallet = evm.wallet(OWNERS, 2)
    assert ask(evm, wallet, SIGNED[0]).name == "not_confirmed"
    assert ask(evm, wallet, SIGNED[0] + SIGNED[2]).validity is Validity.VALID
    assert ask(evm, wallet, SIGNED[0] + SIGNED[2], digest=keccak256(b"another")).validity is Validity.INVALID
    assert ask(evm, wallet, SIGNED[0] + SIGNED[0]).validity is Validity.INVALID


def test_the_answer_is_that_of_the_stated_block(evm: Chain) -> None:
    wallet = evm.wallet(evm.accounts[:2], 2)
    evm.call(wallet, "approve(bytes32)", DIGEST, by=0)
    before = evm.newest()
    evm.call(wallet, "approve(bytes32)", DIGEST, by=1)
    confirmed = evm.newest()
    evm.call(wallet, "takeBack(bytes32)", DIGEST, by=1)
    answers = [ask(evm, wallet, b"", block).validity for block in (before, confirmed, confirmed + 1)]
    assert answers == [Validity.INVALID, Validity.VALID, Validity.INVALID]


def test_a_wallet_that_is_not_deployed_confirms_and_stays_undeployed(evm: Chain) -> None:
    wallet, factory, making = evm.future_wallet(OWNERS, 2)
    enough, few = (wrapped(factory, making, b"".join(SIGNED[:count])) for count in (2, 1))
    assert ask(evm, wallet, enough).validity is Validity.VALID
    assert ask(evm, wallet, few).name == "not_confirmed"
    assert ask(evm, wallet, SIGNED[0] + SIGNED[1]).name == "no_contract"
    assert evm.ask("eth_getCode", wallet, "latest") == "0x"
    evm.send(factory, making)
    assert ask(evm, wallet, enough).validity is Validity.VALID
    assert ask(evm, wallet, SIGNED[0] + SIGNED[1]).validity is Validity.VALID


def test_an_undeployed_wallet_speaks_for_no_other_address(evm: Chain) -> None:
    _, factory, making = evm.future_wallet(OWNERS, 1)
    assert ask(evm, OWNERS[0], wrapped(factory, making, SIGNED[0])).name == "not_made"


def test_a_factory_that_fails_makes_nothing_valid(evm: Chain) -> None:
    wallet, factory, _ = evm.future_wallet(OWNERS, 1)
    for making in (call_data("unknown()"), call_data("burn()")):
        assert ask(evm, wallet, wrapped(factory, making, SIGNED[0])).name == "factory_failed"
    assert ask(evm, wallet, bytes.fromhex("6492" * 16)).name == "malformed"
    assert ask(evm, wallet, b"\xff" * 96 + bytes.fromhex("6492" * 16)).name == "malformed"


@pytest.mark.parametrize("address", ["0x" + "00" * 19 + f"{number:02x}" for number in (1, 2, 4, 9)])
def test_precompiled_contracts_confirm_nothing(evm: Chain, address: str) -> None:
    factory = evm.deploy("Factory")
    assert ask(evm, address, SIGNED[0]).validity is Validity.INVALID
    making = call_data("addressOf(address[],uint256,bytes32)", OWNERS, 1, bytes(32))
    assert ask(evm, address, wrapped(factory, making, SIGNED[0])).validity is Validity.INVALID


@pytest.mark.parametrize("mode", range(len(HOSTILE)), ids=HOSTILE)
def test_a_hostile_wallet_is_no_and_never_unknown(evm: Chain, mode: int) -> None:
    wallet = evm.deploy("Hostile", ["uint8"], mode)
    assert ask(evm, wallet, SIGNED[0]).validity is Validity.INVALID
    making = wrapped(wallet, call_data("isValidSignature(bytes32,bytes)", DIGEST, b""), SIGNED[0])
    assert ask(evm, wallet, making).validity is Validity.INVALID


def test_a_wallet_that_confirms_at_one_block_alone_is_valid_there_alone(evm: Chain) -> None:
    wallet = evm.deploy("Hostile", ["uint8"], HOSTILE.index("only_at"))
    there = evm.newest() + 3
    evm.call(wallet, "setBlock(uint256)", there)
    evm.mine(5)
    answers = {block: ask(evm, wallet, b"", block).validity for block in range(there - 1, there + 2)}
    assert answers == {there - 1: "invalid", there: "valid", there + 1: "invalid"}


# Nodes


def test_a_dead_node_is_unknown_and_not_invalid(own_node: Chain) -> None:
    wallet = own_node.wallet(OWNERS, 1)
    block = own_node.newest()
    assert ask(own_node, wallet, SIGNED[0], block).validity is Validity.VALID
    own_node.stop()
    answer = ask(own_node, wallet, SIGNED[0], block)
    assert (answer.validity, answer.name) == (Validity.UNKNOWN, "node_failed")


def test_a_node_that_hangs_is_unknown_within_the_time_it_has(own_node: Chain) -> None:
    wallet, block = own_node.wallet(OWNERS, 1), own_node.newest()
    own_node.freeze()
    node = Node(own_node.embedded.url, timeout=0.5)
    answer = is_valid_signature(
        node, chain_id=31337, address=wallet, digest=DIGEST, signature=SIGNED[0], block=block
    )
    own_node.thaw()
    assert answer.validity is Validity.UNKNOWN


def test_a_block_that_the_node_does_not_have_is_unknown(evm: Chain) -> None:
    wallet = evm.wallet(OWNERS, 1)
    assert ask(evm, wallet, SIGNED[0], evm.newest() + 1000).validity is Validity.UNKNOWN


@contextmanager
def answering(answer: bytes, *, keep_sending: bool = False) -> Iterator[Node]:
    """A server that sends `answer` to whoever connects, as no node should."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65536)
                        connection.sendall(answer)
                        while keep_sending:
                            connection.sendall(b" " * 65536)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield Node(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=2, largest=1 << 20)
        server.shutdown(socket.SHUT_RDWR)


OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
STRANGE = {
    "nothing": b"",
    "no http": b"hello\r\n\r\n",
    "a gateway": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
    "too many": b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    "a page": OK + b"<html></html>",
    "half": OK + b'{"jsonrpc":"2.0","result":"0x',
    "a list": OK + b"[]",
    "a number": OK + b'{"jsonrpc":"2.0","result":7}',
    "no result": OK + b'{"jsonrpc":"2.0"}',
    "rate limit": OK + b'{"jsonrpc":"2.0","error":{"code":-32005,"message":"limit exceeded"}}',
    "deep": OK + b"[" * 200_000,
    "one byte for code": OK + b'{"jsonrpc":"2.0","result":"0x00"}',
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE.keys())
def test_a_node_that_answers_strangely_is_unknown(answer: bytes) -> None:
    with answering(answer) as node:
        found = is_valid_signature(
            node, chain_id=1, address=OWNERS[0], digest=DIGEST, signature=SIGNED[0], block=1
        )
    assert found.validity is Validity.UNKNOWN


def test_an_answer_without_end_is_cut_off() -> None:
    with answering(OK, keep_sending=True) as node, pytest.raises(NodeFailed, match="more than"):
        node.ask("eth_blockNumber")


def test_a_batch_keeps_its_order_and_tells_refusals_apart(evm: Chain) -> None:
    first, unknown, last = evm.node.ask_all(
        [("eth_chainId", []), ("eth_nonsense", []), ("eth_blockNumber", [])]
    )
    assert (first, int(last, 16)) == ("0x7a69", evm.newest())
    assert isinstance(unknown, Exception)


# ZKsync, where no code can be run without deploying it


@pytest.fixture(scope="module")
def zksync(node_stack: Stack) -> Iterator[Chain]:
    embedded = EmbeddedNode(chain_id=324)
    chain = Chain(embedded, node_stack, embedded.start(node_stack))
    yield chain
    chain.stop()


def test_on_zksync_the_deployed_verifier_is_asked(zksync: Chain) -> None:
    wallet = zksync.wallet(OWNERS, 2)
    both = SIGNED[0] + SIGNED[1]
    missing = ask(zksync, wallet, both)
    assert (missing.validity, "no verifier" in missing.words) == (Validity.UNKNOWN, True)
    zksync.ask("anvil_setCode", VERIFIER, compiled("Verifier")["runtime"])
    zksync.mine()
    assert ask(zksync, wallet, both).validity is Validity.VALID
    assert ask(zksync, wallet, SIGNED[0]).name == "not_confirmed"
    assert ask(zksync, OWNERS[0], SIGNED[0]).name == "no_contract"
    future, factory, making = zksync.future_wallet(OWNERS, 1)
    assert ask(zksync, future, wrapped(factory, making, SIGNED[0])).validity is Validity.VALID
    for mode in ("reverts", "burns_gas", "invalid_opcode", "deep", "dirty_magic"):
        hostile = zksync.deploy("Hostile", ["uint8"], HOSTILE.index(mode))
        assert ask(zksync, hostile, SIGNED[0]).validity is Validity.INVALID
