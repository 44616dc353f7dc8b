"""The receipt in a real browser: it checks itself, says at which place the ballot stands, and fails when forged."""

import json
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from tests.factories import HOUR, UNIT, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle
from votes.actions.heads import publish_head
from votes.models import Ballot, Cycle
from votes.record.verify.receipts import read_receipts

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = [f"voter {number}" for number in range(5)]


@pytest.fixture
def cycle(settings: Settings) -> Cycle:
    settings.TPP_HEAD_SECONDS = settings.TPP_PAGE_SECONDS = 0
    community = make_community(dict.fromkeys(CROWD, UNIT))
    cycle = make_cycle(community)
    make_cycle(community, opens_in=100 * HOUR)
    for name in CROWD:
        cast_ballot(number=cycle.number, submission=signed(name, cycle), at=database_clock())
    return cycle


def third(cycle: Cycle) -> Ballot:
    return cycle.ballots.select_related("cycle").order_by("pk")[2]


def kept(cycle: Cycle) -> Any:
    return Client().get(third(cycle).get_absolute_url() + "receipt.json").json()


@pytest.mark.browser
def test_the_receipt_is_checked_in_the_browser_before_with_and_after_a_place(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    address = live_server.url + third(cycle).get_absolute_url()
    status, steps = page.locator("#check-receipt [role=status]"), page.locator("#check-receipt li")
    page.goto(address)
    expect(status).to_have_text(
        "Checked in your browser: the receipt is signed. The next tree head gives your ballot its place."
    )
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    page.reload()
    expect(status).to_have_text("Checked in your browser: your ballot is number 3 of 5 in the tree so far.")
    expect(steps).to_have_count(4)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    page.reload()
    expect(status).to_have_text("Checked in your browser: your ballot is number 3 of 5 in the certificate.")
    expect(page.locator("#check-receipt li.holds")).to_have_count(5)
    expect(page.locator("svg.code")).to_be_visible()
    expect(page.get_by_text("The next vote, cycle 2, opens")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("what", ["signature", "instant", "path", "position", "certificate"])
def test_a_forged_receipt_fails_in_the_browser(
    live_server: LiveServer, page: Page, cycle: Cycle, what: str
) -> None:
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    document = kept(cycle)
    if what == "signature":
        document["signature"] = "0x" + "11" * 64
    elif what == "instant":
        document["receipt"]["received_at"] = "2026-01-01T00:00:00.000000Z"
    elif what == "path":
        document["proof"]["path"][0] = "0x" + "11" * 32
    elif what == "position":
        document["proof"]["position"] = 1
    else:
        document["certificate"]["merkle_root"] = "0x" + "11" * 32
    page.goto(live_server.url + "/cycles/")
    held = page.evaluate(
        """async (kept) => {
          const { check } = await import("/static/js/check-receipt.js");
          const all = [];
          for await (const step of check(kept)) all.push(step.holds);
          return all;
        }""",
        document,
    )
    assert False in held


def test_the_file_grows_by_place_and_proof_and_the_verifier_still_reads_it(cycle: Cycle) -> None:
    before = kept(cycle)
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    placed = kept(cycle)
    assert {name: placed[name] for name in before} == before
    assert placed["proof"]["position"] == 2
    assert placed["proof"]["head"]["size"] == 5
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    closed = kept(cycle)
    assert closed["certificate"] == {"ballot_count": 5, "merkle_root": closed["proof"]["root"]}
    (read,) = read_receipts("file", json.dumps(closed).encode())
    assert read.receipt.digest == bytes(third(cycle).digest)


def test_the_page_of_heads_says_what_there_is_in_every_phase(cycle: Cycle) -> None:
    address = f"/cycles/{cycle.number}/heads/"
    assert "The first one is signed in a moment." in Client().get(address).content.decode()
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    page = Client().get(address).content.decode()
    assert "<b>5 ballots</b>" in page
    assert f"/api/v1/cycles/{cycle.number}/heads/" in page
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert "extends every head" in Client().get(address).content.decode()
    assert "signed when voting opens" in Client().get("/cycles/2/heads/").content.decode()
