"""Sign-in messages: exact text, strict parser, nothing smuggled in."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.signing import BadMessage, SignInMessage, address_of, demo_key, parse, personal_digest, recover

MESSAGE = SignInMessage(
    domain="vote.example:8000",
    address="0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    statement="Sign in to save drafts.",
    uri="https://vote.example:8000/sign-in",
    chain_id=324,
    nonce="k3Jf92hQ",
    issued_at="2026-11-02T18:00:00Z",
    expiration_time="2026-11-02T18:05:00.000000Z",
)


@pytest.mark.parametrize(
    "message",
    [
        MESSAGE,
        replace(MESSAGE, statement=None),
        replace(MESSAGE, chain_id=2**256 - 1, nonce="0" * 128),
        replace(MESSAGE, domain="[::1]:8000", uri="http://[::1]:8000/?a=b#c"),
        replace(MESSAGE, issued_at="2026-11-02T20:00:00.123+02:00"),
    ],
)
def test_a_message_reads_back_as_it_was(message: SignInMessage) -> None:
    assert parse(message.text()) == message


def test_without_a_statement_two_blank_lines_remain() -> None:
    assert "BeAed\n\n\nURI: " in replace(MESSAGE, statement=None).text()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("domain", ""),
        ("domain", "vote.example wants\nall"),
        ("domain", "me@vote.example"),
        ("address", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ("statement", ""),
        ("statement", "two\nlines"),
        ("statement", "naïve"),
        ("uri", "no scheme"),
        ("uri", "https://vote.example/\nNonce: 00000000"),
        ("chain_id", 0),
        ("chain_id", 2**256),
        ("nonce", "short"),
        ("nonce", "k3Jf92hQ\nResources:"),
        ("issued_at", "2026-11-02"),
        ("issued_at", "2026-11-02T18:00:00"),
        ("issued_at", "2026-13-02T18:00:00Z"),
        ("expiration_time", "2026-11-02T18:05:00Z\n"),
        ("expiration_time", "2026-11-02T24:05:61Z"),
    ],
)
def test_a_part_that_breaks_the_form_is_refused(part: str, value: Any) -> None:
    with pytest.raises(BadMessage):
        replace(MESSAGE, **{part: value})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 1", "Version: 2"),
        ("Version: 1\n", ""),
        ("Chain ID: 324", "Chain ID: 0324"),
        ("Chain ID: 324", "Chain ID: 0"),
        ("Chain ID: 324", "Chain ID: " + "9" * 78),
        ("Chain ID: 324", "Chain ID: ٣"),
        ("BeAed", "BeAeD"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", MESSAGE.address),
        ("\n\nSign", "\nSign"),
        ("Nonce: k3Jf92hQ", "Nonce:  k3Jf92hQ"),
        ("Nonce: k3Jf92hQ", "Nonce: k3Jf92hQ\r"),
        ("000000Z", "000000Z\n"),
        ("000000Z", "000000Z\nResources:\n- https://evil.example"),
        ("Issued At: 2026", "Issued At: 0000"),
        ("vote.example:8000 wants", "https://vote.example:8000 wants"),
    ],
)
def test_a_text_of_another_form_is_refused(old: str, new: str) -> None:
    text = MESSAGE.text()
    assert old in text
    with pytest.raises(BadMessage):
        parse(text.replace(old, new, 1))


@settings(deadline=None)
@given(st.text() | st.builds(lambda at, junk: MESSAGE.text()[:at] + junk, st.integers(0, 320), st.text()))
def test_any_text_reads_back_exactly_or_is_refused(text: str) -> None:
    with suppress(BadMessage):
        assert parse(text).text() == text


@pytest.mark.parametrize("text", ["", "hello", MESSAGE.text(), "naïve 🗳️" * 40])
def test_the_personal_digest_agrees_with_eth_account(text: str) -> None:
    key = demo_key("river")
    signature = bytes(Account.sign_message(encode_defunct(text=text), key).signature)
    assert recover(personal_digest(text), signature) == address_of(key)
