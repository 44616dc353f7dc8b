"""Every page and dialog on a ballot's way that is not looked at elsewhere, on a phone, by day and by night."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from tests.composing import give_wallet, open_cycle
from tests.factories import make_community, make_cycle, signed
from tests.votes.test_composer_wallets import compose, sign_in
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle
from votes.actions.heads import publish_head

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Scheme = Literal["light", "dark"]
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def on_a_phone(page: Page, scheme: Scheme) -> Page:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 800})
    page.set_default_timeout(10_000)
    return page


def is_fit(page: Page, state: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{state}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, state


@SCHEMES
def test_the_dialogs_without_a_wallet_and_for_a_withdrawal(
    live_server: LiveServer, page: Page, scheme: Scheme
) -> None:
    cycle = open_cycle((3, 2))
    compose(on_a_phone(page, scheme), live_server, cycle)
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_role("dialog")).to_contain_text("No wallet")
    is_fit(page, "no wallet")
    give_wallet(page)
    page.reload()
    page.get_by_role("button", name="Withdraw my ballot…").click()
    expect(page.get_by_role("dialog")).to_contain_text("from then on you abstain everywhere in this cycle")
    is_fit(page, "withdrawal")


@SCHEMES
def test_two_drafts_side_by_side(
    live_server: LiveServer, page: Page, context: BrowserContext, scheme: Scheme
) -> None:
    cycle = open_cycle((3, 2))
    sign_in(context, live_server)
    compose(on_a_phone(page, scheme), live_server, cycle)
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    device = context.browser.new_context()  # type: ignore[union-attr]
    sign_in(device, live_server)
    other = device.new_page()
    other.goto(page.url)
    expect(other.get_by_role("textbox", name="Exchanges").first).to_have_value("87.5")
    with other.expect_response(lambda answer: answer.request.method == "PUT"):
        other.get_by_role("textbox", name="Exchanges").first.fill("65")
    page.get_by_role("textbox", name="Exchanges").first.fill("70")
    expect(page.locator(".conflict")).to_contain_text("This draft was changed in another place")
    expect(page.get_by_role("heading", name="This draft was changed in another place")).to_be_in_viewport()
    is_fit(page, "two drafts")
    device.close()


@SCHEMES
def test_receipt_heads_and_ballots_while_open_and_after_closing(
    live_server: LiveServer, page: Page, settings: Settings, scheme: Scheme
) -> None:
    settings.TPP_HEAD_SECONDS = settings.TPP_PAGE_SECONDS = 0
    cycle = make_cycle(make_community())
    for reason in ("A first word.", "A second word."):
        number = int(reason == "A second word.") + 1
        ballot = signed("alice", cycle, {"ignite": {"lending": 10_000}}, nonce=number, reason=reason)
        cast_ballot(number=cycle.number, submission=ballot, at=database_clock())
    newest = cycle.ballots.select_related("cycle").latest("pk")
    on_a_phone(page, scheme)

    def look(words: str) -> None:
        checked = page.locator("#check-receipt [role=status]")
        page.goto(live_server.url + newest.get_absolute_url())
        expect(checked).to_contain_text(words)
        expect(page.locator("#check-receipt li.fails")).to_have_count(0)
        is_fit(page, f"receipt: {words}")
        for path in ("heads/", "ballots/"):
            page.goto(f"{live_server.url}{cycle.get_absolute_url()}{path}")
            is_fit(page, f"{path}: {words}")

    look("The next tree head gives your ballot its place.")
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    look("your ballot is number 2 of 2 in the tree so far.")
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    look("your ballot is number 2 of 2 in the certificate.")
