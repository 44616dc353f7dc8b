"""The pages of challenges in a real browser: nothing that axe finds, on a phone and a desk, light and dark."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.contests import binding
from tests.factories import address, wallet
from tests.votes.test_challenge_pages import OTHER, published, signed_in, work
from tests.votes.test_faults import Tamper, tamper  # noqa: F401 (a fixture)
from votes.models import Challenge

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("TPP_SHOTS", "")  # a folder for pictures to look at


def look(page: Page, name: str) -> None:
    """Axe in every look, and no page wider than its screen."""
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{name} {width} {scheme}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)


def test_a_fault_is_challenged_found_and_mended_in_a_browser(
    page: Page,
    live_server: LiveServer,
    tamper: Tamper,  # noqa: F811
    settings: pytest.FixtureRequest,
) -> None:
    settings.TPP_ADMINS = [address("bob")]  # type: ignore[attr-defined]
    cycle = published()
    row = binding(cycle, "ignite").options.all()[0]
    tamper("UPDATE votes_optionresult SET amount = amount + 7 WHERE id = %s", row.pk)
    client: Client = signed_in("alice")
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    base = f"{live_server.url}/cycles/{cycle.number}"
    page.goto(f"{base}/result/")
    page.get_by_role("link", name="challenge it at a numbered check").click()
    look(page, "challenges")
    page.get_by_label("The check that fails").select_option("37")
    page.get_by_label("What another implementation says").fill(OTHER)
    page.get_by_role("button", name="Challenge the result").click()
    expect(page.get_by_text("The check is being made.").first).to_be_visible()
    work(cycle)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="The check fails")).to_be_visible()
    look(page, "challenge")
    page.goto(f"{base}/challenges/")
    look(page, "failing")
    assert (
        signed_in("bob")
        .post(f"/admin/cycles/{cycle.number}/", {"do": "publish", "reason": "Seven units moved."})
        .status_code
        == 302
    )
    page.goto(f"{base}/result/")
    expect(page.get_by_role("heading", name="What version 2 changes")).to_be_visible()
    look(page, "version-2")
    work(cycle)
    page.goto(f"{base}/challenges/")
    look(page, "mended")
    assert Challenge.objects.count() == 1
    assert wallet("alice").address == Challenge.objects.get().wallet
