"""Two hundred ballots whose digests three implementations agree on: Python's, the page's, and eth_account's."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from playwright.sync_api import Page

from chain.signing import domain_separator, keccak256
from tests.vectors_ballots import COUNT, FILE, text
from votes.record.ballot import Ballot, Line, ballot_digest, typed_data

InBrowser = Callable[[Callable[[Page], Any]], Any]
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="ascii"))


def test_the_file_is_what_its_seed_makes() -> None:
    assert FILE.read_text(encoding="ascii") == text()
    assert len(VECTORS) == COUNT == 200


def test_it_holds_what_is_hard() -> None:
    messages = [vector["message"] for vector in VECTORS]
    assert sum(not message["reason"].isascii() for message in messages) > 50
    assert any(not message["lines"] for message in messages)
    assert any(len(message["lines"]) == 50 for message in messages)
    assert any(int(message["nonce"]) == 2**53 - 1 for message in messages)
    assert any(not line["programme"].isascii() for message in messages for line in message["lines"])
    assert all(unicodedata.is_normalized("NFC", message["reason"]) for message in messages)


@pytest.mark.parametrize("vector", VECTORS, ids=range(COUNT))
def test_python_and_eth_account_find_the_digest(vector: dict[str, Any]) -> None:
    message, domain = vector["message"], vector["domain"]
    lines = tuple(Line(line["programme"], line["typology"], line["basisPoints"]) for line in message["lines"])
    ballot = Ballot(
        cycle=message["cycle"],
        rules=bytes.fromhex(message["rules"][2:]),
        voter=message["voter"],
        nonce=int(message["nonce"]),
        reason=message["reason"],
        lines=lines,
    )
    salt = bytes.fromhex(domain["salt"][2:])
    separator = domain_separator(domain["chainId"], salt)
    assert "0x" + ballot_digest(ballot, separator).hex() == vector["digest"]
    data = typed_data(ballot, domain["chainId"], salt)
    assert (data["domain"], data["message"]) == (domain, message)
    signable = encode_typed_data(full_message=data)
    oracle = keccak256(b"\x19" + signable.version + signable.header + signable.body)
    assert "0x" + oracle.hex() == vector["digest"]


@pytest.mark.browser
def test_the_page_finds_every_digest(in_browser: InBrowser) -> None:
    def act(page: Page) -> Any:
        page.goto("/plain")
        return page.evaluate(
            """async (vectors) => {
              const { ballotTypedData, typedDataDigest } = await import("/js/eip712.js");
              const { toHex } = await import("/js/crypto/bytes.js");
              return vectors.map(({ message, domain }) => toHex(typedDataDigest(ballotTypedData(
                { ...message, nonce: Number(message.nonce) }, domain.chainId, domain.salt))));
            }""",
            VECTORS,
        )

    assert in_browser(act) == [vector["digest"] for vector in VECTORS]
