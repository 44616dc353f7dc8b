"""Sealed cycles: what is frozen, what is stored with a ballot, and who is shown it when."""

import hashlib
import json
import os
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from pytest_django import Settings

from journal.clock import database_clock
from tests.factories import EVEN, HOUR, UNIT, address, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot, receipt_of
from votes.actions.closing import close_cycle, publish_result
from votes.models import Announcement, Ballot, Blind, Certificate, Cycle, Schedule
from votes.record.ballot import Submission
from votes.record.instants import microseconds
from votes.record.merkle import ballot_leaf, leaf_hash, root
from votes.record.receipt import Receipt, verify_receipt
from votes.record.rules import Rules
from votes.record.sealing import commitment_of

pytestmark = pytest.mark.django_db

LENDING = {"ignite": {"lending": 10_000}}


@pytest.fixture
def cycle() -> Cycle:
    return make_cycle(make_community(live_results=False))


def url(cycle: Cycle, path: str) -> str:
    return f"/api/v1/cycles/{cycle.number}/{path}"


def post(client: Client, cycle: Cycle, body: bytes) -> dict[str, Any]:
    answer = client.post(url(cycle, "ballots/"), body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    receipt: dict[str, Any] = answer.json()
    return receipt


def again(cycle: Cycle) -> Cycle:
    return Cycle.objects.get(pk=cycle.pk)


def open_all(cycle: Cycle) -> None:
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)


# Rules


def test_that_a_cycle_is_sealed_is_frozen_with_its_rules(cycle: Cycle) -> None:
    Schedule.objects.update(live_results=True)
    announcement = Announcement.objects.get()
    assert json.loads(announcement.rules_json)["live_results"] is False
    assert Rules.parse(announcement.rules_json).live_results is False
    assert again(cycle).is_sealed
    assert again(cycle).hides_ballots


def test_rules_that_are_not_sealed_have_the_bytes_that_they_always_had(cycle: Cycle) -> None:
    live = json.loads(Announcement.objects.get().rules_json) | {"live_results": True}
    text = json.dumps(live, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    rules = Rules.parse(text)
    assert rules.live_results is True
    assert Rules(**{name: getattr(rules, name) for name in Rules.__dataclass_fields__}).data.decode() == text
    for other in (0, "false", None):
        with pytest.raises(TypeError):
            Rules.parse(json.dumps(live | {"live_results": other}))


# Acceptance


def test_a_receipt_proves_the_ballot_and_its_place_in_the_tree(client: Client, cycle: Cycle) -> None:
    answer = post(client, cycle, signed("alice", cycle).body())
    blind, digest = bytes.fromhex(answer["blind"][2:]), bytes.fromhex(answer["digest"][2:])
    commitment = hashlib.sha256(blind + digest).digest()
    assert len(blind) == 32
    assert answer["receipt"]["commitment"] == "0x" + commitment.hex()
    row = Ballot.objects.get()
    assert (row.tree_key, bytes(row.blind.value)) == (commitment, blind)
    receipt = Receipt(
        cycle=str(cycle.number),
        rules=cycle.announcement.rules.hash,
        digest=digest,
        received_at=row.received_at,
        commitment=commitment,
    )
    key = cycle.announcement.rules.receipt_key
    assert receipt.content() == answer["receipt"]
    assert verify_receipt(key, receipt, bytes.fromhex(answer["signature"][2:]))
    open_all(cycle)
    leaf = leaf_hash(ballot_leaf(commitment, microseconds(row.received_at)))
    assert bytes(Certificate.objects.get().merkle_root) == root([leaf])


def test_blinds_never_repeat(cycle: Cycle) -> None:
    for nonce in range(1, 6):
        cast_ballot(number=cycle.number, submission=signed("alice", cycle, nonce=nonce), at=database_clock())
    assert len({bytes(blind.value) for blind in Blind.objects.all()}) == 5


def test_the_same_bytes_get_the_very_same_receipt_before_and_after_closing(
    client: Client, cycle: Cycle
) -> None:
    body = signed("alice", cycle, reason="Because.").body()
    first = post(client, cycle, body)
    assert post(client, cycle, body) == first
    assert Blind.objects.count() == 1
    open_all(cycle)
    assert post(client, cycle, body) == first
    stored = Ballot.objects.get()
    assert receipt_of(stored, cycle.announcement.rules).receipt.content() == first["receipt"]


def test_a_live_cycle_gives_no_blind_and_the_receipt_it_always_gave(client: Client) -> None:
    cycle = make_cycle(make_community())
    answer = post(client, cycle, signed("alice", cycle).body())
    assert set(answer) == {"digest", "replaces", "receipt", "signature", "receipt_key"}
    assert set(answer["receipt"]) == {"version", "cycle", "rules", "digest", "received_at", "status"}
    assert not Blind.objects.exists()


# What the database refuses


def stored(cycle: Cycle, name: str = "alice") -> Ballot:
    return cast_ballot(number=cycle.number, submission=signed(name, cycle), at=database_clock()).ballot


def bare(ballot: Ballot) -> Ballot:
    """A ballot of Carol like `ballot`, put in beside the verb that accepts."""
    names = ("cycle", "sequence", "nonce", "options", "shares", "reason_hash", "signature")
    fields = {name: getattr(ballot, name) for name in names}
    return Ballot.objects.create(voter=address("carol"), digest=b"d" * 32, **fields)


def insert(blind: Blind) -> None:
    with transaction.atomic():
        blind.save(force_insert=True)


def test_no_sealed_ballot_is_ever_without_a_blind(cycle: Cycle) -> None:
    other = bare(stored(cycle))
    with pytest.raises(DatabaseError, match="a sealed ballot has a blind"), transaction.atomic():
        connection.check_constraints()
    insert(Blind.over(other))
    connection.check_constraints()
    with pytest.raises(IntegrityError):
        insert(Blind.over(other))


def test_a_live_ballot_never_has_one() -> None:
    ballot = stored(make_cycle(make_community()))
    connection.check_constraints()
    with pytest.raises(DatabaseError, match="only a sealed ballot has a blind"):
        insert(Blind.over(ballot))


def test_a_commitment_that_is_not_the_ballots_is_refused(cycle: Cycle) -> None:
    other = bare(stored(cycle))
    digest = bytes(other.digest)
    for value, commitment in (
        (bytes(32), commitment_of(b"1" * 32, digest)),
        (bytes(32), commitment_of(digest, digest)),
        (bytes(31), hashlib.sha256(bytes(31) + digest).digest()),
    ):
        with pytest.raises(DatabaseError, match="the hash of blind and digest"):
            insert(Blind(ballot=other, value=value, commitment=commitment))
    insert(Blind.over(other))


def test_a_name_that_looks_like_the_key_seals_nothing() -> None:
    community = make_community()
    type(community.ignite).objects.filter(pk=community.ignite.pk).update(name='"live_results":false')
    cycle = make_cycle(community)
    assert '\\"live_results\\":false' in cycle.announcement.rules_json
    stored(cycle)
    connection.check_constraints()
    assert not again(cycle).is_sealed


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_fails_puts_no_ballot_into_the_servers_log() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"]) as opened:
        for name, value in (("log_min_error_statement", "panic"), ("log_error_verbosity", "terse")):
            assert opened.execute("SELECT current_setting(%s)", [name]).fetchone() == (value,)


def test_an_error_shows_no_row_of_a_ballot(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(ballot: Ballot) -> Blind:
        return Blind(ballot_id=ballot.pk, value=None, commitment=bytes(32))

    monkeypatch.setattr(Blind, "over", broken)
    with pytest.raises(DatabaseError) as error:
        stored(cycle)
    assert error.value.__suppress_context__
    assert str(error.value) == "the database refused a ballot"


# Who is shown what


def shown(client: Client, path: str, blind: str | None = None) -> str:
    answer = client.get(path) if blind is None else client.post(path, {"blind": blind})
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def test_until_closing_only_who_holds_the_blind_sees_the_ballot(client: Client, cycle: Cycle) -> None:
    answer = post(client, cycle, signed("alice", cycle, LENDING, reason="A quiet word.").body())
    base = f"/cycles/{cycle.number}/ballots/"
    commitment, digest = answer["receipt"]["commitment"][2:], answer["digest"][2:]
    public = shown(client, f"{base}{commitment}/")
    for secret in (digest, address("alice"), "A quiet word.", "Lending", answer["blind"]):
        assert secret not in public
    mine = client.post(f"{base}{commitment}/", {"blind": answer["blind"]})
    for own in (digest, address("alice"), "A quiet word.", "Lending", answer["blind"]):
        assert own in mine.content.decode()
    assert mine["Cache-Control"] == "no-store"
    kept = client.post(f"{base}{commitment}/receipt.json", {"blind": answer["blind"]})
    assert kept.json() == answer
    assert kept["Cache-Control"] == "no-store"

    other = post(client, cycle, signed("carol", cycle).body())
    for wrong in ("", "0x", answer["digest"], other["blind"], "é" * 64, answer["blind"] + "0"):
        refused = client.post(f"{base}{commitment}/", {"blind": wrong})
        assert refused.status_code == 422
        assert "A quiet word." not in refused.content.decode()
        assert client.post(f"{base}{commitment}/receipt.json", {"blind": wrong}).status_code == 404
    assert client.get(f"{base}{commitment}/receipt.json").status_code == 404
    for path in (f"{base}{digest}/", f"{base}{digest}/receipt.json"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"blind": answer["blind"]}).status_code == 404


def test_who_holds_an_old_receipt_is_not_told_of_a_newer_ballot(client: Client, cycle: Cycle) -> None:
    first = post(client, cycle, signed("alice", cycle, LENDING).body())
    path = f"/cycles/{cycle.number}/ballots/{first['receipt']['commitment'][2:]}/"
    before = shown(client, path, first["blind"])
    second = post(client, cycle, signed("alice", cycle, nonce=2).body())
    assert second["replaces"] == first["digest"]
    assert shown(client, path, first["blind"]).count("<") == before.count("<")
    open_all(cycle)
    assert second["receipt"]["commitment"][2:] in shown(client, path)


def test_the_api_gives_commitments_until_closing_and_then_everything(client: Client, cycle: Cycle) -> None:
    answer = post(client, cycle, signed("alice", cycle, reason="Because.").body())
    commitment, digest = answer["receipt"]["commitment"], answer["digest"]
    row = {
        "commitment": commitment,
        "received_at": answer["receipt"]["received_at"].replace("+00:00", "Z"),
        "position": None,
    }
    hidden = client.get(url(cycle, "ballots/")).json()
    assert hidden == {"ballots": [], "sealed": [row], "next": None}
    assert client.get(url(cycle, f"ballots/{commitment}/")).json() == row
    assert client.get(url(cycle, f"ballots/{digest}/")).status_code == 404
    assert client.get(url(cycle, f"voters/{address('alice')}/")).json() == {
        "voter": address("alice"),
        "power": str(50 * UNIT),
        "newest": None,
    }
    assert client.get(url(cycle, "")).json()["live_results"] is False

    open_all(cycle)
    listed = client.get(url(cycle, "ballots/")).json()
    assert (len(listed["ballots"]), listed["sealed"]) == (1, [])
    (ballot,) = listed["ballots"]
    assert (ballot["voter"], ballot["reason"]) == (address("alice"), "Because.")
    assert (ballot["commitment"], ballot["blind"], ballot["position"]) == (commitment, answer["blind"], 0)
    for key in (commitment, digest):
        read = client.get(url(cycle, f"ballots/{key}/")).json()
        assert (read["digest"], read["receipted"]) == (digest, answer)
        page = shown(client, f"/cycles/{cycle.number}/ballots/{key[2:]}/")
        assert "Because." in page
    assert "sealed until this certificate" in shown(client, f"/cycles/{cycle.number}/result/")
    newest = client.get(url(cycle, f"voters/{address('alice')}/")).json()["newest"]
    assert newest == {"digest": digest, "nonce": 1}


def test_everything_opens_with_the_certificate_and_not_with_the_hour(client: Client, cycle: Cycle) -> None:
    stored(cycle)
    at = cycle.closes_at + HOUR
    assert Cycle.objects.at(at).get(pk=cycle.pk).phase == "counting"
    assert again(cycle).hides_ballots
    assert close_cycle(cycle_id=cycle.pk, at=at)
    assert not again(cycle).hides_ballots


def test_the_count_of_sealed_ballots_is_public_and_how_many_withdraw_is_not(
    client: Client, cycle: Cycle
) -> None:
    for name, split in (("alice", EVEN), ("bob", {}), ("carol", EVEN)):
        post(client, cycle, signed(name, cycle, split).body())
    post(client, cycle, signed("carol", cycle, nonce=2).body())
    for path in ("/", f"/cycles/{cycle.number}/"):
        assert "4 sealed ballots are in." in shown(client, path)
    assert shown(client, f"/cycles/{cycle.number}/ballots/").count('<th scope="row">') == 4
    ballot = shown(client, f"/cycles/{cycle.number}/ballot/")
    assert "could read sealed ballots" in ballot
    assert '"sealed": true' in ballot


def test_who_forges_a_ballot_is_not_told_whether_its_voter_voted(client: Client, settings: Settings) -> None:
    settings.TPP_RPC_URLS = ["http://127.0.0.1:1"]  # contract wallets may vote, and none can be asked
    cycle = make_cycle(make_community(live_results=False))
    assert cycle.announcement.rules.waiting_seconds
    stored(cycle)
    answers = []
    for name in ("alice", "carol"):
        forged = Submission(signed(name, cycle).ballot, signed("bob", cycle).signature)
        answer = client.post(url(cycle, "ballots/"), forged.body(), content_type="application/json")
        answers.append((answer.status_code, sorted(answer.json())))
    assert answers[0] == answers[1]
    assert answers[0][0] == 202
