"""A ballot: its EIP-712 digest, the wallet's view of it, and the one form in which it may be sent.

The domain is `chain.signing.domain_separator(chain_id, salt)`; the types are

    Ballot(string cycle,bytes32 rules,address voter,uint64 nonce,string reason,Line[] lines)
    Line(string programme,string typology,uint16 basisPoints)
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from chain.signing import address_word, keccak256, string_word, type_hash, typed_digest, uint_word

from .canonical import nesting

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_NONCE",
    "MAX_SIGNATURE_BYTES",
    "Ballot",
    "Line",
    "Malformed",
    "Submission",
    "ballot_digest",
    "ballot_json",
    "digest_with_reason_hash",
    "parse_submission",
    "reason_hash",
    "typed_data",
]

MAX_NONCE = 2**53 - 1  # what every JSON reader takes exactly
MAX_SIGNATURE_BYTES = 8_192
MAX_BODY_BYTES = 1 << 20  # a bound against abuse; the frozen rules limit lines and reason

_LINE = "Line(string programme,string typology,uint16 basisPoints)"
_BALLOT = "Ballot(string cycle,bytes32 rules,address voter,uint64 nonce,string reason,Line[] lines)"
_LINE_TYPE = type_hash(_LINE)
_BALLOT_TYPE = type_hash(_BALLOT + _LINE)


class Malformed(ValueError):
    """The bytes are no ballot in canonical form; the message is one sentence saying what and where."""


@dataclass(frozen=True, slots=True)
class Line:
    """`basis_points` of one programme's budget for one of its typologies.

    The contest over the programmes themselves is the programme "*".
    """

    programme: str
    typology: str
    basis_points: int


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a voter signs for a whole cycle.

    `cycle` is the cycle's number as a decimal string, `rules` the 32-byte hash of its frozen
    rules, `voter` a canonical address, `reason` NFC text. No lines withdraw.
    """

    cycle: str
    rules: bytes
    voter: str
    nonce: int
    reason: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A ballot as it was sent, with its signature, not verified yet.

    A key signs with 65 bytes; a wallet that is a contract takes whatever it was built to take, also nothing at all.
    """

    ballot: Ballot
    signature: bytes

    def body(self) -> bytes:
        """The request that sends it; `parse_submission` reads it back.

        >>> ballot = Ballot("12", bytes(32), "0x" + "ab" * 20, 1, "", (Line("ignite", "lending", 10000),))
        >>> sent = Submission(ballot, bytes(65))
        >>> parse_submission(sent.body()) == sent
        True
        """
        document = {"ballot": ballot_json(self.ballot), "signature": "0x" + self.signature.hex()}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def ballot_digest(ballot: Ballot, domain_separator: bytes) -> bytes:
    """The EIP-712 digest of `ballot` in a domain: the 32 bytes that a wallet signs.

    Raises ValueError for a value that its type cannot hold.

    >>> ballot = Ballot("12", bytes(32), "0x" + "ab" * 20, 1, "", (Line("ignite", "lending", 10000),))
    >>> ballot_digest(ballot, bytes(32)).hex()[:16]
    'abae3d05d1ae602f'
    """
    return digest_with_reason_hash(ballot, string_word(ballot.reason), domain_separator)


def reason_hash(reason: str) -> bytes:
    """The hash that stands for a reason under the signature: keccak256 of its UTF-8, 32 bytes."""
    return string_word(reason)


def digest_with_reason_hash(ballot: Ballot, reason_hash: bytes, domain_separator: bytes) -> bytes:
    """The same digest from the reason's 32-byte hash, for a ballot whose text was erased.

    `ballot.reason` is not read.

    >>> ballot = Ballot("12", bytes(32), "0x" + "ab" * 20, 1, "Because.", ())
    >>> erased = Ballot("12", bytes(32), "0x" + "ab" * 20, 1, "", ())
    >>> digest = digest_with_reason_hash(erased, reason_hash("Because."), bytes(32))
    >>> digest == ballot_digest(ballot, bytes(32))
    True
    """
    if len(ballot.rules) != 32 or len(reason_hash) != 32 or len(domain_separator) != 32:
        raise ValueError("The hashes of rules, reason and domain have 32 bytes each.")
    words = (
        _BALLOT_TYPE,
        string_word(ballot.cycle),
        ballot.rules,
        address_word(ballot.voter),
        uint_word(ballot.nonce, 64),
        reason_hash,
        keccak256(b"".join([_line_hash(line) for line in ballot.lines])),
    )
    return typed_digest(domain_separator, keccak256(b"".join(words)))


def _line_hash(line: Line) -> bytes:
    return keccak256(_option_words(line.programme, line.typology) + uint_word(line.basis_points, 16))


@lru_cache(maxsize=4096)
def _option_words(programme: str, typology: str) -> bytes:
    """The words of a line that all ballots share: a cycle has few options, and many ballots."""
    return _LINE_TYPE + string_word(programme) + string_word(typology)


def ballot_json(ballot: Ballot) -> dict[str, Any]:
    """The ballot as the API takes it and as API and record show it."""
    return {
        "cycle": ballot.cycle,
        "rules": "0x" + ballot.rules.hex(),
        "voter": ballot.voter,
        "nonce": ballot.nonce,
        "reason": ballot.reason,
        "lines": [
            {"programme": line.programme, "typology": line.typology, "basisPoints": line.basis_points}
            for line in ballot.lines
        ],
    }


def typed_data(ballot: Ballot, chain_id: int, salt: bytes) -> dict[str, Any]:
    """What a wallet's eth_signTypedData_v4 takes for `ballot`, as JSON.

    The nonce is a decimal string there, as wallets want for wide integers.

    >>> ballot = Ballot("12", bytes(32), "0x" + "ab" * 20, 1, "", ())
    >>> typed_data(ballot, 324, bytes(32))["message"]["nonce"]
    '1'
    """
    return {
        "types": {
            "EIP712Domain": _fields("string name,string version,uint256 chainId,bytes32 salt"),
            "Ballot": _fields(_BALLOT[len("Ballot(") : -1]),
            "Line": _fields(_LINE[len("Line(") : -1]),
        },
        "primaryType": "Ballot",
        "domain": {"name": "TPP", "version": "1", "chainId": chain_id, "salt": "0x" + salt.hex()},
        "message": {**ballot_json(ballot), "nonce": str(ballot.nonce)},
    }


def _fields(declaration: str) -> list[dict[str, str]]:
    return [dict(zip(("type", "name"), field.split(" "), strict=True)) for field in declaration.split(",")]


_DEEPEST = 32  # a ballot needs 4; up to here a refusal can name the place
_BALLOT_KEYS = ("cycle", "rules", "voter", "nonce", "reason", "lines")
_LINE_KEYS = ("programme", "typology", "basisPoints")
_CYCLE = re.compile(r"0|[1-9][0-9]{0,15}")
_HEX = re.compile(r"0x[0-9a-f]*")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed


def parse_submission(body: bytes) -> Submission:
    """Read the body of a request that casts a ballot.

    Exactly one form of every value passes: no unknown, missing or repeated key, whole numbers
    written as digits, hex in lower case, text in NFC (by this Python's Unicode tables) without
    control characters. Whether option, sum, nonce, cycle and signature hold is for others to
    say. For any bytes the answer is a Submission or Malformed, never another error.

    >>> parse_submission(b'{"ballot": {}, "signature": "0x"}')
    Traceback (most recent call last):
    ...
    votes.record.ballot.Malformed: ballot lacks "cycle".
    """
    document = _object(_read_json(body), "the body", ("ballot", "signature"))
    fields = _object(document["ballot"], "ballot", _BALLOT_KEYS)
    ballot = Ballot(
        cycle=_matching(fields["cycle"], "ballot.cycle", _CYCLE, "the number of a cycle as a string"),
        rules=_hex(fields["rules"], "ballot.rules", 32),
        voter="0x" + _hex(fields["voter"], "ballot.voter", 20).hex(),
        nonce=_whole(fields["nonce"], "ballot.nonce", 0, MAX_NONCE),
        reason=_text(fields["reason"], "ballot.reason"),
        lines=_lines(fields["lines"], "ballot.lines"),
    )
    return Submission(ballot, _signature(document["signature"]))


def parse_unsigned(body: bytes) -> tuple[str, tuple[Line, ...]]:
    """Read the voter and the lines of a ballot that nobody has signed, as strictly.

    >>> parse_unsigned(b'{"voter": "0xabababababababababababababababababababab", "lines": []}')
    ('0xabababababababababababababababababababab', ())
    """
    document = _object(_read_json(body), "the body", ("voter", "lines"))
    voter = "0x" + _hex(document["voter"], "voter", 20).hex()
    return voter, _lines(document["lines"], "lines")


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it was written, so that a repeated key shows."""


class _NotWhole:
    """Stands for a number in a form that is never right: 1.0, 1e3, -0, NaN, or far too long."""

    def __init__(self, literal: str) -> None:
        """Forget the literal: it may be a megabyte long."""


def _integer(literal: str) -> int | _NotWhole:
    return _NotWhole(literal) if literal == "-0" or len(literal) > 17 else int(literal)


_decoder = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=_integer, parse_float=_NotWhole, parse_constant=_NotWhole
)


def _read_json(body: bytes) -> object:
    if len(body) > MAX_BODY_BYTES:
        raise Malformed(f"The body has {len(body)} bytes, at most {MAX_BODY_BYTES} are read.")
    try:
        text = body.decode()
        brackets = text.count("[") + text.count("{")  # nothing nests deeper than there are
        if brackets > _DEEPEST and nesting(text) > _DEEPEST:
            raise Malformed("The body is nested too deeply.")
        return _decoder.decode(text)
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON at line {error.lineno}, column {error.colno}.") from None


def _object(value: object, where: str, keys: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(value, _Pairs):
        _must(where, "an object")
    found: dict[str, object] = {}
    for key, item in value:
        if key not in keys:
            raise Malformed(f"{where} has an unknown key {key[:40]!a}.")
        if key in found:
            raise Malformed(f'{where} has the key "{key}" twice.')
        found[key] = item
    for key in keys:
        if key not in found:
            raise Malformed(f'{where} lacks "{key}".')
    return found


def _lines(value: object, where: str) -> tuple[Line, ...]:
    if type(value) is not list:
        _must(where, "a list")
    return tuple(_line(line, f"{where}[{at}]") for at, line in enumerate(value))


def _line(value: object, where: str) -> Line:
    fields = _object(value, where, _LINE_KEYS)
    slug = "a name of 1 to 64 lower-case letters, digits and hyphens"
    programme = fields["programme"]
    if programme != "*":
        programme = _matching(programme, f"{where}.programme", _SLUG, f'{slug}, or "*"')
    return Line(
        programme=str(programme),
        typology=_matching(fields["typology"], f"{where}.typology", _SLUG, slug),
        basis_points=_whole(fields["basisPoints"], f"{where}.basisPoints", 1, 10_000),
    )


def _matching(value: object, where: str, form: re.Pattern[str], words: str) -> str:
    if type(value) is not str or form.fullmatch(value) is None:
        _must(where, words)
    return value


def _hex(value: object, where: str, size: int) -> bytes:
    if type(value) is not str or len(value) != 2 + 2 * size or _HEX.fullmatch(value) is None:
        _must(where, f"0x and {2 * size} lower-case hex digits")
    return bytes.fromhex(value[2:])


def _signature(value: object) -> bytes:
    most = 2 + 2 * MAX_SIGNATURE_BYTES
    if type(value) is not str or len(value) > most or len(value) % 2 or _HEX.fullmatch(value) is None:
        _must("signature", f"0x and lower-case hex digits of at most {MAX_SIGNATURE_BYTES:,} bytes")
    return bytes.fromhex(value[2:])


def _whole(value: object, where: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        _must(where, f"a whole number from {least} to {most}")
    return value


def _text(value: object, where: str) -> str:
    if type(value) is not str:
        _must(where, "a string")
    if found := _SURROGATE.search(value):
        raise Malformed(f"{where} has half of a surrogate pair at character {found.start()}.")
    if found := _CONTROL.search(value):
        code = ord(found[0])
        raise Malformed(f"{where} has the control character U+{code:04X} at character {found.start()}.")
    if not unicodedata.is_normalized("NFC", value):
        raise Malformed(f"{where} is not in Unicode normalisation form C.")
    return value


def _must(where: str, words: str) -> NoReturn:
    raise Malformed(f"{where} must be {words}.")
