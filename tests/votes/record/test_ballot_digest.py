"""The digest of a ballot against eth_account, and what moves it."""

import json
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from chain.signing import address_of, demo_key, domain_separator, keccak256, recover, sign_digest
from votes.record.ballot import (
    Ballot,
    Line,
    ballot_digest,
    digest_with_reason_hash,
    reason_hash,
    typed_data,
)

SALT = bytes(range(32))
DOMAIN = domain_separator(324, SALT)
BALLOT = Ballot(
    cycle="12",
    rules=b"\x11" * 32,
    voter="0x" + "ab" * 20,
    nonce=3,
    reason="Lending first.",
    lines=(Line("ignite", "lending", 3500), Line("ignite", "exchanges", 6500), Line("*", "ignite", 10_000)),
)


def test_random_ballots_agree_with_eth_account(ballots: list[Ballot]) -> None:
    for ballot in ballots:
        full = json.loads(json.dumps(typed_data(ballot, 324, SALT)))
        signable = encode_typed_data(full_message=full)
        assert signable.header == DOMAIN
        assert ballot_digest(ballot, DOMAIN) == keccak256(b"\x19\x01" + signable.header + signable.body)


def test_a_wallet_s_signature_recovers_to_the_voter() -> None:
    key = demo_key("river")
    ballot = replace(BALLOT, voter=address_of(key))
    signed = Account.sign_typed_data(key, full_message=typed_data(ballot, 324, SALT))
    digest = ballot_digest(ballot, DOMAIN)
    assert bytes(signed.signature) == sign_digest(key, digest)
    assert recover(digest, bytes(signed.signature)) == ballot.voter


def test_the_typed_data_is_exactly_this() -> None:
    assert typed_data(replace(BALLOT, lines=BALLOT.lines[:1]), 324, SALT) == {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "salt", "type": "bytes32"},
            ],
            "Ballot": [
                {"name": "cycle", "type": "string"},
                {"name": "rules", "type": "bytes32"},
                {"name": "voter", "type": "address"},
                {"name": "nonce", "type": "uint64"},
                {"name": "reason", "type": "string"},
                {"name": "lines", "type": "Line[]"},
            ],
            "Line": [
                {"name": "programme", "type": "string"},
                {"name": "typology", "type": "string"},
                {"name": "basisPoints", "type": "uint16"},
            ],
        },
        "primaryType": "Ballot",
        "domain": {"name": "TPP", "version": "1", "chainId": 324, "salt": "0x" + SALT.hex()},
        "message": {
            "cycle": "12",
            "rules": "0x" + "11" * 32,
            "voter": "0x" + "ab" * 20,
            "nonce": "3",
            "reason": "Lending first.",
            "lines": [{"programme": "ignite", "typology": "lending", "basisPoints": 3500}],
        },
    }


@pytest.mark.parametrize(
    "other",
    [
        replace(BALLOT, cycle="13"),
        replace(BALLOT, rules=b"\x12" * 32),
        replace(BALLOT, voter="0x" + "ac" * 20),
        replace(BALLOT, nonce=4),
        replace(BALLOT, reason="Lending first"),
        replace(BALLOT, lines=BALLOT.lines[:-1]),
        replace(BALLOT, lines=BALLOT.lines[::-1]),
        replace(BALLOT, lines=(Line("ignite", "lending", 3501), *BALLOT.lines[1:])),
        replace(BALLOT, lines=(Line("ignite", "lendin", 3500), *BALLOT.lines[1:])),
        replace(BALLOT, lines=(Line("ignitelending", "", 3500), *BALLOT.lines[1:])),
    ],
)
def test_every_part_of_a_ballot_moves_its_digest(other: Ballot) -> None:
    assert ballot_digest(other, DOMAIN) != ballot_digest(BALLOT, DOMAIN)
    assert ballot_digest(BALLOT, domain_separator(1, SALT)) != ballot_digest(BALLOT, DOMAIN)


def test_an_erased_reason_leaves_the_digest(ballots: list[Ballot]) -> None:
    for ballot in ballots[:50]:
        erased = replace(ballot, reason="")
        kept = reason_hash(ballot.reason)
        assert digest_with_reason_hash(erased, kept, DOMAIN) == ballot_digest(ballot, DOMAIN)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(BALLOT, rules=b"short"),
        replace(BALLOT, voter="0x" + "AB" * 20),
        replace(BALLOT, nonce=-1),
        replace(BALLOT, nonce=1 << 64),
        replace(BALLOT, reason="\ud800"),
        replace(BALLOT, lines=(Line("ignite", "lending", 65_536),)),
        replace(BALLOT, lines=(Line("ignite", "lending", -1),)),
    ],
)
def test_what_its_type_cannot_hold_is_refused(wrong: Ballot) -> None:
    with pytest.raises(ValueError, match=r"32 bytes|lower-case|fit uint|surrogates"):
        ballot_digest(wrong, DOMAIN)
    with pytest.raises(ValueError, match="32 bytes"):
        digest_with_reason_hash(BALLOT, b"short", DOMAIN)
