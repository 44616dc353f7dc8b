"""A program for `eth_call` that asks a wallet, without anything deployed for it.

It is creation code that is run and thrown away: it may first let a factory make the wallet (ERC-6492), then asks the
wallet with bounded gas, and returns two words: how far it came, and the first word of the wallet's answer. Whatever
the wallet does, the program itself neither fails nor returns more: what fails is the node.
"""

from enum import IntEnum

_CODECOPY, _EXTCODESIZE, _RETURNDATASIZE, _MSTORE = 0x39, 0x3B, 0x3D, 0x52
_JUMPI, _JUMPDEST, _CALL, _STATICCALL, _RETURN = 0x57, 0x5B, 0xF1, 0xFA, 0xF3
_LT, _ISZERO, _PUSH4, _PUSH20 = 0x10, 0x15, 0x63, 0x73

FACTORY_GAS, WALLET_GAS = 10_000_000, 5_000_000
GAS = 2 * FACTORY_GAS  # of the whole call: enough remains however much both burn


class Came(IntEnum):
    """How far the program came."""

    FACTORY_FAILED = 1
    NO_CONTRACT = 2
    REVERTED = 3
    TOO_SHORT = 4
    ANSWERED = 5


def program(wallet: str, question: bytes, *, factory: str | None = None, making: bytes = b"") -> bytes:
    """The code that asks `wallet` the `question` (call data), after calling `factory` with `making` where given."""
    end = 0
    for _ in range(2):  # the second time, where things lie is known
        body = _body(wallet, question, factory, making, end)
        end = len(body) - 12  # the JUMPDEST, followed by two pushes and RETURN
    return body + making + question


def _body(wallet: str, question: bytes, factory: str | None, making: bytes, end: int) -> bytes:
    size = len(making) + len(question)
    result = -(-size // 32) * 32  # behind what was copied
    code_size = end + 12

    def reached(came: Came) -> bytes:
        return _push(came) + _push(result) + bytes([_MSTORE])

    def end_if_zero() -> bytes:
        return bytes([_ISZERO]) + _push(end) + bytes([_JUMPI])

    steps = [_push(size) + _push(code_size) + _push(0) + bytes([_CODECOPY])]
    if factory is not None:
        steps += [
            reached(Came.FACTORY_FAILED),
            *(_push(word) for word in (0, 0, len(making), 0, 0)),
            _push_address(factory) + _push(FACTORY_GAS) + bytes([_CALL]) + end_if_zero(),
        ]
    steps += [
        reached(Came.NO_CONTRACT),
        _push_address(wallet) + bytes([_EXTCODESIZE]) + end_if_zero(),
        reached(Came.REVERTED),
        *(_push(word) for word in (32, result + 32, len(question), len(making))),
        _push_address(wallet) + _push(WALLET_GAS) + bytes([_STATICCALL]) + end_if_zero(),
        reached(Came.TOO_SHORT),
        _push(32) + bytes([_RETURNDATASIZE, _LT]) + _push(end) + bytes([_JUMPI]),
        reached(Came.ANSWERED),
        bytes([_JUMPDEST]) + _push(64) + _push(result) + bytes([_RETURN]),
    ]
    return b"".join(steps)


def _push(number: int) -> bytes:
    return bytes([_PUSH4]) + number.to_bytes(4, "big")


def _push_address(address: str) -> bytes:
    return bytes([_PUSH20]) + bytes.fromhex(address[2:])
