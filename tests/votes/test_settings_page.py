"""The settings of one's own wallet in a real browser: from the corner of a page to a confirmed address."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from journal.mailing import send_due
from tests.factories import make_community, make_cycle, wallet
from tests.smtp import MailServer, mail_server, text_of
from tpp.setup import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WHERE = ROOT / ".test" / "screens"


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.DEFAULT_FROM_EMAIL = "Votes <votes@example.org>"
        settings.TPP_SENDS_MAIL = True
        yield running


def is_fit(page: Page, state: str) -> None:
    """Accessible and not too wide, on a phone and on a desk; a picture of each for eyes."""
    WHERE.mkdir(parents=True, exist_ok=True)
    for width, height in ((1280, 900), (360, 800)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{state}, {width}, {scheme}: {found.generate_report()}"
            page.screenshot(path=WHERE / f"me-{state}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state


def test_an_address_is_given_confirmed_and_deleted(
    live_server: LiveServer,
    page: Page,
    context: BrowserContext,
    server: MailServer,
    alice: None,
) -> None:
    page.set_default_timeout(10_000)
    page.goto(live_server.url)
    page.get_by_role("link", name="Your settings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your settings")
    is_fit(page, "empty")
    page.get_by_label("Your e-mail address").fill(
        "a.rather.long.name.of.somebody@mail.department.example.org"
    )
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_text("not confirmed yet")).to_be_visible()
    is_fit(page, "unconfirmed")
    assert send_due(clock=database_clock) == 1
    link = re.search(r"http://testserver(/me/email/confirm/\S+)", text_of(server.mails[0]))
    assert link
    elsewhere = context.browser.new_context()  # type: ignore[union-attr]
    phone = elsewhere.new_page()
    phone.goto(live_server.url + link[1])
    is_fit(phone, "link")
    phone.get_by_role("button", name="Confirm my address").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")
    elsewhere.close()
    page.reload()
    expect(page.get_by_text("confirmed")).to_be_visible()
    is_fit(page, "confirmed")
    page.get_by_role("button", name="Stop sending receipts").click()
    expect(page.get_by_text("No receipts are sent.")).to_be_visible()
    page.get_by_role("button", name="Delete my address").click()
    expect(page.get_by_text("Your e-mail address is deleted")).to_be_visible()
    expect(page.get_by_label("Your e-mail address")).to_have_value("")


def test_who_is_not_signed_in_finds_the_way(live_server: LiveServer, page: Page) -> None:
    page.goto(f"{live_server.url}/me/")
    expect(page.get_by_role("main").get_by_role("button", name="Sign in")).to_be_visible()
    is_fit(page, "nobody")


@pytest.fixture
def alice(live_server: LiveServer, context: BrowserContext) -> None:
    make_cycle(make_community())
    client = Client()
    client.force_login(wallet("alice"), backend="accounts.backends.WalletBackend")
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
