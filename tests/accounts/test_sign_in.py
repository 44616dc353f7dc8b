"""Signing in with a wallet over HTTP: the server writes the text, keeps it, and verifies its own copy."""

import json
import logging
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.actions import challenge_wallet, sign_in
from accounts.models import Wallet
from chain.signing import checksum_address, parse, personal_digest, sign_digest
from journal.clock import database_clock
from journal.refusal import Refusal
from tests.accounts.visitors import Visitor
from tests.factories import a_moment_after, address, key_of, wallet

pytestmark = pytest.mark.django_db

KEPT = "sign_in_challenge"


@pytest.fixture
def alice() -> Visitor:
    return Visitor("alice")


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["refusal"]


def test_the_text_is_a_sign_in_message_of_eip_4361(alice: Visitor) -> None:
    text = alice.ask().json()["text"]
    lines = text.split("\n")
    assert lines[:5] == [
        "testserver wants you to sign in with your Ethereum account:",
        checksum_address(address("alice")),
        "",
        "Sign in to Token Programmes. This moves no tokens and casts no ballot.",
        "",
    ]
    assert [line.partition(": ")[0] for line in lines[5:]] == [
        "URI",
        "Version",
        "Chain ID",
        "Nonce",
        "Issued At",
        "Expiration Time",
    ]
    message = parse(text)
    assert (message.uri, message.chain_id, message.address) == ("http://testserver", 324, address("alice"))
    issued, expires = (
        datetime.fromisoformat(text.replace("Z", "+00:00"))
        for text in (message.issued_at, str(message.expiration_time))
    )
    assert expires - issued == timedelta(minutes=5)
    assert abs(database_clock() - issued) < timedelta(seconds=5)


def test_each_text_has_its_own_nonce(alice: Visitor) -> None:
    nonces = {parse(alice.ask().json()["text"]).nonce for _ in range(3)}
    assert len(nonces) == 3
    assert all(re.fullmatch("[0-9a-f]{24}", nonce) for nonce in nonces)


def test_whoever_signs_the_text_is_signed_in(alice: Visitor) -> None:
    answer = alice.sign_in()
    assert answer.status_code == 200
    assert answer.json()["address"] == address("alice")
    assert alice.is_signed_in()
    assert Wallet.objects.get().address == address("alice")


def test_the_first_sign_in_makes_the_wallet_and_the_next_one_finds_it(alice: Visitor) -> None:
    alice.sign_in()
    joined = Wallet.objects.get().joined_at
    Visitor("alice").sign_in()
    assert Wallet.objects.get().joined_at == joined


def test_an_address_with_capitals_signs_in_as_the_same_wallet(alice: Visitor) -> None:
    text = alice.ask(address=checksum_address(address("alice"))).json()["text"]
    assert alice.finish(text).json()["address"] == address("alice")


def test_a_wallet_with_a_name_is_greeted_by_it(alice: Visitor) -> None:
    wallet("alice")
    assert alice.sign_in().json()["name"] == "Alice"


def test_the_server_verifies_its_own_copy_and_not_what_it_is_sent(alice: Visitor) -> None:
    text = alice.ask().json()["text"]
    altered = text.replace("casts no ballot", "casts every ballot")
    assert refusal(alice.finish(altered)) == (400, "bad_signature")
    assert not alice.is_signed_in()


def test_a_text_serves_once(alice: Visitor) -> None:
    text = alice.ask().json()["text"]
    assert alice.finish(text).status_code == 200
    assert refusal(alice.finish(text)) == (400, "no_message")


def test_a_failed_attempt_uses_the_text_up(alice: Visitor) -> None:
    text = alice.ask().json()["text"]
    assert refusal(alice.finish(text, signer="bob")) == (400, "bad_signature")
    assert refusal(alice.finish(text)) == (400, "no_message")
    assert not alice.is_signed_in()


def test_only_the_last_text_counts(alice: Visitor) -> None:
    first = alice.ask().json()["text"]
    alice.ask()
    assert refusal(alice.finish(first)) == (400, "bad_signature")


def test_a_text_is_bound_to_the_browser_that_asked_for_it(alice: Visitor) -> None:
    text = alice.ask().json()["text"]
    assert refusal(Visitor("alice").finish(text)) == (400, "no_message")


def test_a_text_is_valid_for_five_minutes_and_not_a_moment_longer() -> None:
    at = database_clock()
    challenge = challenge_wallet(address=address("alice"), chain_id=1, site_url="https://a.example", at=at)
    signature = sign_digest(key_of("alice"), personal_digest(challenge.text))
    limit = at + timedelta(minutes=5)
    with pytest.raises(Refusal, match="expired"):
        sign_in(challenge=challenge, signature=signature, at=limit)
    with pytest.raises(Refusal, match="expired"):
        sign_in(challenge=challenge, signature=signature, at=a_moment_after(limit))
    assert sign_in(challenge=challenge, signature=signature, at=limit - timedelta(microseconds=1))


def test_an_expired_text_is_refused_in_words(alice: Visitor) -> None:
    text = alice.ask().json()["text"]
    session = alice.client.session
    session[KEPT] = {**session[KEPT], "expires_at": (database_clock() - timedelta(seconds=1)).isoformat()}
    session.save()
    answer = alice.finish(text)
    assert refusal(answer) == (400, "expired")
    assert "5 minutes" in answer.json()["words"]


def test_the_session_gets_a_new_key_at_sign_in(alice: Visitor) -> None:
    text = alice.ask().json()["text"]
    before = alice.session_key
    alice.finish(text)
    assert before
    assert alice.session_key not in {before, None}
    assert not Session.objects.filter(session_key=before).exists()


def test_a_session_of_somebody_else_is_not_taken_over(alice: Visitor) -> None:
    alice.sign_in()
    alice.client.session["draft"] = "alice's"
    alice.name = "bob"
    assert alice.sign_in().json()["address"] == address("bob")
    assert "draft" not in alice.client.session


def test_sign_out_ends_the_session(alice: Visitor) -> None:
    alice.sign_in()
    key = alice.session_key
    answer = alice.client.post("/sign-out/", {"csrfmiddlewaretoken": alice.token()})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert not alice.is_signed_in()
    assert not Session.objects.filter(session_key=key).exists()


def test_a_session_whose_wallet_is_gone_is_nobody() -> None:
    visitor = Visitor("carol")
    visitor.sign_in()
    Wallet.objects.all().delete()
    assert not visitor.is_signed_in()


def test_cookies_are_not_for_scripts_nor_for_other_sites(alice: Visitor) -> None:
    cookie = alice.ask().cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.parametrize("path", ["/sign-in/message/", "/sign-in/finish/", "/sign-out/"])
def test_every_step_needs_the_token_of_our_own_page(path: str) -> None:
    visitor = Visitor()
    visitor.token()
    assert visitor.send(path, {}, HTTP_X_CSRFTOKEN="").status_code == 403
    assert visitor.send(path, {}, HTTP_X_CSRFTOKEN="a" * 64).status_code == 403
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert visitor.send(path, {}).status_code != 403
    assert visitor.send(path, {}, HTTP_ORIGIN="https://evil.example").status_code == 403


@pytest.mark.parametrize("path", ["/sign-in/message/", "/sign-in/finish/", "/sign-out/"])
def test_a_link_changes_nothing(path: str) -> None:
    assert Visitor().client.get(path).status_code == 405


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"\xff\xfe\x00", "malformed"),
        (b"null", "malformed"),
        (b"[]", "malformed"),
        (b'"text"', "malformed"),
        (b"[" * 4000, "malformed"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "bad_address"),
        (b"9" * 4096, "malformed"),
        (b" " * 4097, "malformed"),
        (b"{" + b" " * 3_000_000 + b"}", "malformed"),
        (b"{}", "bad_address"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_no_request_is_refused_by_name(
    alice: Visitor, body: bytes, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert refusal(alice.send("/sign-in/message/", body)) == (400, name)
    assert KEPT not in alice.client.session
    alice.ask()
    expected = name if name == "malformed" else "bad_signature"
    assert refusal(alice.send("/sign-in/finish/", body)) == (400, expected)
    assert not alice.is_signed_in()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"address": None}, "bad_address"),
        ({"address": 7}, "bad_address"),
        ({"address": ["0x"]}, "bad_address"),
        ({"address": "0x" + "ab" * 19}, "bad_address"),
        ({"address": "0x" + "AB" * 20}, "bad_address"),
        ({"address": "0x" + "ab" * 20 + "\nURI: https://evil.example"}, "bad_address"),
        ({"address": "\ud800"}, "bad_address"),
        ({"chainId": None}, "malformed"),
        ({"chainId": "1"}, "malformed"),
        ({"chainId": 1.0}, "malformed"),
        ({"chainId": True}, "malformed"),
        ({"chainId": 0}, "malformed"),
        ({"chainId": -1}, "malformed"),
        ({"chainId": 2**53}, "malformed"),
        ({"chainId": 10**1000}, "malformed"),
        ({"chainId": {"a": 1}}, "malformed"),
    ],
    ids=str,
)
def test_wrong_types_are_refused_by_name(alice: Visitor, changes: dict[str, Any], name: str) -> None:
    answer = alice.ask(**changes)
    assert refusal(answer) == (400, name)
    assert answer.json()["words"].endswith(".")


@pytest.mark.parametrize("claimed", ["", "-1", "²", "1e9", "99999999999999999999", "4097"])
def test_a_length_that_is_wrong_is_refused(alice: Visitor, claimed: str) -> None:
    answer = alice.send("/sign-in/message/", {"address": 1}, CONTENT_LENGTH=claimed)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "signature",
    [
        None,
        7,
        [],
        "",
        "0x",
        "0xzz",
        "0x" + "00" * 65,
        "0x" + "ff" * 65,
        "0x" + "11" * 64 + "1b",
        "0x" + "11" * 64,
        "0x" + "11" * 66,
        "0x" + "11" * 1000,
        "\ud800",
    ],
    ids=lambda value: str(value)[:12].encode("unicode_escape").decode(),
)
def test_a_signature_of_garbage_signs_nobody_in(
    alice: Visitor, signature: Any, caplog: pytest.LogCaptureFixture
) -> None:
    alice.ask()
    answer = alice.send("/sign-in/finish/", {"signature": signature})
    assert refusal(answer) == (400, "bad_signature")
    assert answer.json()["words"].endswith(".")
    assert not alice.is_signed_in()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_the_other_form_of_a_signature_is_refused(alice: Visitor) -> None:
    """Anybody can make (r, n − s) out of (r, s); only the low one is taken."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    signature = sign_digest(key_of("alice"), personal_digest(alice.ask().json()["text"]))
    high = order - int.from_bytes(signature[32:64], "big")
    other = signature[:32] + high.to_bytes(32, "big") + bytes([55 - signature[64]])
    assert refusal(alice.send("/sign-in/finish/", {"signature": other.hex()})) == (400, "bad_signature")


def test_nobody_signs_in_by_name_and_password(client: Client) -> None:
    wallet("alice")
    assert not client.login(username=address("alice"), password="")
    assert not client.login(address=address("alice"))


def test_the_answer_of_a_refusal_is_json_with_name_and_words(alice: Visitor) -> None:
    answer = alice.send("/sign-in/finish/", {})
    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content) == {
        "refusal": "no_message",
        "words": "There is no message waiting for a signature. Start again.",
    }
