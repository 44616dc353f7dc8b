"""Sign-In with Ethereum (EIP-4361): the text that a wallet signs, and its strict parser.

The server issues the text, keeps it, and verifies the signature over its own copy.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from .addresses import BadAddress, checksum_address, parse_address
from .keccak import keccak256

__all__ = ["BadMessage", "SignInMessage", "parse", "personal_digest"]

# RFC 3339; whether it is on the calendar is asked of datetime.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_FORMS = {
    "domain": re.compile(r"[A-Za-z0-9.\-_~%:\[\]]+"),
    # The alphabet that the standard allows: no line break, no quotation mark, ASCII only.
    "statement": re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]+"),
    "uri": re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+"),
    "nonce": re.compile(r"[A-Za-z0-9]{8,128}"),
    "issued_at": _INSTANT,
    "expiration_time": _INSTANT,
}
_TEXT = re.compile(
    r"(?P<domain>[^\n ]+) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n\n"
    r"(?:(?P<statement>[^\n]+)\n)?\n"
    r"URI: (?P<uri>[^\n]+)\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[1-9][0-9]{0,77})\n"
    r"Nonce: (?P<nonce>[^\n]+)\n"
    r"Issued At: (?P<issued_at>[^\n]+)\n"
    r"Expiration Time: (?P<expiration_time>[^\n]+)"
)


class BadMessage(ValueError):
    """A sign-in message, or a part of one, breaks EIP-4361; the message says where."""


@dataclass(frozen=True, slots=True)
class SignInMessage:
    """What a wallet is asked to sign.

    `domain` is the host (and port) that asks, `address` canonical, `statement` one line of
    plain ASCII or None, `nonce` at least 8 letters or digits, the instants RFC 3339 text. The
    parts are checked when it is made (BadMessage), so none can smuggle in another line.

    >>> print(SignInMessage(
    ...     domain="vote.example", address="0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    ...     statement="Sign in to save drafts.", uri="https://vote.example/sign-in", chain_id=324,
    ...     nonce="k3Jf92hQ", issued_at="2026-11-02T18:00:00Z",
    ...     expiration_time="2026-11-02T18:05:00Z").text())
    vote.example wants you to sign in with your Ethereum account:
    0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
    <BLANKLINE>
    Sign in to save drafts.
    <BLANKLINE>
    URI: https://vote.example/sign-in
    Version: 1
    Chain ID: 324
    Nonce: k3Jf92hQ
    Issued At: 2026-11-02T18:00:00Z
    Expiration Time: 2026-11-02T18:05:00Z
    """

    domain: str
    address: str
    statement: str | None
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    expiration_time: str

    def __post_init__(self) -> None:
        for name, form in _FORMS.items():
            value = getattr(self, name)
            if not (value is None and name == "statement") and form.fullmatch(value) is None:
                raise BadMessage(f"The {name} of a sign-in message may not read {value!a}.")
        if not 0 < self.chain_id < 1 << 256:
            raise BadMessage("The chain id of a sign-in message is a positive number.")
        try:
            checksum_address(self.address)
            datetime.fromisoformat(self.issued_at)
            datetime.fromisoformat(self.expiration_time)
        except ValueError as error:
            raise BadMessage(f"A part of the sign-in message is wrong: {error}") from error

    def text(self) -> str:
        """The exact text to sign, with the checksummed address."""
        statement = [] if self.statement is None else [self.statement]
        return "\n".join(
            [
                f"{self.domain} wants you to sign in with your Ethereum account:",
                checksum_address(self.address),
                "",
                *statement,
                "",
                f"URI: {self.uri}",
                "Version: 1",
                f"Chain ID: {self.chain_id}",
                f"Nonce: {self.nonce}",
                f"Issued At: {self.issued_at}",
                f"Expiration Time: {self.expiration_time}",
            ]
        )


def parse(text: str) -> SignInMessage:
    """Read a sign-in message; `parse(text).text() == text` for every text that passes.

    Only what `SignInMessage` holds is taken: version 1, a checksummed address, an
    expiration, no further fields. Raises BadMessage.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise BadMessage("This is not a sign-in message of the form that EIP-4361 and this site use.")
    parts = found.groupdict()
    try:
        address = parse_address(parts.pop("address"))
    except BadAddress as error:
        raise BadMessage(str(error)) from error
    message = SignInMessage(address=address, chain_id=int(parts.pop("chain_id")), **parts)
    if message.text() != text:
        raise BadMessage("The address of the sign-in message lacks its checksum.")
    return message


def personal_digest(text: str) -> bytes:
    """The digest that `personal_sign` signs (EIP-191). Raises ValueError for lone surrogates.

    >>> personal_digest("hello").hex()[:16]
    '50b2c43fd39106ba'
    """
    data = text.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data)
