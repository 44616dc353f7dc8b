"""Ways to tamper with a record. Whoever does it seals the file again, but can sign nothing anew."""

import json
from collections.abc import Callable
from typing import Any

from tests.factories import UNIT, address
from votes.record.canonical import canonical, sha256_hex
from votes.record.lines import BallotLine
from votes.record.rules import Rules
from votes.record.verify.signing import Terms

Lines = list[dict[str, Any]]
Tamper = Callable[[Lines], object]

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ZERO = "0x" + "00" * 32


def the(lines: Lines, kind: str, /, **having: Any) -> dict[str, Any]:
    """The first line of a type with these values."""
    return next(one for one in lines if one["type"] == kind and having.items() <= one.items())


def ballots(lines: Lines) -> Lines:
    return [one for one in lines if one["type"] == "ballot"]


def ballot_of(lines: Lines, name: str, sequence: int = 1) -> dict[str, Any]:
    return the(lines, "ballot", voter=address(name), sequence=sequence)


def change(kind: str, /, *, having: dict[str, Any] | None = None, **values: Any) -> Tamper:
    """Give the first such line other values."""
    return lambda lines: the(lines, kind, **(having or {})).update(values)


def change_ballot(name: str, which: int = 1, /, **values: Any) -> Tamper:
    return lambda lines: ballot_of(lines, name, which).update(values)


def drop(kind: str, /, **having: Any) -> Tamper:
    return lambda lines: lines.remove(the(lines, kind, **having))


def add_after(kind: str, line: Callable[[Lines], dict[str, Any]]) -> Tamper:
    """Put a line after the last of a type."""

    def tamper(lines: Lines) -> None:
        last = max(at for at, one in enumerate(lines) if one["type"] == kind)
        lines.insert(last + 1, line(lines))

    return tamper


def again(kind: str, /, **values: Any) -> Tamper:
    """The first line of a type once more, with other values."""
    return add_after(kind, lambda lines: {**the(lines, kind), **values})


def both(*tampers: Tamper) -> Tamper:
    return lambda lines: [tamper(lines) for tamper in tampers]


def renumber(lines: Lines) -> None:
    for position, one in enumerate(ballots(lines)):
        one["position"] = position


def drop_ballot(name: str, sequence: int = 1) -> Tamper:
    def tamper(lines: Lines) -> None:
        lines.remove(ballot_of(lines, name, sequence))
        renumber(lines)

    return tamper


def swap_ballots(lines: Lines) -> None:
    first, second = ballots(lines)[:2]
    one, other = lines.index(first), lines.index(second)
    lines[one], lines[other] = second, first
    renumber(lines)


def redigest(lines: Lines, name: str) -> None:
    """Give a ballot the digest of what it says now; its signature stays that of what it said."""
    one = ballot_of(lines, name)
    terms = Terms.of(Rules.parse(the(lines, "rules")["json"]))
    plain = BallotLine(
        position=0,
        voter=bytes.fromhex(one["voter"][2:]),
        nonce=one["nonce"],
        sequence=1,
        replaced=False,
        options=one["options"],
        shares=one["shares"],
        reason=bytes.fromhex(one["reason"][2:]),
        digest=b"",
        signature=None,
        received_at="",
    )
    one["digest"] = "0x" + terms.digest(plain).hex()


def move_a_unit_of_power(lines: Lines) -> None:
    """From Alice to Bob: count and sum stay."""
    for name, more in (("alice", -1), ("bob", 1)):
        holder = the(lines, "holder", address=address(name))
        holder["power"] = str(int(holder["power"]) + more)


def move_a_unit(lines: Lines) -> None:
    """One base unit from one option to another: the sum stays."""
    amounts = the(lines, "contest_result", binding=True, contest="ignite")["amounts"]
    amounts[0], amounts[1] = str(int(amounts[0]) - 1), str(int(amounts[1]) + 1)


def one_unit_more(lines: Lines) -> None:
    amounts = the(lines, "contest_result", binding=True, contest="ignite")["amounts"]
    amounts[0] = str(int(amounts[0]) + 1)


def change_rules(old: str, new: str, *, everywhere: bool = False) -> Tamper:
    """Another text of the rules, hashed again where `everywhere`, so that only signatures can tell."""

    def tamper(lines: Lines) -> None:
        rules = the(lines, "rules")
        assert old in rules["json"]
        rules["json"] = rules["json"].replace(old, new)
        if everywhere:
            digest = "0x" + Rules.parse(rules["json"]).hash.hex()
            rules["sha256"] = the(lines, "certificate")["rules_hash"] = digest

    return tamper


def change_terms(change: Callable[[dict[str, Any]], object]) -> Tamper:
    """Other rules that hold together with their hashes, as an operator would write them who means harm."""

    def tamper(lines: Lines) -> None:
        rules = the(lines, "rules")
        terms = json.loads(rules["json"])
        change(terms)
        rules["json"] = canonical(terms).decode()
        digest = "0x" + sha256_hex(rules["json"].encode())
        rules["sha256"] = the(lines, "certificate")["rules_hash"] = digest

    return tamper


def stranger_listed_late(lines: Lines) -> None:
    """Votes, and gets power only behind the ballots, before voting once more."""
    stranger_votes(lines)
    last = ballots(lines)[-1]
    at = lines.index(last) + 1
    lines[at:at] = [
        {"type": "holder", "address": address("mallory"), "power": "5"},
        {**last, "nonce": last["nonce"] + 1, "sequence": 2},
    ]
    renumber(lines)


def another_rule_binds(lines: Lines) -> None:
    for one in lines:
        if one["type"] == "contest_result" and one["contest"] == "ignite":
            one["binding"] = one["rule"] == "mean"


def shift_share(rule: str) -> Tamper:
    """A rule's shares a thousandth of a point off, still one together."""

    def tamper(lines: Lines) -> None:
        row = the(lines, "contest_result", rule=rule, contest="ignite")
        row["shares"] = ["50001/100000", "49999/100000"]

    return tamper


def too_many_ballots(lines: Lines) -> None:
    """Twenty-one of one voter, each replacing the one before."""
    first = ballot_of(lines, "alice")
    at = lines.index(first)
    more = [
        {**first, "nonce": first["nonce"] + n, "sequence": 1 + n, "replaced": n < 20} for n in range(1, 21)
    ]
    first["replaced"] = True
    lines[at + 1 : at + 1] = more
    renumber(lines)


def high_s(lines: Lines) -> None:
    """The other signature that anybody can make out of one; wallets never send it."""
    one = ballot_of(lines, "alice")
    raw = bytes.fromhex(one["signature"][2:])
    s = ORDER - int.from_bytes(raw[32:64], "big")
    one["signature"] = "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])).hex()


def older_one_counts(lines: Lines) -> None:
    ballot_of(lines, "bob", 1)["replaced"] = False
    ballot_of(lines, "bob", 2)["replaced"] = True


def stranger_votes(lines: Lines) -> None:
    lines.insert(
        lines.index(ballots(lines)[-1]) + 1,
        {**ballot_of(lines, "alice"), "voter": address("mallory")},
    )
    renumber(lines)


def waiting(lines: Lines) -> dict[str, Any]:
    one = dict(ballot_of(lines, "alice"))
    for name in ("position", "sequence", "replaced"):
        del one[name]
    return {**one, "type": "waiting", "verdict": "valid", "words": ""}


def pay_somebody_else(lines: Lines) -> None:
    transfers = [one for one in lines if one["type"] == "transfer"]
    transfers[-1]["credit"] = "typology/ignite/lending"


EXCLUSION = {"type": "exclusion", "position": 0, "contest": "ignite", "check": "a feeling", "words": ""}
CHALLENGE = {
    "type": "challenge",
    "check": "mood",
    "opened_at": "2030-01-01T00:00:00.000000Z",
    "opened_by": address("alice"),
    "answered_at": "2030-01-01T00:00:01.000000Z",
    "passed": True,
    "output": "",
}
IGNITE = {"contest": "ignite", "binding": True}
LONG_AGO, FAR_AHEAD = "2020-01-01T00:00:00.000000Z", "2040-01-01T00:00:00.000000Z"

# What is done, and the check that names it. The record is the final one of a live cycle with heads and texts.
TAMPERINGS: dict[str, tuple[Tamper, str]] = {
    "a field that no such line has": (change("certificate", note="fine"), "format"),
    "a field missing": (lambda lines: the(lines, "power").pop("total"), "format"),
    "an amount as a number": (change("settlement", version="1"), "format"),
    "a type that there is not": (lambda lines: lines.append({"type": "bribe"}), "format"),
    "a certificate missing": (drop("certificate"), "format"),
    "a result missing": (drop("result"), "format"),
    "a header twice": (again("header"), "format"),
    "a holder after the ballots": (
        lambda lines: lines.insert(lines.index(the(lines, "certificate")), the(lines, "holder")),
        "format",
    ),
    "rules with another date, hash left": (change_rules('"closes_at":"20', '"closes_at":"21'), "rules_hash"),
    "rules with another rule, hash left": (change_rules('"rule":"ladder"', '"rule":"mean"'), "rules_hash"),
    "rules hash changed": (change("rules", sha256=ZERO), "rules_hash"),
    "certificate over other rules": (change("certificate", rules_hash=ZERO), "rules_hash"),
    "rules with another budget, hashed again everywhere": (
        change_rules(f'"budget":"{1000 * UNIT}"', f'"budget":"{2000 * UNIT}"', everywhere=True),
        "digests",
    ),
    "rules with a later closing, hashed again everywhere": (
        change_rules('"closes_at":"20', '"closes_at":"21', everywhere=True),
        "instants",
    ),
    "rules whose floors leave nothing": (
        change_terms(lambda terms: terms["contests"][0]["options"][0].update(floor=10_000)),
        "rules_hash",
    ),
    "rules by a rule that there is not": (
        change_terms(lambda terms: terms["contests"][0].update(rule="lottery")),
        "rules_hash",
    ),
    "rules with a fall-back that there is not": (
        change_terms(lambda terms: terms["contests"][0].update(fallback="keep_it")),
        "rules_hash",
    ),
    "rules that split by nothing": (
        change_terms(
            lambda terms: terms["contests"][0].update(
                fallback="repeat_last_split", last_split={"cycle": "0", "shares": {"lending": "1/0"}}
            )
        ),
        "rules_hash",
    ),
    "rules with a contest twice": (
        change_terms(lambda terms: terms["contests"].append(terms["contests"][0])),
        "rules_hash",
    ),
    "rules with an endless window": (
        change_terms(lambda terms: terms["challenge"].update(window_seconds=2**53 - 1)),
        "rules_hash",
    ),
    "a result at the end of time": (
        change("result", published_at="9999-12-31T23:59:59.999999Z"),
        "settlement",
    ),
    "a voter listed after the ballots": (stranger_listed_late, "format"),
    "another cycle": (change("header", cycle="7"), "header"),
    "another deployment": (change("header", deployment=ZERO), "header"),
    "another origin": (change("header", origin="demo"), "header"),
    "another kind": (change("header", kind="draft"), "header"),
    "another format": (change("header", format=2), "header"),
    "rules published after the opening": (change("rules", published_at=FAR_AHEAD), "instants"),
    "rules published before they were due": (change("rules", published_at=LONG_AGO), "instants"),
    "power taken before its instant": (change("power", taken_at=LONG_AGO), "instants"),
    "certified while voting was open": (change("certificate", certified_at=LONG_AGO), "instants"),
    "a result before the certificate": (change("result", published_at=LONG_AGO), "instants"),
    "one unit of power moved": (move_a_unit_of_power, "power_source"),
    "another list named": (change("power", sha256=ZERO), "power_source"),
    "a holder dropped": (drop("holder"), "power_list"),
    "a holder added": (
        add_after("holder", lambda lines: {"type": "holder", "address": "0x" + "ff" * 20, "power": "1"}),
        "power_list",
    ),
    "a holder twice": (again("holder"), "power_list"),
    "another total": (change("power", total="1"), "power_list"),
    "power of another instant": (change("power", timepoint=LONG_AGO), "power_list"),
    "a ballot dropped": (drop_ballot("carol"), "certificate"),
    "the newer of two ballots dropped": (
        both(drop_ballot("bob", 2), change_ballot("bob", 1, replaced=False)),
        "certificate",
    ),
    "two ballots exchanged": (swap_ballots, "certificate"),
    "a position skipped": (change_ballot("carol", position=9), "certificate"),
    "a ballot received earlier, still in time": (
        lambda lines: ballot_of(lines, "carol").update(received_at=ballot_of(lines, "alice")["received_at"]),
        "certificate",
    ),
    "another root": (change("certificate", merkle_root=ZERO), "certificate"),
    "another count": (change("certificate", ballot_count=5), "certificate"),
    "a share altered": (change_ballot("alice", shares=[5_000, 5_000, 7_000, 3_000]), "digests"),
    "a share altered, digest made anew": (
        both(
            change_ballot("alice", shares=[5_000, 5_000, 7_000, 3_000]),
            lambda lines: redigest(lines, "alice"),
        ),
        "signatures",
    ),
    "another reason": (change_ballot("carol", reason="0x" + "11" * 32), "digests"),
    "another nonce": (change_ballot("carol", nonce=2), "digests"),
    "a ballot given to somebody else": (stranger_votes, "voting_power"),
    "somebody else's signature": (
        lambda lines: ballot_of(lines, "alice").update(signature=ballot_of(lines, "carol")["signature"]),
        "signatures",
    ),
    "no signature": (change_ballot("alice", signature=None), "signatures"),
    "a signature of the other form": (high_s, "signatures"),
    "a late ballot": (change_ballot("carol", received_at=FAR_AHEAD), "window"),
    "an early ballot": (change_ballot("carol", received_at=LONG_AGO), "window"),
    "lines that do not sum": (change_ballot("carol", shares=[9_999, 10_000]), "lines"),
    "an option twice": (change_ballot("alice", options=[0, 0, 2, 3]), "lines"),
    "an option that there is not": (change_ballot("carol", options=[0, 99]), "lines"),
    "a share too many": (change_ballot("carol", shares=[10_000, 9_000, 1_000]), "lines"),
    "a line over its cap": (change_ballot("alice", shares=[6_000, 4_000, 9_000, 1_000]), "caps"),
    "twenty-one ballots of a voter": (too_many_ballots, "limits"),
    "too many lines": (change_ballot("alice", options=[0, 1, 2, 3, 3], shares=[1] * 5), "limits"),
    "a nonce used again": (change_ballot("bob", 2, nonce=1), "replacements"),
    "the older of two ballots counted": (older_one_counts, "replacements"),
    "both of two ballots counted": (change_ballot("bob", 1, replaced=False), "replacements"),
    "a voter's only ballot said to be replaced": (change_ballot("carol", replaced=True), "replacements"),
    "a sequence skipped": (change_ballot("bob", 2, sequence=3), "replacements"),
    "a blind in an open cycle": (change_ballot("alice", blind=ZERO, commitment=ZERO), "blinds"),
    "a reason rewritten": (change("text", text="Because I was told to."), "texts"),
    "a reason that nobody gave": (again("text"), "texts"),
    "a ballot left out": (add_after("ballot", lambda lines: EXCLUSION), "exclusions"),
    "a valid ballot kept waiting": (add_after("ballot", waiting), "waiting"),
    "a head signed by nobody": (change("head", root=ZERO), "head_signatures"),
    "a head without its signature": (change("head", signature="0x" + "00" * 64), "head_signatures"),
    "a head of more ballots than there are": (change("head", size=999), "heads"),
    "heads that shrink": (
        lambda lines: lines.insert(lines.index(the(lines, "head")), the(lines[::-1], "head")),
        "heads",
    ),
    "a result numbered 2": (change("result", version=2), "versions"),
    "a second result without reason": (
        lambda lines: lines.insert(
            lines.index(the(lines, "settlement")), {**the(lines, "result"), "version": 2}
        ),
        "versions",
    ),
    "another rule binds": (another_rule_binds, "versions"),
    "a rule left out": (drop("contest_result", rule="median_phantoms"), "versions"),
    "voters added": (change("result", voters=4), "turnout"),
    "power added": (change("result", power=str(101 * UNIT)), "turnout"),
    "voters of a contest added": (change("contest_result", having=IGNITE, voters=4), "turnout"),
    "another budget": (change("contest_result", having=IGNITE, budget="1"), "budgets"),
    "a quorum denied": (change("contest_result", having=IGNITE, outcome="return_to_reserve"), "quorum"),
    "nothing given": (change("contest_result", having=IGNITE, outcome="nothing_given"), "quorum"),
    "another share by the mean": (shift_share("mean"), "rule_mean"),
    "another share by the ladder": (shift_share("ladder"), "rule_ladder"),
    "another share by median phantoms": (shift_share("median_phantoms"), "rule_median_phantoms"),
    "another share by independent markets": (
        shift_share("independent_markets"),
        "rule_independent_markets",
    ),
    "another share by piecewise uniform": (shift_share("piecewise_uniform"), "rule_piecewise_uniform"),
    "another parameter": (change("contest_result", having=IGNITE, parameter="1/7"), "rule_ladder"),
    "one base unit moved": (move_a_unit, "rounding"),
    "one base unit more": (one_unit_more, "sums"),
    "a challenge of no check": (add_after("contest_result", lambda lines: CHALLENGE), "challenges"),
    "one unit more paid": (change("transfer", amount="1"), "settlement"),
    "a payment missing": (drop("transfer"), "settlement"),
    "a payment twice": (again("transfer"), "settlement"),
    "a payment to somebody else": (pay_somebody_else, "settlement"),
    "a payment at another instant": (change("transfer", happened_at=FAR_AHEAD), "settlement"),
    "money moved too early": (change("settlement", settled_at=LONG_AGO), "settlement"),
    "no settlement": (drop("settlement"), "settlement"),
}
