"""Heads and proofs over HTTP: what is answered verifies against the record's own rules, without our models."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from journal.clock import database_clock
from tests.factories import UNIT, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle
from votes.actions.heads import publish_head
from votes.models import Ballot, Cycle
from votes.record.heads import read_head, verify_head
from votes.record.merkle import verify_consistency, verify_inclusion
from votes.record.verify.receipts import read_heads

pytestmark = pytest.mark.django_db
CROWD = [f"voter {number}" for number in range(12)]


@pytest.fixture
def cycle(settings: Settings) -> Cycle:
    """An open cycle whose tree grew from nothing to 3, 7 and 12 ballots, each size signed."""
    settings.TPP_HEAD_SECONDS = 0
    cycle = make_cycle(make_community(dict.fromkeys(CROWD, UNIT)))
    for place, name in enumerate(CROWD):
        if place in (0, 3, 7):
            assert publish_head(cycle_id=cycle.pk, at=database_clock())
        cast_ballot(number=cycle.number, submission=signed(name, cycle), at=database_clock())
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    return cycle


def get(client: Client, cycle: Cycle, path: str, status: int = 200, **query: int) -> Any:
    answer = client.get(f"/api/v1/cycles/{cycle.number}/{path}", query)
    assert answer.status_code == status, answer.content
    return answer.json()


def octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_heads_are_signed_and_come_newest_first_in_pages(client: Client, cycle: Cycle) -> None:
    first = get(client, cycle, "heads/", limit=3)
    rest = client.get(first["next"]).json()
    heads = first["heads"] + rest["heads"]
    assert [head["size"] for head in heads] == [12, 7, 3, 0]
    assert rest["next"] is None
    rules = cycle.announcement.rules
    for document in heads:
        signature = octets(document["signature"])
        content = {name: value for name, value in document.items() if name != "signature"}
        assert verify_head(rules.receipt_key, read_head(content), signature)
        assert not verify_head(rules.receipt_key, read_head({**content, "size": 99}), signature)
    saved = read_heads("saved", client.get(f"/api/v1/cycles/{cycle.number}/heads/").content)
    assert all(head.is_signed_by(rules) for head in saved)


def test_every_ballot_is_proved_to_stand_in_every_tree_that_has_it(client: Client, cycle: Cycle) -> None:
    roots = {head["size"]: octets(head["root"]) for head in get(client, cycle, "heads/")["heads"]}
    for ballot in Ballot.objects.select_related("place"):
        for size in range(ballot.place.position + 1, 13):
            proof = get(client, cycle, f"ballots/{ballot.digest_hex}/proof/", size=size)
            root, path = octets(proof["root"]), [octets(each) for each in proof["path"]]
            assert verify_inclusion(octets(proof["leaf"]), ballot.place.position, size, path, root)
            assert proof["position"] == ballot.place.position
            assert root == roots.get(size, root)
            assert (proof["head"] or {}).get("size") == (size if size in roots else None)
    assert proof["size"] == 12
    assert get(client, cycle, f"ballots/{ballot.digest_hex}/proof/") == proof


def test_every_tree_is_proved_to_begin_every_later_one(client: Client, cycle: Cycle) -> None:
    for new in range(13):
        for old in range(new + 1):
            proof = get(client, cycle, "heads/consistency/", **{"from": old, "to": new})
            roots = octets(proof["from_root"]), octets(proof["to_root"])
            assert verify_consistency(old, new, *roots, [octets(each) for each in proof["path"]])


def test_what_is_not_there_is_refused_in_words(client: Client, cycle: Cycle) -> None:
    digest = Ballot.objects.earliest("pk").digest_hex
    late = cast_ballot(
        number=cycle.number, submission=signed(CROWD[0], cycle, nonce=2), at=database_clock()
    ).ballot
    for path, query, status, words in (
        (f"ballots/{late.digest_hex}/proof/", {}, 404, "the next tree head gives it one"),
        (f"ballots/0x{'00' * 32}/proof/", {}, 404, "There is nothing"),
        (f"ballots/{digest}/proof/", {"size": 0}, 400, "`size` is from 1 to 12"),
        (f"ballots/{digest}/proof/", {"size": 13}, 400, "`size` is from 1 to 12"),
        (f"ballots/{digest}/proof/", {"size": "x"}, 400, "whole number"),
        ("heads/consistency/", {"from": 5, "to": 4}, 400, "`from` is at most `to`"),
        ("heads/consistency/", {"from": 0, "to": 13}, 400, "at most 12"),
        ("heads/", {"after": "x"}, 400, "`after`"),
    ):
        assert words in get(client, cycle, path, status, **query)["words"]


def test_proofs_go_on_to_the_certificate_and_cost_the_same_few_questions(
    client: Client, cycle: Cycle
) -> None:
    digest = Ballot.objects.earliest("pk").digest_hex
    cast_ballot(number=cycle.number, submission=signed(CROWD[0], cycle, nonce=2), at=database_clock())
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    with CaptureQueriesContext(connection) as queries:
        proof = get(client, cycle, f"ballots/{digest}/proof/")
    assert len(queries) <= 8
    certificate = get(client, cycle, "certificate/")
    assert (proof["size"], proof["root"]) == (certificate["ballot_count"], certificate["merkle_root"])
    assert proof["head"] is None


def test_the_answers_can_be_asked_for_again(client: Client, cycle: Cycle) -> None:
    address = f"/api/v1/cycles/{cycle.number}/heads/"
    answer = client.get(address)
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
