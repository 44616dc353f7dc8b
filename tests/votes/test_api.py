"""Ballots in, everything out: what the answers mean and that they agree with each other."""

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from chain.signing import keccak256
from journal.clock import database_clock
from tests.factories import (
    EVEN,
    HOUR,
    POWERS,
    UNIT,
    Community,
    a_moment_after,
    address,
    make_community,
    make_cycle,
    signed,
)
from votes.actions.closing import close_cycle, publish_result
from votes.api import PAGE
from votes.models import Ballot, Certificate, Cycle, CyclePower, Reason
from votes.record.ballot import ballot_digest
from votes.record.instants import from_iso, iso, microseconds
from votes.record.merkle import ballot_leaf, leaf_hash, root
from votes.record.receipt import Receipt, verify_receipt
from votes.record.rules import Rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def cycle(community: Community) -> Cycle:
    return make_cycle(community)


def url(cycle: Cycle, rest: str = "") -> str:
    return f"/api/v1/cycles/{cycle.number}/{rest}"


def read(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return answer.json()


def cast(client: Client, cycle: Cycle, name: str, **parts: Any) -> Any:
    """Send `name`'s ballot; the document of the 201."""
    body = signed(name, cycle, **parts).body()
    answer = client.post(url(cycle, "ballots/"), body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def close(cycle: Cycle) -> None:
    assert close_cycle(cycle_id=cycle.pk, at=a_moment_after(cycle.closes_at))


def all_ballots(client: Client, cycle: Cycle) -> list[Any]:
    """Every ballot of the public list, page by page."""
    ballots: list[Any] = []
    address: str | None = url(cycle, "ballots/")
    while address:
        page = read(client, address)
        ballots += page["ballots"]
        address = page["next"]
    return ballots


# Casting


def test_a_receipt_verifies_with_the_key_in_the_rules_and_names_the_ballot(
    client: Client, cycle: Cycle
) -> None:
    before = database_clock()
    submission = signed("alice", cycle, reason="Because.")
    answer = cast(client, cycle, "alice", reason="Because.")
    rules_bytes = client.get(url(cycle, "rules.json")).content
    rules = Rules.parse(rules_bytes)
    digest = ballot_digest(submission.ballot, rules.domain_separator)
    content = answer["receipt"]
    received_at = from_iso(content["received_at"])
    assert before < received_at < database_clock()
    assert content["status"] == "accepted"
    assert content["rules"] == "0x" + hashlib.sha256(rules_bytes).hexdigest()
    assert content["digest"] == answer["digest"] == "0x" + digest.hex()
    receipt = Receipt(str(cycle.number), rules.hash, digest, received_at, "accepted")
    assert receipt.content() == content
    assert answer["receipt_key"] == "0x" + rules.receipt_key.hex()
    assert verify_receipt(rules.receipt_key, receipt, bytes.fromhex(answer["signature"][2:]))


def test_the_same_bytes_get_the_same_answer_when_replaced_and_after_the_closing(
    client: Client, cycle: Cycle
) -> None:
    first = cast(client, cycle, "alice", reason="First.")
    second = cast(client, cycle, "alice", nonce=2)
    assert second["replaces"] == first["digest"]
    assert cast(client, cycle, "alice", reason="First.") == first
    close(cycle)
    assert cast(client, cycle, "alice", reason="First.") == first
    assert cast(client, cycle, "alice", nonce=2) == second
    assert Ballot.objects.count() == 2


def test_a_201_means_that_the_ballot_is_in_the_certificate(client: Client, cycle: Cycle) -> None:
    digests = [cast(client, cycle, name)["digest"] for name in POWERS]
    close(cycle)
    positions = {ballot["digest"]: ballot["position"] for ballot in all_ballots(client, cycle)}
    assert positions == {digest: place for place, digest in enumerate(digests)}
    assert Certificate.objects.get().ballot_count == len(digests)


def test_a_ballot_without_lines_withdraws(client: Client, cycle: Cycle) -> None:
    cast(client, cycle, "alice")
    withdrawn = cast(client, cycle, "alice", split={}, nonce=2, reason="I abstain.")
    shown = read(client, url(cycle, f"ballots/{withdrawn['digest']}/"))
    assert (shown["lines"], shown["reason"]) == ([], "I abstain.")
    close(cycle)
    assert publish_result(cycle_id=cycle.pk, at=a_moment_after(cycle.closes_at))
    result = read(client, url(cycle, "result/"))
    assert (result["voters"], result["power"]) == (0, "0")
    assert {contest["outcome"] for contest in result["contests"]} == {"return_to_reserve"}


def test_a_ballot_may_leave_contests_out(client: Client, cycle: Cycle) -> None:
    cast(client, cycle, "alice", split={"security": EVEN["security"]})
    (ballot,) = all_ballots(client, cycle)
    assert {line["programme"] for line in ballot["lines"]} == {"security"}


def test_a_ballot_performs_the_freeze_that_no_job_has_performed(client: Client, community: Community) -> None:
    cycle = make_cycle(community, frozen=False)
    cast(client, cycle, "alice")
    power = CyclePower.objects.get(cycle=cycle).snapshot
    assert (power.timepoint, power.total_power) == (cycle.snapshot_at, 100 * UNIT)
    assert power.taken_at > cycle.opens_at


# Reading


def test_reading_performs_an_overdue_announcement_and_an_overdue_freeze(
    client: Client, community: Community
) -> None:
    cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)
    rules = client.get(url(cycle, "rules.json")).content
    assert read(client, url(cycle))["rules_hash"] == "0x" + hashlib.sha256(rules).hexdigest()
    assert read(client, url(cycle))["phase"] == "announced"
    frozen_late = make_cycle(community, opens_in=-48 * HOUR, frozen=False)
    assert read(client, url(frozen_late, f"voters/{address('bob')}/"))["power"] == str(POWERS["bob"])


def test_reading_cancels_what_was_not_published_in_time(client: Client, community: Community) -> None:
    cycle = make_cycle(community, opens_in=timedelta(minutes=30), announced=False)
    assert read(client, url(cycle))["phase"] == "cancelled"
    assert client.get(url(cycle, "rules.json")).status_code == 404


def test_rules_are_the_frozen_bytes_under_their_hash(client: Client, cycle: Cycle) -> None:
    answer = client.get(url(cycle, "rules.json"))
    assert answer["Content-Type"] == "application/json"
    assert answer.content == cycle.announcement.rules_json.encode()
    assert hashlib.sha256(answer.content).digest() == bytes(cycle.announcement.rules_hash)
    assert Rules.parse(answer.content).instants == cycle.instants


def test_a_cycle_and_the_list_of_all_tell_phase_and_instants(client: Client, community: Community) -> None:
    past, now = make_cycle(community, opens_in=-72 * HOUR), make_cycle(community)
    coming = make_cycle(community, opens_in=48 * HOUR, announced=False)
    phases = {cycle["number"]: cycle["phase"] for cycle in read(client, "/api/v1/cycles/")["cycles"]}
    assert list(phases.items()) == [
        (coming.number, "planned"),
        (now.number, "open"),
        (past.number, "counting"),
    ]
    shown = read(client, url(now))
    assert (shown["opens_at"], shown["closes_at"]) == (iso(now.opens_at), iso(now.closes_at))
    assert [contest["programme"] for contest in shown["contests"]] == ["ignite", "security"]
    assert shown["contests"][1]["options"][0] == {
        "typology": "audits",
        "name": "Audits",
        "floor": 1000,
        "cap": 8000,
        "largest_line": 7777,
    }
    assert read(client, url(coming))["rules_hash"] is None


def test_a_ballot_is_shown_as_it_was_signed_with_its_receipt(client: Client, cycle: Cycle) -> None:
    reason = "Why? <b>“Because”</b>\n\tof 🗳️."
    submission = signed("alice", cycle, reason=reason)
    answer = cast(client, cycle, "alice", reason=reason)
    shown = read(client, url(cycle, f"ballots/{answer['digest']}/"))
    document = json.loads(submission.body())
    for field in ("voter", "nonce", "reason", "lines"):
        assert shown[field] == document["ballot"][field]
    assert shown["signature"] == document["signature"]
    assert shown["receipted"] == answer
    assert (shown["replaces"], shown["replaced_by"], shown["position"]) == (None, None, None)
    newer = cast(client, cycle, "alice", nonce=2)
    assert read(client, url(cycle, f"ballots/{answer['digest']}/"))["replaced_by"] == newer["digest"]


def test_an_erased_reason_leaves_its_hash(client: Client, cycle: Cycle) -> None:
    answer = cast(client, cycle, "alice", reason="My neighbour's address.")
    Reason.objects.all().delete()
    assert read(client, url(cycle, f"ballots/{answer['digest']}/"))["reason"] is None
    assert bytes(Ballot.objects.get().reason_hash) == keccak256(b"My neighbour's address.")
    assert cast(client, cycle, "alice", reason="My neighbour's address.") == answer


def test_a_voter_sees_power_and_newest_ballot(client: Client, cycle: Cycle) -> None:
    voter = url(cycle, f"voters/{address('alice')}/")
    assert read(client, voter) == {
        "voter": address("alice"),
        "power": str(POWERS["alice"]),
        "newest": None,
    }
    answer = cast(client, cycle, "alice", nonce=5)
    assert read(client, voter)["newest"] == {"digest": answer["digest"], "nonce": 5}
    assert read(client, url(cycle, f"voters/{address('stranger')}/"))["power"] == "0"


def test_power_is_unknown_and_not_zero_before_the_snapshot(client: Client, community: Community) -> None:
    cycle = make_cycle(community, opens_in=2 * HOUR, frozen=False)
    assert read(client, url(cycle, f"voters/{address('alice')}/"))["power"] is None


def test_pages_of_ballots_follow_each_other_and_the_root_follows_from_them(client: Client) -> None:
    """Anybody recomputes the certificate from the public list alone."""
    crowd = [f"voter {number}" for number in range(PAGE + 3)]
    cycle = make_cycle(make_community(dict.fromkeys(crowd, UNIT)))
    digests = [cast(client, cycle, name, reason=name)["digest"] for name in crowd]
    digests += [cast(client, cycle, name, nonce=2)["digest"] for name in crowd[:2]]
    assert len(read(client, url(cycle, "ballots/"))["ballots"]) == PAGE
    close(cycle)
    ballots = all_ballots(client, cycle)
    assert [ballot["digest"] for ballot in ballots] == digests
    assert [ballot["position"] for ballot in ballots] == list(range(len(digests)))
    leaves = [
        leaf_hash(ballot_leaf(bytes.fromhex(b["digest"][2:]), microseconds(from_iso(b["received_at"]))))
        for b in sorted(ballots, key=lambda ballot: ballot["position"])
    ]
    certificate = Certificate.objects.get()
    assert bytes(certificate.merkle_root) == root(leaves)
    assert certificate.ballot_count == len(leaves)
    assert bytes(certificate.rules_hash) == cycle.announcement.rules.hash


# What is not there, and what is not done


def test_what_is_not_there_is_a_404(client: Client, cycle: Cycle, community: Community) -> None:
    planned = make_cycle(community, opens_in=48 * HOUR, announced=False)
    for address_ in (
        url(cycle, f"ballots/0x{'00' * 32}/"),
        url(cycle, "result/"),
        url(planned, "rules.json"),
        url(planned, f"voters/{address('alice')}/"),
        "/api/v1/cycles/99/",
        "/api/v1/cycles/99/ballots/",
        "/api/v1/cycles/99/rules.json",
        "/api/v1/cycles/0/",
        "/api/v1/cycles/4294967296/",
        "/api/v1/cycles/x/",
        url(cycle, "voters/0x1/"),
        url(cycle, f"voters/{address('alice').upper()}/"),
    ):
        assert client.get(address_).status_code == 404, address_


@pytest.mark.parametrize("after", ["²", "-1", "1e3", "x", "", "9" * 19, "9" * 5000, "1\0", "٣"])
def test_a_page_that_nobody_gave_is_refused(
    client: Client, cycle: Cycle, caplog: pytest.LogCaptureFixture, after: str
) -> None:
    answer = client.get(url(cycle, "ballots/"), {"after": after})
    assert (answer.status_code, answer.json()["refusal"]) == (400, "malformed")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_page_after_the_last_is_empty(client: Client, cycle: Cycle) -> None:
    cast(client, cycle, "alice")
    assert read(client, url(cycle, "ballots/?after=999999999999999999")) == {
        "ballots": [],
        "sealed": [],
        "next": None,
    }


def test_asking_for_the_head_alone_is_answered(client: Client, cycle: Cycle) -> None:
    for rest in ("", "rules.json", "ballots/", f"voters/{address('alice')}/"):
        answer = client.head(url(cycle, rest))
        assert (answer.status_code, answer.content) == (200, b""), rest


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nothing_is_changed_or_deleted_over_http(
    client: Client, cycle: Cycle, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    answer = cast(client, cycle, "alice")
    for rest in ("", "rules.json", "ballots/", f"ballots/{answer['digest']}/", "result/"):
        assert getattr(client, method)(url(cycle, rest)).status_code == 405, rest
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_only_ballots_are_posted_and_without_session_or_csrf(cycle: Cycle) -> None:
    strict = Client(enforce_csrf_checks=True)
    cast(strict, cycle, "alice")
    assert not strict.cookies
    for rest in ("", "result/"):
        assert strict.post(url(cycle, rest)).status_code in {403, 405}
