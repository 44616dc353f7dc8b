"""The browser's cryptography against Python's, on thousands of random inputs."""

import json
import random
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from playwright.sync_api import Page

from chain.signing import (
    BadSignature,
    address_of,
    demo_key,
    domain_separator,
    keccak256,
    personal_digest,
    recover,
    sign_digest,
)
from votes.record.ballot import MAX_NONCE, Ballot, Line, ballot_digest, ballot_json, typed_data

pytestmark = pytest.mark.browser

InBrowser = Callable[[Callable[[Page], Any]], Any]
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ALPHABET = 'abc \n\t"\\<é日本🗳️👩‍👩‍👧עברית\u2028\ufeff\u200fǖ'

MODULES = """
const { fromHex, toHex } = await import("/js/crypto/bytes.js");
const { keccak256 } = await import("/js/crypto/keccak.js");
const { addressOf, recover, sign } = await import("/js/crypto/secp256k1.js");
const { ballotTypedData, personalDigest, typedDataDigest } = await import("/js/eip712.js");
"""


def evaluate(page: Page, body: str, argument: object) -> Any:
    """The value of an async function body in the page, with our modules at hand and `input` given."""
    page.goto("/plain")
    return page.evaluate(f"async (input) => {{ {MODULES} {body} }}", argument)


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def random_text(rng: random.Random) -> str:
    return unicodedata.normalize("NFC", "".join(rng.choices(ALPHABET, k=rng.choice([0, 3, 50, 400]))))


def random_ballot(rng: random.Random) -> Ballot:
    lines = [
        Line(rng.choice(["*", "ignite", "x" * 64]), f"t-{rng.randint(0, 99)}", rng.choice([1, 9_999, 10_000]))
        for _ in range(rng.choice([0, 1, 3, 12, 30]))
    ]
    nonce = rng.choice([0, MAX_NONCE, rng.randint(0, MAX_NONCE)])
    voter = hexed(rng.randbytes(20))
    return Ballot(str(rng.randint(0, 999)), rng.randbytes(32), voter, nonce, random_text(rng), tuple(lines))


def test_two_thousand_signatures_are_the_same_bytes_and_recover(in_browser: InBrowser) -> None:
    rng = random.Random(2000)
    keys = [word(1), word(2), word(ORDER - 1), *(rng.randbytes(32) for _ in range(1997))]
    digests = [rng.randbytes(32) for _ in keys]
    signed = in_browser(
        lambda page: evaluate(
            page,
            """return Promise.all(input.map(async ([key, digest]) => {
              const signature = await sign(fromHex(digest), fromHex(key));
              return [addressOf(fromHex(key)), toHex(signature), recover(fromHex(digest), signature)];
            }));""",
            [[hexed(key), hexed(digest)] for key, digest in zip(keys, digests, strict=True)],
        )
    )
    for key, digest, (address, signature, recovered) in zip(keys, digests, signed, strict=True):
        assert address == recovered == address_of(key)
        assert signature == hexed(sign_digest(key, digest))


def odd_signatures(rng: random.Random) -> list[tuple[bytes, bytes]]:
    """Digests with signatures that are mangled, at an edge, or made from a chosen nonce point."""
    key = demo_key("river")
    found = []
    for _ in range(40):
        digest = rng.randbytes(32)
        good = sign_digest(key, digest)
        r, s, v = good[:32], good[32:64], good[64]
        high = word(ORDER - int.from_bytes(s, "big"))
        found += [
            (digest, r + high + bytes([55 - v])),
            (digest, r + s + bytes([55 - v])),
            (digest, r + s + bytes([v - 27])),
            (digest, rng.randbytes(32) + good[32:]),
            (digest, r + word(rng.choice([0, 1, ORDER // 2, ORDER // 2 + 1, ORDER, 2**256 - 1])) + good[64:]),
            (digest, word(rng.choice([0, 1, 2, 3, 5, ORDER - 1, ORDER, 2**256 - 1])) + good[32:]),
            (digest, (good + b"\0")[: rng.choice([0, 1, 32, 64, 66])]),
            (digest[: rng.choice([0, 31])], good),
            (rng.choice([bytes(32), word(ORDER), word(2**256 - 1)]), good),
        ]
    # r = s = digest mod n makes u1 = -1 and u2 = 1: the sum of R and -G, which for R = ±G is 0 or a doubling.
    gx = bytes.fromhex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    for digest in (gx, word(ORDER - int.from_bytes(gx, "big"))):
        for v in (27, 28):
            found += [(digest, gx + gx + bytes([v])), (digest, gx + word(1) + bytes([v]))]
    return found


def test_both_recover_the_same_address_or_refuse(in_browser: InBrowser) -> None:
    odd = odd_signatures(random.Random(3))
    answers = in_browser(
        lambda page: evaluate(
            page,
            """return input.map(([digest, signature]) => {
              try { return recover(fromHex(digest), fromHex(signature)); }
              catch (error) { if (error instanceof RangeError) return null; throw error; }
            });""",
            [[hexed(digest), hexed(signature)] for digest, signature in odd],
        )
    )
    assert None in answers
    assert len(set(answers)) > 40
    for (digest, signature), answer in zip(odd, answers, strict=True):
        if answer is None:
            with pytest.raises(BadSignature):
                recover(digest, signature)
        else:
            assert answer == recover(digest, signature)


def test_three_hundred_ballots_have_the_same_digest_and_form(in_browser: InBrowser) -> None:
    rng = random.Random(712)
    salt = rng.randbytes(32)
    ballots = [random_ballot(rng) for _ in range(300)]
    answers = in_browser(
        lambda page: evaluate(
            page,
            """return input.ballots.map((ballot) => {
              const data = ballotTypedData(ballot, 324, input.salt);
              return [data, toHex(typedDataDigest(JSON.parse(JSON.stringify(data))))];
            });""",
            {"ballots": [ballot_json(ballot) for ballot in ballots], "salt": hexed(salt)},
        )
    )
    domain = domain_separator(324, salt)
    for ballot, (data, digest) in zip(ballots, answers, strict=True):
        assert json.dumps(data, sort_keys=True) == json.dumps(typed_data(ballot, 324, salt), sort_keys=True)
        assert digest == hexed(ballot_digest(ballot, domain))


def test_hashes_and_personal_messages_agree(in_browser: InBrowser) -> None:
    rng = random.Random(136)
    texts = ["", "hello", *(random_text(rng) for _ in range(100))]
    blocks = [rng.randbytes(size) for size in (0, 1, 31, 134, 135, 136, 137, 271, 272, 273, 5000)]
    hashes, digests = in_browser(
        lambda page: evaluate(
            page,
            """return [input.blocks.map((block) => toHex(keccak256(fromHex(block)))),
              input.texts.map((text) => toHex(personalDigest(text)))];""",
            {"blocks": [hexed(block) for block in blocks], "texts": texts},
        )
    )
    assert hashes == [hexed(keccak256(block)) for block in blocks]
    assert digests == [hexed(personal_digest(text)) for text in texts]


OTHER: dict[str, Any] = {
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "verifyingContract", "type": "address"},
        ],
        "Zeta": [{"name": "owner", "type": "address"}, {"name": "alphas", "type": "Alpha[]"}],
        "Alpha": [{"name": "delta", "type": "int32"}, {"name": "flags", "type": "bool[]"}],
        "Mail": [
            {"name": "zeta", "type": "Zeta"},
            {"name": "data", "type": "bytes"},
            {"name": "mark", "type": "bytes3"},
            {"name": "grid", "type": "uint8[][]"},
            {"name": "wide", "type": "uint256"},
        ],
    },
    "primaryType": "Mail",
    "domain": {"name": "Other", "verifyingContract": "0x" + "cd" * 20},
    "message": {
        "zeta": {"owner": "0x" + "ab" * 20, "alphas": [{"delta": -7, "flags": [True, False]}]},
        "data": "0x010203",
        "mark": "0xaabbcc",
        "grid": [[1, 2], [], [255]],
        "wide": str(2**256 - 1),
    },
}


def test_other_typed_data_agrees_with_eth_account(in_browser: InBrowser) -> None:
    signable = encode_typed_data(full_message=OTHER)
    digest = in_browser(lambda page: evaluate(page, "return toHex(typedDataDigest(input));", OTHER))
    assert digest == hexed(keccak256(b"\x19\x01" + signable.header + signable.body))


MISFITS = r"""
message.extra = 1
delete message.reason
message.nonce = "01"
message.nonce = 1.5
message.nonce = 2 ** 53
message.nonce = "18446744073709551616"
message.nonce = true
message.reason = 7
message.reason = "\ud83d"
message.rules = "0x11"
message.voter = "0x" + "zz".repeat(20)
message.lines = {}
message.lines = [null]
message.lines = [{programme: "a", typology: "b", basisPoints: 65536}]
message.lines = [{programme: "a", typology: "b", basisPoints: -1}]
message.lines = [{programme: "a", typology: "b", basisPoints: 1, note: "x"}]
domain.chain = 1
types.Line[2].type = "fixed"
types.Line[2].type = "uint12"
primaryType = "Note"
""".strip().splitlines()


def test_data_that_does_not_fit_its_type_is_refused(in_browser: InBrowser) -> None:
    ballot = Ballot("12", bytes(32), "0x" + "ab" * 20, 1, "", (Line("ignite", "lending", 10_000),))
    data = json.dumps(typed_data(ballot, 324, bytes(32)))
    trials = "".join(
        f"""{{
          let {{ types, primaryType, domain, message }} = JSON.parse(input);
          {change};
          try {{ answers.push(toHex(typedDataDigest({{ types, primaryType, domain, message }}))); }}
          catch (error) {{ answers.push(error.name); }}
        }}"""
        for change in ["0", *MISFITS]
    )
    body = f"const answers = []; {trials} return answers;"
    good, *refused = in_browser(lambda page: evaluate(page, body, data))
    assert good == hexed(ballot_digest(ballot, domain_separator(324, bytes(32))))
    assert dict(zip(MISFITS, refused, strict=True)) == dict.fromkeys(MISFITS, "TypeError")
