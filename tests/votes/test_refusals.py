"""Every "no" to a ballot has a name, a status of 400 to 499 and words; nothing is stored or logged as an error."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.signing import domain_separator, sign_digest
from journal.clock import database_clock
from tests.factories import (
    EVEN,
    HOUR,
    Community,
    address,
    key_of,
    lines_of,
    make_community,
    make_cycle,
    signed,
)
from votes.actions.closing import close_cycle
from votes.actions.cycles import cancel_unpublished
from votes.models import Ballot, Cycle, Reason, ScheduledContest
from votes.record.ballot import MAX_BODY_BYTES, MAX_NONCE, Line, Submission, ballot_digest

pytestmark = pytest.mark.django_db

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def cycle(community: Community) -> Cycle:
    return make_cycle(community)


def post(client: Client, number: int, body: bytes, **headers: Any) -> Any:
    return client.post(f"/api/v1/cycles/{number}/ballots/", body, content_type="application/json", **headers)


@pytest.fixture
def is_refused(client: Client, caplog: pytest.LogCaptureFixture) -> Callable[..., str]:
    """Send `body`; it is refused as `name` and leaves nothing behind. Gives the words."""

    def check(number: int, body: bytes, name: str, status: int, **headers: Any) -> str:
        before = Ballot.objects.count(), Reason.objects.count()
        answer = post(client, number, body, **headers)
        document = answer.json()
        assert (answer.status_code, document["refusal"]) == (status, name), document
        assert document.keys() == {"refusal", "words"}
        words: str = document["words"]
        assert len(words.split()) > 3
        assert words.endswith(".")
        assert (Ballot.objects.count(), Reason.objects.count()) == before
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
        return words

    return check


def sign(
    cycle: Cycle,
    name: str = "alice",
    /,
    *,
    by: str | None = None,
    salt: bytes = b"",
    chain: int = 0,
    **changes: Any,
) -> Submission:
    """`name`'s ballot with `changes`, signed `by` that person or another, for this or another domain."""
    ballot = replace(signed(name, cycle).ballot, **changes)
    rules = cycle.announcement.rules
    domain = domain_separator(chain or rules.token.chain_id, salt or rules.deployment)
    return Submission(ballot, sign_digest(key_of(by or name), ballot_digest(ballot, domain)))


def test_a_good_ballot_is_accepted(client: Client, cycle: Cycle) -> None:
    assert post(client, cycle.number, sign(cycle).body()).status_code == 201


# When


def test_not_open_yet(is_refused: Callable[..., str], community: Community) -> None:
    announced = make_cycle(community, opens_in=timedelta(minutes=30))
    is_refused(announced.number, sign(announced).body(), "not_open_yet", 409)
    planned = make_cycle(community, opens_in=48 * HOUR, announced=False)
    is_refused(planned.number, sign(announced, cycle=str(planned.number)).body(), "not_open_yet", 409)


def test_not_open_yet_while_the_rules_cannot_be_announced(
    is_refused: Callable[..., str], community: Community
) -> None:
    example = make_cycle(community)
    ScheduledContest.objects.all().delete()
    planned = make_cycle(community, opens_in=24 * HOUR, announced=False)
    overdue = make_cycle(community, opens_in=2 * HOUR + 48 * HOUR, announced=False)
    Cycle.objects.filter(pk=overdue.pk).update(announced_at=database_clock() - HOUR)
    for cycle in (planned, overdue):
        is_refused(cycle.number, sign(example, cycle=str(cycle.number)).body(), "not_open_yet", 409)


def test_closed_before_any_job_has_closed_and_after(
    is_refused: Callable[..., str], community: Community
) -> None:
    cycle = make_cycle(community, opens_in=-25 * HOUR)
    body = sign(cycle).body()
    is_refused(cycle.number, body, "closed", 409)
    assert close_cycle(cycle_id=cycle.pk, at=database_clock())
    is_refused(cycle.number, body, "closed", 409)


def test_cycle_cancelled_by_rule_though_no_job_ran(
    is_refused: Callable[..., str], community: Community
) -> None:
    example = make_cycle(community, opens_in=-25 * HOUR)
    unpublished = make_cycle(community, opens_in=timedelta(minutes=59), announced=False)
    body = sign(example, cycle=str(unpublished.number)).body()
    is_refused(unpublished.number, body, "cycle_cancelled", 409)
    assert Cycle.objects.at(database_clock()).get(pk=unpublished.pk).phase == "cancelled"
    assert not cancel_unpublished(cycle_id=unpublished.pk, at=database_clock())
    is_refused(unpublished.number, body, "cycle_cancelled", 409)


def test_unknown_cycle(is_refused: Callable[..., str], cycle: Cycle) -> None:
    is_refused(cycle.number + 1, sign(cycle).body(), "unknown_cycle", 404)


# Who


def high_s(signature: bytes) -> bytes:
    """The other signature that plain ECDSA would take for the same message."""
    s = _ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "high s": high_s,
    "v 0 or 1": lambda s: s[:64] + bytes([s[64] - 27]),
    "v of the other point": lambda s: s[:64] + bytes([55 - s[64]]),
    "a bit flipped": lambda s: bytes([s[0] ^ 1]) + s[1:],
    "64 bytes": lambda s: s[:64],
    "none": lambda s: b"",
    "zeros": lambda s: bytes(65),
    "r is the order": lambda s: _ORDER.to_bytes(32, "big") + s[32:],
    "ones": lambda s: b"\xff" * 65,
}


def test_bad_signature(is_refused: Callable[..., str], cycle: Cycle) -> None:
    good = sign(cycle)
    forged = {
        "another chain": sign(cycle, chain=1),
        "another deployment": sign(cycle, salt=b"\x33" * 32),
        "somebody else's": sign(cycle, by="bob"),
        "of another voter": Submission(replace(good.ballot, voter=address("bob")), good.signature),
        "of another nonce": Submission(replace(good.ballot, nonce=2), good.signature),
        "of another reason": Submission(replace(good.ballot, reason="No."), good.signature),
        "of other lines": Submission(replace(good.ballot, lines=()), good.signature),
        "of the lines in another order": Submission(
            replace(good.ballot, lines=good.ballot.lines[::-1]), good.signature
        ),
        **{name: Submission(good.ballot, change(good.signature)) for name, change in SIGNATURES.items()},
    }
    for submission in forged.values():
        is_refused(cycle.number, submission.body(), "bad_signature", 422)


def test_no_power_at_snapshot(is_refused: Callable[..., str]) -> None:
    cycle = make_cycle(make_community({"alice": 1, "zero": 0}))
    for name in ("stranger", "zero"):
        is_refused(cycle.number, sign(cycle, name).body(), "no_power_at_snapshot", 422)


# What


def test_unknown_rules(is_refused: Callable[..., str], community: Community) -> None:
    before, cycle = make_cycle(community, opens_in=-25 * HOUR), make_cycle(community, opens_in=-HOUR)
    for body in (
        sign(cycle, rules=bytes(32)).body(),
        sign(before).body(),
        sign(cycle, cycle=str(before.number)).body(),
        sign(cycle, rules=before.announcement.rules.hash).body(),
    ):
        is_refused(cycle.number, body, "unknown_rules", 422)


def split(**lines: int) -> tuple[Line, ...]:
    """Lines of `security`, where audits have a floor of 10 % and a cap of 80 %."""
    return lines_of({"security": lines})


def test_lines_that_do_not_sum(is_refused: Callable[..., str], cycle: Cycle) -> None:
    for total, lines in {
        9_999: split(audits=4_999, bounties=5_000),
        10_001: split(audits=5_001, bounties=5_000),
        1: split(bounties=1),
        20_000: (*split(bounties=10_000), Line("security", "audits", 10_000)),
    }.items():
        words = is_refused(cycle.number, sign(cycle, lines=lines).body(), "lines_do_not_sum", 422)
        assert f"security give {total};" in words
    one_good = (*lines_of({"ignite": EVEN["ignite"]}), *split(bounties=1))
    is_refused(cycle.number, sign(cycle, lines=one_good).body(), "lines_do_not_sum", 422)


def test_over_cap_by_one_basis_point(client: Client, is_refused: Callable[..., str], cycle: Cycle) -> None:
    most = 7_777  # (8,000 − 1,000) of the 9,000 that the floor leaves, rounded down
    over = sign(cycle, lines=split(audits=most + 1, bounties=10_000 - most - 1))
    words = is_refused(cycle.number, over.body(), "over_cap", 422)
    assert "audits may get at most 7777 basis points of security; the ballot gives 7778" in words
    under = sign(cycle, lines=split(audits=most, bounties=10_000 - most))
    assert post(client, cycle.number, under.body()).status_code == 201


def test_unknown_option(is_refused: Callable[..., str], cycle: Cycle) -> None:
    for line in (
        Line("ignite", "audits", 10_000),
        Line("nowhere", "lending", 10_000),
        Line("*", "ignite", 10_000),
        Line("ignite", "lending-", 10_000),
    ):
        words = is_refused(cycle.number, sign(cycle, lines=(line,)).body(), "unknown_option", 422)
        assert f"{line.programme} has no option {line.typology} " in words


def test_duplicate_line(is_refused: Callable[..., str], cycle: Cycle) -> None:
    twice = (Line("ignite", "lending", 5_000),) * 2
    is_refused(cycle.number, sign(cycle, lines=twice).body(), "duplicate_line", 422)


def test_stale_nonce(client: Client, is_refused: Callable[..., str], cycle: Cycle) -> None:
    assert post(client, cycle.number, sign(cycle, nonce=7).body()).status_code == 201
    for nonce in (0, 6, 7):
        stale = sign(cycle, nonce=nonce, reason="Another.")
        assert "above 7" in is_refused(cycle.number, stale.body(), "stale_nonce", 409)
    assert post(client, cycle.number, sign(cycle, nonce=MAX_NONCE).body()).status_code == 201


def test_too_many_ballots(client: Client, is_refused: Callable[..., str], cycle: Cycle) -> None:
    for nonce in range(20):
        assert post(client, cycle.number, sign(cycle, nonce=nonce).body()).status_code == 201
    is_refused(cycle.number, sign(cycle, nonce=20).body(), "too_many_ballots", 422)
    assert post(client, cycle.number, sign(cycle, nonce=3).body()).status_code == 201  # it is in already
    assert post(client, cycle.number, sign(cycle, "bob").body()).status_code == 201


# In what form


def changed(submission: Submission, change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(submission.body())
    change(document)
    return json.dumps(document).encode()


def in_ballot(**fields: Any) -> Callable[[Submission], bytes]:
    return lambda s: changed(s, lambda document: document["ballot"].update(fields))


def in_line(**fields: Any) -> Callable[[Submission], bytes]:
    return lambda s: changed(s, lambda document: document["ballot"]["lines"][0].update(fields))


def raw(old: bytes, new: bytes) -> Callable[[Submission], bytes]:
    def change(submission: Submission) -> bytes:
        assert submission.body().count(old) == 1
        return submission.body().replace(old, new)

    return change


MALFORMED: dict[str, Callable[[Submission], bytes]] = {
    "empty": lambda s: b"",
    "cut short": lambda s: s.body()[:-20],
    "cut within a character": lambda s: "é".encode()[:1],
    "huge": lambda s: s.body().ljust(MAX_BODY_BYTES + 1),
    "a list": lambda s: b"[" + s.body() + b"]",
    "a number": lambda s: b"1",
    "null": lambda s: b"null",
    "deep lists": lambda s: b"[" * 100_000,
    "deep objects": lambda s: b'{"ballot":' * 50_000,
    "deep reason": in_ballot(reason=json.loads("[" * 40 + "]" * 40)),
    "not UTF-8": lambda s: s.body().replace(b"alice", b"\xff") + b"\xff",
    "UTF-16": lambda s: s.body().decode().encode("utf-16"),
    "with a byte order mark": lambda s: b"\xef\xbb\xbf" + s.body(),
    "a form": lambda s: b"ballot=1&signature=2",
    "signature of half a byte": lambda s: changed(s, lambda d: d.update(signature="0x111")),
    "signature of 8,193 bytes": lambda s: changed(s, lambda d: d.update(signature="0x" + "11" * 8_193)),
    "signature in capitals": lambda s: changed(s, lambda d: d.update(signature="0x" + "AB" * 65)),
    "signature a number": lambda s: changed(s, lambda d: d.update(signature=1)),
    "no signature": lambda s: changed(s, lambda d: d.pop("signature")),
    "an unknown key": lambda s: changed(s, lambda d: d.update(note="hello")),
    "an unknown key in the ballot": in_ballot(power="5"),
    "an unknown key in a line": in_line(note=1),
    "a key twice": raw(b'"nonce":1', b'"nonce":1,"nonce":1'),
    "nonce a string": in_ballot(nonce="1"),
    "nonce a bool": in_ballot(nonce=True),
    "nonce negative": in_ballot(nonce=-1),
    "nonce above 2^53 - 1": in_ballot(nonce=MAX_NONCE + 1),
    "nonce above 2^64": in_ballot(nonce=2**64),
    "nonce a float": in_ballot(nonce=1.0),
    "nonce NaN": in_ballot(nonce=float("nan")),
    "nonce infinite": in_ballot(nonce=float("inf")),
    "nonce endless": raw(b'"nonce":1', b'"nonce":' + b"1" * 10_000),
    "nonce null": in_ballot(nonce=None),
    "share a string": in_line(basisPoints="6000"),
    "share a bool": in_line(basisPoints=True),
    "share a float": in_line(basisPoints=6000.0),
    "share negative": in_line(basisPoints=-6000),
    "share zero": in_line(basisPoints=0),
    "share above the whole": in_line(basisPoints=10_001),
    "share NaN": in_line(basisPoints=float("nan")),
    "lines an object": in_ballot(lines={}),
    "lines a string": in_ballot(lines="all"),
    "line a list": in_ballot(lines=[["ignite", "lending", 10_000]]),
    "voter checksummed": in_ballot(voter="0x" + "Ab" * 20),
    "voter null": in_ballot(voter=None),
    "cycle a number": in_ballot(cycle=1),
    "rules short": in_ballot(rules="0x11"),
    "reason a number": in_ballot(reason=5),
    "reason not NFC": in_ballot(reason="e\u0301"),
    "reason with NUL": in_ballot(reason="a\0b"),
    "reason with half a pair": in_ballot(reason="\ud800"),
    "reason with half a pair, raw": raw(b'"reason":""', b'"reason":"\xed\xa0\x80"'),
    "option with NUL": in_line(typology="lending\0"),
    "option with a line end": in_line(typology="lending\n"),
}


def test_malformed(is_refused: Callable[..., str], cycle: Cycle) -> None:
    good = sign(cycle)
    for change in MALFORMED.values():
        is_refused(cycle.number, change(good), "malformed", 400)


def test_a_reason_over_the_limit_in_bytes_is_malformed(
    client: Client, is_refused: Callable[..., str], cycle: Cycle
) -> None:
    too_long = sign(cycle, reason="é" * 1_001)
    assert "2000 bytes" in is_refused(cycle.number, too_long.body(), "malformed", 400)
    assert post(client, cycle.number, sign(cycle, reason="é" * 1_000).body()).status_code == 201


@pytest.mark.parametrize("length", ["²", "-1", "1e3", "9" * 5_000, "x", "1048577"])
def test_a_length_that_is_none_or_too_much_is_malformed(
    is_refused: Callable[..., str], cycle: Cycle, length: str
) -> None:
    is_refused(cycle.number, sign(cycle).body(), "malformed", 400, CONTENT_LENGTH=length)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["cycle", "rules", "voter", "nonce", "reason", "lines"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_body_gets_a_named_answer(
    client: Client, caplog: pytest.LogCaptureFixture, cycle: Cycle, data: st.DataObject
) -> None:
    body = sign(cycle).body()
    kind = data.draw(st.sampled_from(["bytes", "json", "field", "cut", "byte"]))
    if kind == "bytes":
        body = data.draw(st.binary(max_size=200))
    elif kind == "json":
        body = json.dumps(data.draw(JSON)).encode()
    elif kind == "field":
        body = in_ballot(**{data.draw(st.sampled_from(FIELDS)): data.draw(JSON)})(sign(cycle))
    elif kind == "cut":
        body = body[: data.draw(st.integers(0, len(body) - 1))]
    else:
        place = data.draw(st.integers(0, len(body) - 1))
        body = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    answer = post(client, cycle.number, body)
    assert answer.status_code in {400, 409, 422}, answer.content
    assert answer.json()["refusal"] in {
        "malformed",
        "unknown_rules",
        "bad_signature",
        "unknown_option",
        "lines_do_not_sum",
        "over_cap",
        "duplicate_line",
    }
    assert not Ballot.objects.exists()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
