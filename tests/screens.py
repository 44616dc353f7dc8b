"""Screenshots of the ballot page, to be looked at: `bin/screens`, into .test/screens/."""

from pathlib import Path

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests.composing import give_wallet, open_cycle
from tpp.setup import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WHERE = ROOT / ".test" / "screens"
SIZES = {"desktop": (1280, 900), "phone": (360, 800)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("count", [4, 50])
def test_take_them(live_server: LiveServer, page: Page, count: int, scheme: str) -> None:
    cycle = open_cycle([count, 4, 4])
    WHERE.mkdir(parents=True, exist_ok=True)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    give_wallet(page)
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    first = page.locator("section.contest").first
    fields = first.locator("input.pct")
    for at, text in enumerate(["35", "30", "12,5"]):
        fields.nth(at).fill(text)
        page.keyboard.press("Enter")
    fields.nth(1).focus()
    page.keyboard.press("l")
    page.locator("section.contest").nth(1).get_by_role("button", name="Give the rest evenly").click()
    page.wait_for_timeout(1100)  # the countdown's second
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.locator("section.contest").first.evaluate("(section) => section.scrollIntoView()")
        page.screenshot(path=WHERE / f"typed-{name}-{scheme}-{count}.png")
    fields.nth(0).fill("80")
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        _take(page, f"{name}-{scheme}-{count}")
    fields.nth(0).press("Tab")
    page.locator("section.contest").first.get_by_role("button", name="Scale to 100 %").click()
    page.get_by_role("button", name="Sign and send").click()
    page.get_by_role("dialog").wait_for()
    if count == 4:
        for name, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=WHERE / f"review-{name}-{scheme}.png")


def _take(page: Page, name: str) -> Path:
    path = WHERE / f"{name}.png"
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=path)
    page.screenshot(path=WHERE / f"{name}-all.png", full_page=True)
    return path
