"""The lines of a record: one canonical JSON object each, in a fixed order, sealed at the end. See docs/record.md.

Whoever builds a record of the same cycle gets the same bytes: no line says who built it, or when.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .canonical import canonical

__all__ = [
    "FORMAT",
    "KINDS",
    "ORDER",
    "BallotLine",
    "Holder",
    "ballot_line",
    "holder_line",
    "line",
    "read_ballot",
    "read_holder",
    "sealed",
]

FORMAT = 1
KINDS = ("closed", "final")

# The place of each type of line: places never fall from one line to the next. A result's contests follow it.
ORDER: Mapping[str, int] = {
    "header": 0,
    "rules": 1,
    "power": 2,
    "holder": 3,
    "head": 4,
    "ballot": 5,
    "waiting": 6,
    "exclusion": 7,
    "certificate": 8,
    "result": 9,
    "contest_result": 9,
    "challenge": 10,
    "settlement": 11,
    "transfer": 12,
    "seal": 13,
    "text": 14,
}


def line(kind: str, /, **fields: Any) -> bytes:
    r"""One line of a record.

    >>> line("seal", lines=2, sha256="0x00")
    b'{"lines":2,"sha256":"0x00","type":"seal"}\n'
    """
    return canonical({"type": kind, **fields}) + b"\n"


def sealed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """`lines`, and after them the seal: how many they are, and the SHA-256 of all their bytes.

    >>> [part.decode() for part in sealed([])][0][:36]
    '{"lines":0,"sha256":"0xe3b0c44298fc1'
    """
    hashed, count = hashlib.sha256(), 0
    for part in lines:
        hashed.update(part)
        count += 1
        yield part
    yield line("seal", lines=count, sha256="0x" + hashed.hexdigest())


# A record may hold a million ballots and holders. What follows writes and reads them as the same bytes as
# canonical JSON, many times faster; a test compares the two.


@dataclass(slots=True)
class Holder:
    """One address's frozen power [base units]; `address` in 20 bytes."""

    address: bytes
    power: int


@dataclass(slots=True)
class BallotLine:
    """One ballot as the record shows it.

    `options` are numbers in the order of rules.json and `shares` [basis points] their lines, as signed. `received_at`
    is canonical text. `signature` is None in an unsigned import. `blind` (sealed cycles) and `evidence` (contract
    wallets) stand only where there is one.
    """

    position: int
    voter: bytes
    nonce: int
    sequence: int
    replaced: bool
    options: list[int]
    shares: list[int]
    reason: bytes
    digest: bytes
    signature: bytes | None
    received_at: str
    blind: bytes | None = None
    commitment: bytes | None = None
    evidence: Mapping[str, Any] | None = None


def holder_line(address: str, power: int) -> bytes:
    r"""The line of one address's frozen power [base units].

    >>> holder_line("0x" + "ab" * 20, 5).decode()
    '{"address":"0xabababababababababababababababababababab","power":"5","type":"holder"}\n'
    """
    return b'{"address":"%s","power":"%d","type":"holder"}\n' % (address.encode("ascii"), power)


def ballot_line(ballot: BallotLine) -> bytes:
    """The line of one ballot."""
    if ballot.blind is not None or ballot.evidence is not None:
        return line("ballot", **_ballot_fields(ballot))
    return (
        b'{"digest":"0x%s","nonce":%d,"options":[%s],"position":%d,"reason":"0x%s","received_at":"%s",'
        b'"replaced":%s,"sequence":%d,"shares":[%s],"signature":%s,"type":"ballot","voter":"0x%s"}\n'
        % (
            ballot.digest.hex().encode(),
            ballot.nonce,
            _numbers(ballot.options),
            ballot.position,
            ballot.reason.hex().encode(),
            ballot.received_at.encode("ascii"),
            b"true" if ballot.replaced else b"false",
            ballot.sequence,
            _numbers(ballot.shares),
            b"null" if ballot.signature is None else b'"0x%s"' % ballot.signature.hex().encode(),
            ballot.voter.hex().encode(),
        )
    )


def _numbers(numbers: Sequence[int]) -> bytes:
    return ",".join(map(str, numbers)).encode()


def _ballot_fields(ballot: BallotLine) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "position": ballot.position,
        "voter": "0x" + ballot.voter.hex(),
        "nonce": ballot.nonce,
        "sequence": ballot.sequence,
        "replaced": ballot.replaced,
        "options": list(ballot.options),
        "shares": list(ballot.shares),
        "reason": "0x" + ballot.reason.hex(),
        "digest": "0x" + ballot.digest.hex(),
        "signature": None if ballot.signature is None else "0x" + ballot.signature.hex(),
        "received_at": ballot.received_at,
    }
    if ballot.blind is not None and ballot.commitment is not None:
        fields |= {"blind": "0x" + ballot.blind.hex(), "commitment": "0x" + ballot.commitment.hex()}
    if ballot.evidence is not None:
        fields["evidence"] = dict(ballot.evidence)
    return fields


_HOLDER = re.compile(rb'\{"address":"0x([0-9a-f]{40})","power":"(0|[1-9][0-9]{0,77})","type":"holder"\}\n')
_WHOLE = rb"(?:0|[1-9][0-9]{0,4})"
_LIST = rb"\[(|%s(?:,%s)*)\]" % (_WHOLE, _WHOLE)
_BALLOT = re.compile(
    rb'\{"digest":"0x([0-9a-f]{64})","nonce":(0|[1-9][0-9]{0,15}),"options":%s,"position":(0|[1-9][0-9]{0,9}),'
    rb'"reason":"0x([0-9a-f]{64})","received_at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)",'
    rb'"replaced":(true|false),"sequence":([1-9][0-9]{0,8}),"shares":%s,"signature":(?:null|"0x([0-9a-f]{130})"),'
    rb'"type":"ballot","voter":"0x([0-9a-f]{40})"\}\n' % (_LIST, _LIST)
)


def read_holder(raw: bytes) -> Holder | None:
    """The holder in a line that `holder_line` wrote, None for any other bytes.

    >>> read_holder(holder_line("0x" + "ab" * 20, 5)).power
    5
    """
    found = _HOLDER.fullmatch(raw)
    return None if found is None else Holder(bytes.fromhex(found[1].decode()), int(found[2]))


def read_ballot(raw: bytes) -> BallotLine | None:
    """The ballot in a line that `ballot_line` wrote, None for other bytes and for one with blind or evidence."""
    found = _BALLOT.fullmatch(raw)
    if found is None:
        return None
    digest, nonce, options, position, reason, received, replaced, sequence, shares, signature, voter = (
        found.groups()
    )
    return BallotLine(
        int(position),
        bytes.fromhex(voter.decode()),
        int(nonce),
        int(sequence),
        replaced == b"true",
        list(map(int, options.split(b","))) if options else [],
        list(map(int, shares.split(b","))) if shares else [],
        bytes.fromhex(reason.decode()),
        bytes.fromhex(digest.decode()),
        None if signature is None else bytes.fromhex(signature.decode()),
        received.decode(),
    )
