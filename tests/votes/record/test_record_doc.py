"""docs/record.md: its worked numbers are right, by its own formulas and by our code; it names what there is."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sha3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chain.signing import address_of, recover, sign_digest
from votes.record.ballot import Submission, ballot_digest, parse_submission
from votes.record.lines import ORDER
from votes.record.shapes import SHAPES
from votes.record.verify import CHECKS
from votes.tally import RULES, Bounds, fall_back, profile, tally

DOC = Path(__file__).resolve().parents[3] / "docs" / "record.md"
KEY = (1).to_bytes(32, "big")
HALF = Fraction(1, 2)


@cache
def text() -> str:
    return DOC.read_text()


def worked(name: str) -> list[dict[str, Any]]:
    found = re.search(rf"<!-- worked: {name} -->\n```json\n(.*?)\n```", text(), re.DOTALL)
    assert found is not None
    if name == "hashes":
        return [json.loads(found[1])]
    return [json.loads(line) for line in found[1].splitlines()]


def keccak(*parts: bytes) -> bytes:
    return bytes(sha3.keccak_256(b"".join(parts)).digest())


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_the_hashes_follow_from_the_preimages_of_section_4() -> None:
    """Written from the page alone; our own functions come after it."""
    (given,) = worked("hashes")
    ballot = given["ballot"]
    domain = keccak(
        keccak(b"EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)"),
        keccak(b"TPP"),
        keccak(b"1"),
        word(324),
        bytes(32),
    )
    assert "0x" + domain.hex() == given["domain"]
    line_type = b"Line(string programme,string typology,uint16 basisPoints)"
    ballot_type = (
        b"Ballot(string cycle,bytes32 rules,address voter,uint64 nonce,string reason,Line[] lines)"
        + line_type
    )
    lines = b"".join(
        keccak(
            keccak(line_type),
            keccak(one["programme"].encode()),
            keccak(one["typology"].encode()),
            word(one["basisPoints"]),
        )
        for one in ballot["lines"]
    )
    reason = keccak(ballot["reason"].encode())
    assert "0x" + reason.hex() == given["reason"]
    struct = keccak(
        keccak(ballot_type),
        keccak(ballot["cycle"].encode()),
        unhex(ballot["rules"]),
        bytes(12) + unhex(ballot["voter"]),
        word(ballot["nonce"]),
        reason,
        keccak(lines),
    )
    digest = keccak(b"\x19\x01", domain, struct)
    assert "0x" + digest.hex() == given["digest"]
    received = datetime.strptime(given["received_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    microseconds = int(received.timestamp()) * 1_000_000 + received.microsecond
    leaf = hashlib.sha256(b"\x00" + digest + microseconds.to_bytes(8, "big")).digest()
    twice = hashlib.sha256(b"\x01" + leaf + leaf).digest()
    assert given["leaf"] == "0x" + leaf.hex()
    assert given["root_of_this_leaf_twice"] == "0x" + twice.hex()
    assert given["root_of_three"] == "0x" + hashlib.sha256(b"\x01" + twice + leaf).hexdigest()
    committed = hashlib.sha256(bytes(32) + digest).hexdigest()
    assert given["commitment_with_a_blind_of_zeros"] == "0x" + committed
    register = hashlib.sha256(f"{ballot['voter']},5\n".encode()).hexdigest()
    assert given["sha256_of_the_register_of_this_voter_with_power_5"] == "0x" + register


def test_the_signatures_of_the_page_are_right() -> None:
    (given,) = worked("hashes")
    digest = unhex(given["digest"])
    assert given["ballot"]["voter"] == address_of(KEY) == recover(digest, unhex(given["signature"]))
    assert sign_digest(KEY, digest) == unhex(given["signature"])
    key = Ed25519PublicKey.from_public_bytes(unhex(given["receipt_key"]))
    for name in ("receipt", "head"):
        prefix, content = given[name].split("\n")
        assert json.dumps(json.loads(content), sort_keys=True, separators=(",", ":")) == content
        key.verify(unhex(given[f"{name}_signature"]), f"{prefix}\n{content}".encode())


def test_our_code_gives_the_same_digest() -> None:
    (given,) = worked("hashes")
    body = json.dumps({"ballot": given["ballot"], "signature": given["signature"]}).encode()
    submission: Submission = parse_submission(body)
    assert ballot_digest(submission.ballot, unhex(given["domain"])) == unhex(given["digest"])


# Section 7, from the page's formulas alone

Curve = list[tuple[Fraction, Fraction]]


def curves(ballots: list[dict[str, Any]]) -> dict[str, Curve]:
    """For each option its shares, falling and ended by 0, each with the part of the power that gives it or more."""
    options = sorted({name for ballot in ballots for name in ballot["lines"]})
    power = sum(int(ballot["power"]) for ballot in ballots)

    def backing(option: str, share: int) -> Fraction:
        return Fraction(sum(int(b["power"]) for b in ballots if b["lines"].get(option, 0) >= share), power)

    found = {}
    for option in options:
        shares = sorted({b["lines"].get(option, 0) for b in ballots} | {0}, reverse=True)
        found[option] = [(Fraction(share, 10_000), backing(option, share)) for share in shares]
    return found


def cut(curve: Curve, reach: Callable[[Fraction], Fraction]) -> Fraction:
    return max(Fraction(0), *(min(share, reach(backing)) for share, backing in curve))


def uniform(t: Fraction) -> Callable[[Fraction], Fraction]:
    if t <= HALF:
        return lambda g: 4 * t * (g - HALF) if g >= HALF else Fraction(0)
    return lambda g: g * (2 * t - 1) if g < HALF else g * (3 - 2 * t) - 2 + 2 * t


REACH: dict[str, Callable[[Fraction], Callable[[Fraction], Fraction]]] = {
    "ladder": lambda d: lambda g: g - d,
    "independent_markets": lambda s: lambda g: s * g,
    "piecewise_uniform": uniform,
}


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("rule", REACH)
def test_the_parameter_of_the_page_gives_its_shares_and_is_the_extreme_one(rule: str, number: int) -> None:
    given = worked("rules")[number]
    stated = given["rules"][rule]
    parameter = Fraction(stated["parameter"])
    by_option = curves(given["ballots"])

    def total(at: Fraction) -> Fraction:
        return sum((cut(curve, REACH[rule](at)) for curve in by_option.values()), Fraction(0))

    shares = {option: str(cut(curve, REACH[rule](parameter))) for option, curve in by_option.items()}
    assert shares == stated["shares"]
    assert total(parameter) == 1
    less = Fraction(1, 10**9) if rule == "ladder" else -Fraction(1, 10**9)
    assert total(parameter + less) < 1


@pytest.mark.parametrize("number", range(3))
def test_mean_and_median_phantoms_follow_from_the_page(number: int) -> None:
    given = worked("rules")[number]
    ballots, power = given["ballots"], sum(int(b["power"]) for b in given["ballots"])
    options = list(given["rules"]["mean"]["shares"])
    for option in options:
        weighted = sum(int(b["power"]) * b["lines"].get(option, 0) for b in ballots)
        assert str(Fraction(weighted, 10_000 * power)) == given["rules"]["mean"]["shares"][option]

    def supported(option: str, theta: int) -> int:
        shares = {b["lines"].get(option, 0) for b in ballots} | {0}
        backed = (
            s
            for s in shares
            if sum(int(b["power"]) for b in ballots if b["lines"].get(option, 0) >= s) >= theta
        )
        return max(backed, default=0)

    theta = max(t for t in range(1, power + 1) if sum(supported(o, t) for o in options) >= 10_000)
    high = {o: Fraction(supported(o, theta)) for o in options}
    low = {o: Fraction(supported(o, theta + 1)) for o in options}
    level = next(
        Fraction(y, 60)
        for y in range(600_001)
        if sum(min(max(Fraction(y, 60), low[o]), high[o]) for o in options) >= 10_000
    )
    stated = given["rules"]["median_phantoms"]
    assert str(Fraction(theta, power)) == stated["parameter"]
    assert {o: str(min(max(level, low[o]), high[o]) / 10_000) for o in options} == stated["shares"]


@pytest.mark.parametrize("number", range(3))
def test_our_rules_give_the_numbers_of_the_page(number: int) -> None:
    given = worked("rules")[number]
    options = list(given["rules"]["mean"]["shares"])
    votes = [
        (int(b["power"]), {options.index(name): share for name, share in b["lines"].items()})
        for b in given["ballots"]
    ]
    counted = profile(votes, len(options))
    assert list(given["rules"]) == list(RULES)
    for name, rule in RULES.items():
        split, stated = rule.split(counted), given["rules"][name]
        assert [str(share) for share in split.shares] == list(stated["shares"].values())
        assert (None if split.parameter is None else str(split.parameter)) == stated["parameter"]


@pytest.mark.parametrize("given", worked("amounts"), ids=lambda one: one.get("rule") or one["fallback"])
def test_floors_rounding_and_fall_backs_of_the_page(given: dict[str, Any]) -> None:
    bounds = [Bounds(option["floor"], option["cap"]) for option in given["options"]]
    budget = int(given["budget"])
    shares = [Fraction(share) for share in given["shares"]]
    if "rule" in given:
        votes = [
            (int(b["power"]), {int(option): share for option, share in b["lines"].items()})
            for b in given["ballots"]
        ]
        outcome = tally(given["rule"], profile(votes, len(bounds)), bounds, budget)
        assert (list(outcome.shares), list(outcome.amounts)) == (shares, list(map(int, given["amounts"])))
    else:
        last = given["last_split"] and {str(at): Fraction(s) for at, s in enumerate(given["last_split"])}
        fallen = fall_back(given["fallback"], [str(at) for at in range(len(bounds))], bounds, budget, last)
        assert (fallen.outcome, fallen.why) == (given["outcome"], given["why"])
        assert (list(fallen.shares), list(fallen.amounts)) == (shares, list(map(int, given["amounts"])))
    if sum(shares):
        floors = [share * budget // 1 for share in shares]
        order = sorted(range(len(shares)), key=lambda at: (floors[at] - shares[at] * budget, at))
        for at in order[: budget - sum(floors)]:
            floors[at] += 1
        assert floors == list(map(int, given["amounts"]))


# What the page names


def test_every_check_stands_on_the_page_by_number_and_name() -> None:
    for check in CHECKS.values():
        assert f"| {check.number} | `{check.name}` | {check.asserts} |" in text()


def test_every_type_of_line_and_every_field_stands_on_the_page() -> None:
    table = text()[text().index("## 3. Lines") : text().index("## 4.")]
    for kind in ORDER:
        assert f"`{kind}`" in table
        for field in {**SHAPES[kind].fields, **SHAPES[kind].optional}:
            assert f"`{field}`" in table, (kind, field)
