"""The verifier in the browser says of every record what tpp-verify says, check by check."""

import base64
import copy
import io
import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests.factories import HOUR, make_community, make_cycle
from tests.records import file_of, finish, finished_cycle, objects, sealed_again, vote
from tests.votes.record.tampering import TAMPERINGS, ZERO, ballot_of, the
from tests.votes.record.test_hostile_records import COUNT, SEED, spoilt
from tests.votes.record.test_tampering import head_line, receipt_for, with_heads
from votes.actions.record_lines import text_lines
from votes.record.verify import CHECKS, Options, verify
from votes.record.verify.receipts import Kept, read_heads, read_receipts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

VERIFY = """
async ([files, threads]) => {
  const { verify } = await import("/static/js/verify/run.js");
  const { readReceipts, readHeads } = await import("/static/js/verify/receipts.js");
  const all = {};
  for (const [name, { data, receipts, heads }] of Object.entries(files)) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const verdict = await verify(new Blob([bytes]).stream(), {
      threads,
      receipts: receipts ? readReceipts("receipts", receipts) : [],
      heads: heads ? readHeads("heads", heads) : [],
    });
    all[name] = {
      hash: verdict.recordHash,
      ballots: verdict.ballots,
      faults: verdict.outcomes.map(({ name, status, faults }) => [name, status, faults]),
    };
  }
  return all;
}
"""

Lines = list[dict[str, Any]]


class Case:
    """A record, and what somebody brings along."""

    def __init__(self, data: bytes, *, receipts: Sequence[Kept] = (), heads: Lines | None = None) -> None:
        kept = [
            {"receipt": one.receipt.content(), "signature": "0x" + one.signature.hex()} for one in receipts
        ]
        self.data, self.receipts = data, json.dumps(kept) if kept else ""
        self.heads = json.dumps(heads) if heads else ""

    def in_python(self) -> dict[str, Any]:
        options = Options(
            workers=1,
            receipts=read_receipts("receipts", self.receipts.encode()) if self.receipts else [],
            heads=read_heads("heads", self.heads.encode()) if self.heads else [],
        )
        verdict = verify(io.BytesIO(self.data), options)
        return {
            "hash": verdict.record_hash,
            "ballots": verdict.ballots,
            "faults": [[one.check.name, one.status.value, one.faults] for one in verdict.outcomes],
        }

    def document(self) -> dict[str, str]:
        data = base64.b64encode(self.data).decode()
        return {"data": data, "receipts": self.receipts, "heads": self.heads}


def compare(page: Page, live_server: LiveServer, cases: Mapping[str, Case], threads: int = 0) -> Any:
    """Verify in a page of the site, under its own policy, and see that Python says the same of each."""
    page.goto(live_server.url + "/cycles/")
    found = page.evaluate(VERIFY, [{name: case.document() for name, case in cases.items()}, threads])
    for name, case in cases.items():
        expected = case.in_python()
        assert found[name] == expected, name
    return found


def final_lines() -> Lines:
    cycle = finished_cycle()
    return with_heads(objects(file_of(cycle, "final") + b"".join(text_lines(cycle))))


def test_every_tampering_has_the_same_verdict_in_the_browser(live_server: LiveServer, page: Page) -> None:
    right = final_lines()
    cases = {"right": Case(sealed_again(right))}
    for name, (tamper, _) in TAMPERINGS.items():
        lines = copy.deepcopy(right)
        tamper(lines)
        cases[name] = Case(sealed_again(lines))
    found = compare(page, live_server, cases)
    assert {status for _, status, _ in found["right"]["faults"]} == {"pass", "does not apply"}
    for name, (_, caught_by) in TAMPERINGS.items():
        assert caught_by in [check for check, status, _ in found[name]["faults"] if status == "fail"], name


def test_other_spellings_and_other_bytes_are_told_alike(live_server: LiveServer, page: Page) -> None:
    data = sealed_again(final_lines())
    sealed = data[: data.index(b'"type":"seal"}\n') + len(b'"type":"seal"}\n')]
    cases = {f"ends at {end}": Case(sealed[:end]) for end in range(0, len(sealed), 499)}
    for at in range(0, len(data), 401):
        cases[f"byte {at}"] = Case(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    for old, new in SPELLINGS:
        cases[f"{new[:20]!r} for {old!r}"] = Case(data.replace(old, new, 1))
    for junk in (
        b"",
        b"\n",
        b"{}\n",
        b"null\n",
        b"[]\n" * 3,
        b"\x00" * 1000,
        b'{"type":[]}\n',
        b"9" * 9999 + b"\n",
    ):
        cases[f"junk {junk[:9]!r}"] = Case(junk)
    for rules in ("", "{}", "[]", '{"version":2}', "null"):
        lines = objects(data)
        the(lines, "rules")["json"] = rules
        cases[f"rules {rules}"] = Case(sealed_again(lines))
    compare(page, live_server, cases)


SPELLINGS = [
    (b'{"lines"', b'{ "lines"'),
    (b'"type":"settlement","version":1}', b'"version":1,"type":"settlement"}'),
    (b'"type":"settlement","version":1}', b'"type":"settlement","version":1.0}'),
    (b'"type":"settlement","version":1}', b'"type":"settlement","version":1,"version":1}'),
    (b'"type":"settlement","version":1}', b'"type":"settlement","version":9007199254740993}'),
    (b'"type":"settlement","version":1}', b'"type":"settlement","version":9007199254740992}'),
    (b'"type":"settlement","version":1}', b'"type":"settlement","version":-0}'),
    (b'"type":"settlement","version":1}', b'"__proto__":1,"type":"settlement","version":1}'),
    (b"Because.", b"\\u0042ecause."),
    (b"Because.", b"\\ud800"),
    (b"Because.", "Því að \u2028\u007f".encode()),
    (b"\n", b"\r\n"),
    (b"\n{", b"\n\n{"),
    (b'{"cycle"', b'\xef\xbb\xbf{"cycle"'),
    (b'"cycle":"1"', b'"cycle":"1\xff"'),
    (b'"cycle":"1"', b'"cycle":' + b"[" * 100_000),
    (b'.000000Z","contest', b'.0Z","contest'),
]


def test_records_spoilt_by_chance_are_told_alike(live_server: LiveServer, page: Page) -> None:
    right, chance = final_lines(), random.Random(SEED)
    records = [spoilt(right, chance) for _ in range(COUNT // 4)]
    compare(page, live_server, {f"{at}: {what}": Case(data) for at, (data, what) in enumerate(records)})


def test_what_somebody_brings_along_is_told_alike(live_server: LiveServer, page: Page) -> None:
    lines = final_lines()
    data = sealed_again(lines)
    kept = [receipt_for(lines, name) for name in ("alice", "bob", "carol")]
    without = copy.deepcopy(lines)
    without.remove(ballot_of(without, "carol"))
    forged = Kept("receipt.json", kept[2].receipt, bytes(64))
    heads = [one for one in lines if one["type"] == "head"]
    published = "2026-01-01T00:00:00.000000Z"
    found = compare(
        page,
        live_server,
        {
            "receipts": Case(data, receipts=kept),
            "a ballot missing": Case(sealed_again(without), receipts=kept),
            "forged": Case(data, receipts=[forged]),
            "foreign": Case(data, receipts=[receipt_for(lines, "carol", rules=bytes(32))]),
            "unknown": Case(data, receipts=[receipt_for(lines, "carol", digest=bytes(32))]),
            "heads": Case(data, heads=heads),
            "another head": Case(data, heads=[*heads, head_line(lines, 3, bytes(32), published)]),
            "a longer head": Case(data, heads=[head_line(lines, 9, bytes(32), published)]),
            "a head of nobody": Case(data, heads=[{**heads[0], "signature": "0x" + "00" * 64}]),
        },
    )
    assert ["receipts", "pass", 0] in found["receipts"]["faults"]
    assert ["saved_heads", "pass", 0] in found["heads"]["faults"]
    for name in ("a ballot missing", "forged", "foreign", "unknown"):
        assert "receipts" in [check for check, status, _ in found[name]["faults"] if status == "fail"]


def test_sealed_cycles_fall_backs_and_contract_wallets_are_told_alike(
    live_server: LiveServer, page: Page
) -> None:
    community = make_community(quorum_voters=3)
    community.schedule.live_results = False
    community.schedule.save()
    cycle = make_cycle(community, opens_in=-HOUR)
    vote(cycle)
    lines = objects(file_of(finish(cycle), "closed"))
    cases = {"right": Case(sealed_again(lines))}

    def tampered(name: str, having: dict[str, Any], **values: Any) -> None:
        others = copy.deepcopy(lines)
        the(others, having.pop("type"), **having).update(values)
        cases[name] = Case(sealed_again(others))

    tampered("blind", {"type": "ballot"}, blind=ZERO)
    tampered("commitment", {"type": "ballot"}, commitment=ZERO)
    fallen = {"type": "contest_result", "contest": "security", "binding": True}
    for outcome in ("equal_split", "split", "nothing_given"):
        tampered(outcome, dict(fallen), outcome=outcome)
    tampered("reason", dict(fallen), why="I felt like it.")
    wallet = {"chain_id": 324, "standard": "eip1271", "block": 1, "block_hash": ZERO}
    evidence = {**wallet, "block_at": "2026-01-01T00:00:00.000000Z"}
    tampered("wallet", {"type": "ballot"}, signature="0x00", evidence=evidence)
    tampered(
        "wallet of another form", {"type": "ballot"}, signature="0x00", evidence={**evidence, "block": "1"}
    )
    tampered("an import", {"type": "header"}, origin="imported")
    opened = copy.deepcopy(lines)
    del ballot_of(opened, "bob")["blind"], ballot_of(opened, "bob")["commitment"]
    cases["no blind"] = Case(sealed_again(opened))
    found = compare(page, live_server, cases)
    assert ["blinds", "pass", 0] in found["right"]["faults"]
    assert ["fallbacks", "pass", 0] in found["right"]["faults"]


def test_the_checks_are_the_same_forty_in_the_same_order(live_server: LiveServer, page: Page) -> None:
    page.goto(live_server.url + "/cycles/")
    names = page.evaluate("async () => (await import('/static/js/verify/checks.js')).CHECKS")
    assert names == list(CHECKS)
