"""The worst moments of a ballot: no network at the button, and typing before the kept draft has come."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.composing import give_wallet, open_cycle, wallet_log
from tests.votes.test_composer_wallets import TROUBLE, compose, go_on, is_sent, sign, sign_in
from votes.models import Ballot, Cycle, Draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cycle() -> Cycle:
    return open_cycle((3, 2))


@pytest.fixture(autouse=True)
def no_troubles(page: Page) -> Iterator[None]:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.set_default_timeout(10_000)
    yield
    assert troubles == []


def test_no_network_at_the_button_signs_nothing_and_the_button_works_afterwards(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    give_wallet(page)
    compose(page, live_server, cycle)
    context.set_offline(True)
    sign(page)
    expect(page.locator(TROUBLE)).to_contain_text("Nothing was signed or sent; your draft is kept.")
    assert "eth_signTypedData_v4" not in wallet_log(page)
    expect(page.get_by_role("textbox", name="Exchanges").first).to_have_value("87.5")
    expect(page.get_by_label("Your reason")).to_have_value("Depth that stays.")
    context.set_offline(False)
    sign(page)
    go_on(page)
    is_sent(page)


def test_signing_modules_that_do_not_come_sign_nothing_and_come_at_the_next_try(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    """The connection breaks in the middle of the modules: some come, the largest does not."""
    give_wallet(page)
    page.route("**/secp256k1*.js", lambda route: route.abort(), times=2)
    compose(page, live_server, cycle)
    sign(page)
    expect(page.locator(TROUBLE)).to_contain_text("Nothing was signed or sent; your draft is kept.")
    assert wallet_log(page) == []
    assert Ballot.objects.count() == 0
    page.unroute("**/secp256k1*.js")
    sign(page)
    go_on(page)
    is_sent(page)


def keep_elsewhere(context: BrowserContext, live_server: LiveServer, cycle: Cycle) -> None:
    """A draft of the same person, saved on another device."""
    device = context.browser.new_context()  # type: ignore[union-attr]
    sign_in(device, live_server)
    other = device.new_page()
    compose(other, live_server, cycle)
    expect(other.locator("#kept-state")).to_contain_text("Saved at")
    device.close()


def delay_draft(page: Page) -> list[Route]:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "GET" and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/draft/", hold)
    return held


def test_what_is_typed_before_the_kept_draft_comes_is_not_overwritten(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    keep_elsewhere(context, live_server, cycle)
    sign_in(context, live_server)
    held = delay_draft(page)
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    exchanges = page.get_by_role("textbox", name="Exchanges").first
    exchanges.fill("40")
    expect(exchanges).to_have_value("40")
    page.wait_for_timeout(1_200)  # longer than the pause before a draft is saved
    assert len(held) == 1
    held[0].continue_()
    conflict = page.locator(".conflict")
    expect(conflict.locator("tbody")).to_contain_text(
        re.compile(r"Growth of the network: Exchanges\s*40 %\s*87.5 %")
    )
    expect(exchanges).to_have_value("40")
    assert (Draft.objects.get().content or {})["lines"]["growth/exchanges"] == "87.5"
    conflict.get_by_role("button", name="Keep what is here").click()
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    expect(exchanges).to_have_value("40")
    assert (Draft.objects.get().content or {})["lines"] == {"growth/exchanges": "40"}


def test_what_is_typed_first_is_saved_where_nothing_was_kept(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    sign_in(context, live_server)
    held = delay_draft(page)
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    page.get_by_role("textbox", name="Exchanges").first.fill("40")
    page.wait_for_timeout(300)
    held[0].continue_()
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    expect(page.get_by_role("textbox", name="Exchanges").first).to_have_value("40")
    assert (Draft.objects.get().content or {})["lines"] == {"growth/exchanges": "40"}


def test_what_this_browser_kept_stands_there_before_the_server_answers(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    sign_in(context, live_server)
    compose(page, live_server, cycle)
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    held = delay_draft(page)
    page.reload()
    expect(page.get_by_role("textbox", name="Exchanges").first).to_have_value("87.5")
    page.get_by_role("textbox", name="Exchanges").first.fill("70")
    page.wait_for_timeout(1_200)
    held[0].continue_()
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    expect(page.get_by_role("textbox", name="Exchanges").first).to_have_value("70")
    expect(page.get_by_label("Your reason")).to_have_value("Depth that stays.")
    saved = Draft.objects.get().content or {}
    assert saved["lines"] == {"growth/lending": "12.5", "growth/exchanges": "70"}
    assert saved["reason"] == "Depth that stays."


def test_without_sign_in_too_nothing_can_be_typed_over_what_was_kept(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    compose(page, live_server, cycle)
    held: list[Route] = []
    page.route("**/composer/effect*.js", lambda route: held.append(route))
    page.reload(wait_until="commit")
    exchanges = page.get_by_role("textbox", name="Exchanges").first
    expect(exchanges).to_have_value("87.5")
    exchanges.fill("70")
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(exchanges).to_have_value("70")
    expect(page.get_by_role("textbox", name="Lending").first).to_have_value("12.5")
    expect(page.get_by_label("Your reason")).to_have_value("Depth that stays.")
