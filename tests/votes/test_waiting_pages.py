"""A contract wallet's ballot in a real browser: what is missing, until when, and what became of it."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from tests.evm import Chain
from tests.factories import UNIT, make_community, make_cycle
from votes.actions.closing import close_cycle
from votes.actions.judging import judge_waiting
from votes.models import Ballot, Cycle, WaitingBallot

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("TPP_SHOTS", "")  # a folder for pictures to look at


@pytest.fixture
def wallet(evm: Chain) -> str:
    return evm.wallet(evm.accounts[:2], 2)


@pytest.fixture
def cycle(evm: Chain, wallet: str, settings: Any) -> Cycle:
    settings.TPP_RPC_URLS, settings.TPP_FINALITY = [evm.embedded.url], "2"
    return make_cycle(make_community({wallet: 50 * UNIT, "alice": 30 * UNIT}, chain_id=31337))


def judge(cycle: Cycle) -> int:
    return judge_waiting(cycle_id=cycle.pk, at=database_clock() + timedelta(hours=30))


def vote_elsewhere(page: Page, live_server: LiveServer, cycle: Cycle, wallet: str) -> None:
    """Compose in the browser, and send without a signature: the owners approve on the chain."""
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    for button in page.get_by_role("button", name="even shares").all()[:1]:
        button.click()
    page.get_by_role("button", name="Sign in another place").click()
    page.get_by_label("1. The address that votes").fill(wallet)
    page.get_by_role("button", name="Make the text to sign").click()
    page.get_by_label("The address is a contract wallet").check()
    page.get_by_role("button", name="Check and send").click()
    expect(page.get_by_role("heading", name="Waiting for the wallet")).to_be_visible()


def is_fit(page: Page, state: str) -> None:
    """Nobody is kept out, at 360 pixels, in light and in dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{state}-{scheme}-{width}.png", full_page=True)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, state


def test_a_multisig_whose_second_owner_approves_late(
    live_server: LiveServer, page: Page, evm: Chain, cycle: Cycle, wallet: str
) -> None:
    vote_elsewhere(page, live_server, cycle, wallet)
    is_fit(page, "not-asked")
    digest = bytes(WaitingBallot.objects.get().digest)
    evm.call(wallet, "approve(bytes32)", digest, by=0)
    evm.mine(3)
    assert judge(cycle) == 0
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("the wallet does not confirm the signature")).to_be_visible()
    is_fit(page, "one-is-missing")
    evm.call(wallet, "approve(bytes32)", digest, by=1)
    assert judge(cycle) == 0
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("as soon as that block is final")).to_be_visible()
    is_fit(page, "almost")
    evm.mine(3)
    assert judge(cycle) == 1
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="this ballot is in")).to_be_visible()
    is_fit(page, "in")
    page.get_by_role("link", name="See the receipt").click()
    expect(page.get_by_text("Confirmed by the wallet")).to_be_visible()
    is_fit(page, "receipt")
    assert Ballot.objects.count() == 1


def test_a_count_that_waits_for_a_node_says_so_until_when_and_lists_what_it_went_without(
    live_server: LiveServer, page: Page, cycle: Cycle, wallet: str, settings: Any
) -> None:
    vote_elsewhere(page, live_server, cycle, wallet)
    waiting = page.url
    settings.TPP_RPC_URLS = []
    judge(cycle)
    page.reload()
    expect(page.get_by_text("met no answer from the chain")).to_be_visible()
    is_fit(page, "node-is-dead")
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at + timedelta(hours=2))
    page.goto(waiting)
    expect(page.get_by_role("heading", name="Nobody could say in time")).to_be_visible()
    is_fit(page, "undecided")
    page.goto(f"{live_server.url}/cycles/{cycle.number}/waiting/")
    expect(page.get_by_text("Nobody could say in time", exact=False).first).to_be_visible()
    is_fit(page, "list")
