"""Every kind of tampering is caught by the check that names it."""

import copy
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import HOUR, make_community, make_cycle
from tests.records import check, failed, file_of, finish, finished_cycle, names, objects, sealed_again, vote
from tests.votes.record.tampering import TAMPERINGS, ZERO, ballot_of, ballots, the
from votes.actions.identity import receipt_seed
from votes.actions.record_lines import text_lines
from votes.models import Cycle
from votes.record.heads import TreeHead, sign_head
from votes.record.instants import from_iso, iso, microseconds
from votes.record.merkle import ballot_leaf, leaf_hash, root
from votes.record.receipt import Receipt, sign_receipt
from votes.record.rules import Rules
from votes.record.verify import CHECKS, Options, Status, verify
from votes.record.verify.receipts import FRAUD, Kept
from votes.record.verify.trees import Head

pytestmark = pytest.mark.django_db
_made: dict[str, list[dict[str, Any]]] = {}


def lines_of_a_live_cycle() -> list[dict[str, Any]]:
    """The final record of a small live cycle with heads and texts, made once for all tests here."""
    if "live" not in _made:
        cycle = finished_cycle()
        data = file_of(cycle, "final") + b"".join(text_lines(cycle))
        _made["live"] = with_heads(objects(data))
    return copy.deepcopy(_made["live"])


def with_heads(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Heads after 0, 1, 3 and 4 ballots, signed as the operator does."""
    if any(one["type"] == "head" for one in lines):
        return lines
    rules, rows = json.loads(the(lines, "rules")["json"]), ballots(lines)
    leaves = [
        leaf_hash(ballot_leaf(bytes.fromhex(one["digest"][2:]), microseconds(from_iso(one["received_at"]))))
        for one in rows
    ]
    at = lines.index(rows[0])
    opens_at = from_iso(rules["instants"]["opens_at"])
    for second, size in enumerate((0, 1, 3, 4)):
        published_at = iso(opens_at + timedelta(seconds=second))
        lines.insert(at + second, head_line(lines, size, root(leaves[:size]), published_at))
    return lines


def head_line(lines: list[dict[str, Any]], size: int, over: bytes, published_at: str) -> dict[str, Any]:
    rules = Rules.parse(the(lines, "rules")["json"])
    head = TreeHead(str(rules.cycle), rules.hash, size, over, from_iso(published_at))
    fields = {name: head.content()[name] for name in ("size", "root", "published_at")}
    return {"type": "head", **fields, "signature": "0x" + sign_head(receipt_seed(), head).hex()}


def test_what_is_tampered_with_below_was_right() -> None:
    verdict = check(sealed_again(lines_of_a_live_cycle()))
    assert verdict.has_passed, failed(verdict)
    assert {"heads", "head_signatures", "texts", "settlement"} <= set(names(verdict, Status.PASSED))


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_caught_by_the_check_that_names_it(name: str) -> None:
    tamper, caught_by = TAMPERINGS[name]
    before, lines = lines_of_a_live_cycle(), lines_of_a_live_cycle()
    tamper(lines)
    assert lines != before
    verdict = check(sealed_again(lines))
    assert caught_by in failed(verdict)
    assert not verdict.has_passed


def test_the_tamperings_reach_every_check_but_those_that_need_something_else() -> None:
    reached = {caught_by for _, caught_by in TAMPERINGS.values()}
    elsewhere = {"seal", "power_on_chain", "contract_signatures", "saved_heads", "receipts", "fallbacks"}
    assert CHECKS.keys() - reached == elsewhere
    assert len(TAMPERINGS) >= 80


# Bytes


def test_a_file_that_ends_too_early_anywhere_is_caught() -> None:
    data = sealed_again(lines_of_a_live_cycle())
    sealed = data[: data.index(b'"type":"seal"}\n') + len(b'"type":"seal"}\n')]
    for end in range(0, len(sealed), 97):
        assert "seal" in failed(check(sealed[:end]))
    assert check(sealed).has_passed


def test_any_byte_changed_is_caught() -> None:
    data = bytearray(sealed_again(lines_of_a_live_cycle()))
    for at in range(0, len(data), 211):
        changed = bytes(data[:at]) + bytes([data[at] ^ 1]) + bytes(data[at + 1 :])
        assert failed(check(changed)), at


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"lines"', b'{ "lines"'),
        (b'"type":"settlement","version":1}', b'"version":1,"type":"settlement"}'),
        (b'"type":"settlement","version":1}', b'"type":"settlement","version":1.0}'),
        (b'"type":"settlement","version":1}', b'"type":"settlement","version":1,"version":1}'),
        (b"Because.", b"\\u0042ecause."),
        (b"\n", b"\r\n"),
        (b"\n{", b"\n\n{"),
        (b'"cycle":"1"', b'"cycle":"1\xff"'),
        (b'"cycle":"1"', b'"cycle":' + b"[" * 100_000),
    ],
)
def test_no_other_spelling_passes(old: bytes, new: bytes) -> None:
    data = sealed_again(lines_of_a_live_cycle())
    assert old in data
    assert "format" in failed(check(data.replace(old, new, 1)))


def test_what_is_no_record_at_all_is_a_verdict_and_no_crash() -> None:
    for data in (
        b"",
        b"\n",
        b"{}\n",
        b"null\n",
        b"[]\n" * 3,
        b"\x00" * 1000,
        b'{"type":[]}\n',
        b"9" * 9999 + b"\n",
    ):
        verdict = check(data)
        assert {"format", "seal"} <= set(failed(verdict))
        assert "signatures" in names(verdict, Status.UNKNOWN)


def test_rules_that_cannot_be_read_leave_the_rest_unchecked() -> None:
    for rules in ("", "{}", "[]", '{"version":2}', "null"):
        lines = lines_of_a_live_cycle()
        the(lines, "rules")["json"] = rules
        verdict = check(sealed_again(lines))
        assert "rules_hash" in failed(verdict)
        assert "signatures" in names(verdict, Status.UNKNOWN)


# What somebody brings along


def receipt_for(lines: list[dict[str, Any]], name: str, **changes: Any) -> Kept:
    one = ballot_of(lines, name)
    fields = {
        "cycle": the(lines, "header")["cycle"],
        "rules": bytes.fromhex(the(lines, "rules")["sha256"][2:]),
        "digest": bytes.fromhex(one["digest"][2:]),
        "received_at": from_iso(one["received_at"]),
    }
    receipt = Receipt(**{**fields, **changes})
    return Kept("receipt.json", receipt, sign_receipt(receipt_seed(), receipt))


def with_receipt(lines: list[dict[str, Any]], kept: Kept) -> Any:
    return check(sealed_again(lines), Options(workers=1, receipts=[kept]))


def found_at(verdict: Any, name: str) -> str:
    (outcome,) = [outcome for outcome in verdict.outcomes if outcome.check.name == name]
    return outcome.findings[0].found if outcome.findings else ""


def test_a_receipt_whose_ballot_is_here_passes() -> None:
    lines = lines_of_a_live_cycle()
    for name in ("alice", "bob", "carol"):  # Bob's was replaced, and is here all the same
        assert with_receipt(lines, receipt_for(lines, name)).has_passed


def test_a_receipt_whose_ballot_is_missing_proves_fraud_and_says_so() -> None:
    """The operator drops Carol's ballot and makes everything else anew, certificate and results included."""
    lines = lines_of_a_live_cycle()
    kept = receipt_for(lines, "carol")
    lines.remove(ballot_of(lines, "carol"))
    verdict = with_receipt(lines, kept)
    assert "receipts" in failed(verdict)
    assert found_at(verdict, "receipts").startswith(FRAUD)


def test_a_receipt_of_another_instant_proves_fraud() -> None:
    lines = lines_of_a_live_cycle()
    verdict = with_receipt(lines, receipt_for(lines, "carol", received_at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert found_at(verdict, "receipts").startswith(FRAUD)


def test_a_forged_receipt_proves_nothing() -> None:
    lines = lines_of_a_live_cycle()
    kept = receipt_for(lines, "carol", digest=bytes(32))
    forged = Kept(kept.where, kept.receipt, bytes(64))
    foreign = receipt_for(lines, "carol", rules=bytes(32))
    for one in (forged, foreign):
        verdict = with_receipt(lines, one)
        assert "receipts" in failed(verdict)
        assert FRAUD not in found_at(verdict, "receipts")


def test_saved_heads_are_held_against_the_record() -> None:
    lines = lines_of_a_live_cycle()
    saved = [Head.read(one) for one in lines if one["type"] == "head"]
    assert check(sealed_again(lines), Options(workers=1, heads=saved)).has_passed
    published = "2026-01-01T00:00:00.000000Z"
    other = Head.read(head_line(lines, 3, bytes(32), published))  # signed: the operator showed two trees
    longer = Head.read(head_line(lines, 9, bytes(32), published))
    forged = Head(3, bytes(32), published, bytes(64))
    for head in (other, longer, forged):
        verdict = check(sealed_again(lines), Options(workers=1, heads=[*saved, head]))
        assert failed(verdict) == ["saved_heads"]


# Other kinds of cycles


def test_a_ballot_that_claims_a_contract_wallet_is_not_believed_without_a_node() -> None:
    lines = lines_of_a_live_cycle()
    ballot_of(lines, "alice").update(
        signature="0x00",
        evidence={
            "chain_id": 324,
            "standard": "eip1271",
            "block": 1,
            "block_hash": ZERO,
            "block_at": "2026-01-01T00:00:00.000000Z",
        },
    )
    verdict = check(sealed_again(lines))
    assert names(verdict, Status.UNKNOWN) == ["contract_signatures"]
    assert not verdict.has_passed


def sealed_cycle() -> Cycle:
    community = make_community()
    community.schedule.live_results = False
    community.schedule.save()
    cycle = make_cycle(community, opens_in=-HOUR)
    vote(cycle)
    return finish(cycle)


@pytest.mark.parametrize("field", ["blind", "commitment"])
def test_a_blind_that_does_not_open_its_commitment_is_caught(field: str) -> None:
    lines = objects(file_of(sealed_cycle(), "closed"))
    assert check(sealed_again(lines)).has_passed
    ballot_of(lines, "alice")[field] = ZERO
    assert "blinds" in failed(check(sealed_again(lines)))
    del ballot_of(lines, "bob")["blind"], ballot_of(lines, "bob")["commitment"]
    assert "blinds" in failed(check(sealed_again(lines)))


def test_a_fall_back_that_the_rules_do_not_name_is_caught() -> None:
    cycle = make_cycle(make_community(quorum_voters=3), opens_in=-HOUR)
    vote(cycle)
    lines = objects(file_of(finish(cycle), "closed"))
    assert check(sealed_again(lines)).has_passed
    fallen = the(lines, "contest_result", contest="security", binding=True)
    assert fallen["outcome"] == "return_to_reserve"
    fallen["outcome"] = "equal_split"
    assert "fallbacks" in failed(check(sealed_again(lines)))
    fallen["outcome"] = "split"
    assert "quorum" in failed(check(sealed_again(lines)))


def test_signatures_are_checked_by_several_processes_as_by_one() -> None:
    lines = lines_of_a_live_cycle()
    ballot_of(lines, "alice")["signature"] = ballot_of(lines, "carol")["signature"]
    data = sealed_again(lines)
    assert failed(check(data)) == failed(verify(io.BytesIO(data), Options(workers=2))) == ["signatures"]
