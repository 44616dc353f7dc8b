"""Signatures of wallets that are contracts: EIP-1271, and ERC-6492 for those that are not deployed yet.

A wallet's answer depends on what it is at a block, so every answer is for a stated one. Contracts may revert, burn
gas, answer nonsense or megabytes: all that is `INVALID`. A node that fails is `UNKNOWN`, never taken for a "no".
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from chain.client import Node, NodeFailed, Refused
from chain.deployless import GAS, Came, program
from chain.signing import keccak256

_MAGIC = bytes.fromhex("1626ba7e") + bytes(28)
_ASK = keccak256(b"isValidSignature(bytes32,bytes)")[:4]
_SUFFIX = bytes.fromhex("6492" * 16)
# Where creation code cannot be run by `eth_call`, a verifier is deployed: ZKsync Era and its Sepolia test network.
VERIFIER = "0xfb688330379976da81eb64fe4bf50d7401763b9c"
VERIFIER_CHAINS = frozenset({324, 300})
_VERIFY = keccak256(b"isValidSig(address,bytes32,bytes)")[:4]
# What nodes say of a call that ran and failed, as opposed to one that they could not run.
_RAN_AND_FAILED = re.compile(
    r"revert|out of gas|outofgas|opcode|invalid jump|stack (under|over)flow|gas required exceeds|evm error"
    r"|vm (execution|exception)|execution error|call depth",
    re.IGNORECASE,
)
_EXECUTION_REVERTED = 3  # geth's code for it


class Validity(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """What is known of a signature at a block. `name` is stable; `words` end a sentence that starts "At block N "."""

    validity: Validity
    name: str
    words: str


_VALID = Answer(Validity.VALID, "confirmed", "the wallet confirms the signature")
_MALFORMED = Answer(Validity.INVALID, "malformed", "the ERC-6492 wrapping of the signature cannot be read")
_NO_CONTRACT = Answer(Validity.INVALID, "no_contract", "there is no contract at the voter's address")
_DENIED = Answer(Validity.INVALID, "not_confirmed", "the wallet does not confirm the signature")
_FAILURES = {
    Came.FACTORY_FAILED: Answer(Validity.INVALID, "factory_failed", "the factory does not make the wallet"),
    Came.NO_CONTRACT: Answer(
        Validity.INVALID, "not_made", "the factory makes no contract at the voter's address"
    ),
    Came.REVERTED: Answer(Validity.INVALID, "reverted", "the wallet refuses to answer (its call fails)"),
    Came.TOO_SHORT: Answer(Validity.INVALID, "nonsense", "the wallet's answer is no answer to EIP-1271"),
}


@dataclass(frozen=True)
class Wrapped:
    """An ERC-6492 signature: what makes the wallet, and the signature for it once it is made."""

    factory: str
    making: bytes
    signature: bytes


def is_wrapped(signature: bytes) -> bool:
    """Whether the signature says that it is one of ERC-6492."""
    return signature.endswith(_SUFFIX)


def is_valid_signature(
    node: Node, *, chain_id: int, address: str, digest: bytes, signature: bytes, block: int
) -> Answer:
    """Whether the contract at `address` confirms `signature` for the 32-byte `digest` at block number `block`.

    Never raises for what a contract or a node does.
    """
    try:
        return _check(node, chain_id, address, digest, signature, block)
    except (NodeFailed, Refused) as failure:
        return Answer(Validity.UNKNOWN, "node_failed", f"the node could not say: {failure}")


def _check(node: Node, chain_id: int, address: str, digest: bytes, signature: bytes, block: int) -> Answer:
    code = node.ask("eth_getCode", address, hex(block))
    if not isinstance(code, str) or not code.startswith("0x"):
        raise NodeFailed(f"{node.name} does not say what stands at {address}.")
    is_there, wrapped = len(code) > 2, None
    if is_wrapped(signature):
        wrapped = _unwrap(signature)
        if wrapped is None:
            return _MALFORMED
    elif not is_there:
        return _NO_CONTRACT
    if chain_id in VERIFIER_CHAINS:
        return _ask_verifier(node, address, digest, signature, block)
    if wrapped is None:
        return _run(node, program(address, _question(digest, signature)), block)
    question = _question(digest, wrapped.signature)
    answer = _run(node, program(address, question), block) if is_there else _NO_CONTRACT
    if answer.validity is Validity.VALID:
        return answer
    # Not there yet; or there, and the wrapping brings it up to date (as ERC-6492 allows).
    return _run(node, program(address, question, factory=wrapped.factory, making=wrapped.making), block)


def _unwrap(signature: bytes) -> Wrapped | None:
    try:
        factory, making, inner = decode(["address", "bytes", "bytes"], signature[: -len(_SUFFIX)])
    except (DecodingError, ValueError, OverflowError):
        return None
    return Wrapped(factory.lower(), making, inner)


def _question(digest: bytes, signature: bytes) -> bytes:
    return _ASK + encode(["bytes32", "bytes"], [digest, signature])


def _run(node: Node, code: bytes, block: int) -> Answer:
    result = _bytes_of(node, node.ask("eth_call", {"data": "0x" + code.hex(), "gas": hex(GAS)}, hex(block)))
    came = int.from_bytes(result[:32], "big")
    if len(result) != 64 or came not in set(Came):
        raise NodeFailed(f"{node.name} does not run what it is asked to.")
    if came != Came.ANSWERED:
        return _FAILURES[Came(came)]
    return _VALID if result[32:] == _MAGIC else _DENIED


def _ask_verifier(node: Node, address: str, digest: bytes, signature: bytes, block: int) -> Answer:
    data = _VERIFY + encode(["address", "bytes32", "bytes"], [address, digest, signature])
    call = {"to": VERIFIER, "data": "0x" + data.hex(), "gas": hex(GAS)}
    try:
        result = _bytes_of(node, node.ask("eth_call", call, hex(block)))
    except Refused as refusal:
        if refusal.code == _EXECUTION_REVERTED or _RAN_AND_FAILED.search(refusal.words):
            return _FAILURES[Came.REVERTED]
        raise
    if len(result) != 32:
        raise NodeFailed(f"There is no verifier at {VERIFIER} on the chain of {node.name}.")
    return _VALID if result == (1).to_bytes(32, "big") else _DENIED


def _bytes_of(node: Node, result: object) -> bytes:
    try:
        if isinstance(result, str) and result.startswith("0x"):
            return bytes.fromhex(result[2:])
    except ValueError:
        pass
    raise NodeFailed(f"What {node.name} answers is no bytes.")
