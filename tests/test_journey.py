"""One newcomer's way through the real site: every process runs, the browser is real, nothing is shortened."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

from tpp import setup

pytestmark = pytest.mark.browser

VOTING_SECONDS = 45
READY = re.compile(r"^Ready: (http://127\.0\.0\.1:\d+)/")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo as `bin/demo` runs it, in a directory of its own, with a cycle that closes soon."""
    state = tmp_path_factory.mktemp("demo")
    words = [
        "--state",
        str(state),
        "--port",
        "0",
        "--voting-seconds",
        str(VOTING_SECONDS),
        "--window-seconds",
        "1",
    ]
    environment = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tpp.demo", *words],
        cwd=setup.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if match := READY.match(line):
                yield match[1]
                break
        else:
            pytest.fail("the demo did not get ready:\n" + "".join(said))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0


def _is_ours(name: str) -> bool:
    return name.startswith(("TPP_", "DATABASE_", "REDIS_", "DJANGO_"))


def act_as(page: Page, name: str) -> None:
    """Choose a demo person in the wallet that the page brings along."""
    page.get_by_label("Filter").fill(name)
    page.keyboard.press("Enter")


def _is_trouble(message: ConsoleMessage) -> bool:
    """That there is no draft yet is a 404, of which Chromium tells."""
    return message.type == "error" and "/draft/" not in message.location["url"]


def test_a_newcomer_signs_in_votes_keeps_a_receipt_and_sees_the_result(site: str, page: Page) -> None:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if _is_trouble(message) else None)

    page.goto(site)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cycle 12 is open")
    page.get_by_role("link", name="Sign in").click()
    act_as(page, "river")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.get_by_role("link", name="Fill in your ballot").click()
    sign = page.get_by_role("button", name="Sign and send")
    expect(sign).to_be_disabled()
    page.get_by_role("textbox", name="Lending").fill("50")
    page.get_by_role("textbox", name="Exchanges").fill("37,5")
    page.get_by_role("textbox", name="Perpetuals").fill("40")
    expect(page.get_by_text("At most 31.25 % can go here")).to_be_visible()
    page.get_by_role("textbox", name="Perpetuals").fill("12.5")
    for _ in range(3):
        page.locator("section", has_text="left out").get_by_role(
            "button", name="give the rest evenly"
        ).first.click()
    page.get_by_label("Your reason").fill("Depth that stays.")
    sign.click()
    page.get_by_role("button", name="Sign in my wallet").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    sign.click()
    expect(page.get_by_role("dialog")).to_contain_text("37.5")
    page.get_by_role("button", name="Sign in my wallet").click()
    expect(page.get_by_role("dialog")).to_contain_text("37.5")
    page.get_by_role("button", name="Sign", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("This ballot is in")
    receipt = page.url
    expect(page.get_by_text("Depth that stays.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Keep the receipt").click()
    assert "signature" in Path(download.value.path()).read_text()

    result = f"{site}/cycles/12/result/"
    page.goto(result)
    expect(page.get_by_role("heading", level=1)).to_have_text("No result yet")
    for _ in range(VOTING_SECONDS + 15):
        page.wait_for_timeout(1000)
        page.goto(result)
        if "ZK" in (page.get_by_role("heading", level=1).text_content() or ""):
            break
    expect(page.get_by_role("heading", level=1)).to_contain_text("60,000,000")
    expect(page.locator("#ignite table").first.locator("tbody tr")).to_have_count(3)
    expect(page.get_by_text("Depth that stays.")).to_be_visible()
    page.goto(receipt)
    expect(page.get_by_text("stands in the closing certificate")).to_be_visible()
    assert troubles == []


PAGES = [
    "/",
    "/cycles/",
    "/cycles/11/",
    "/cycles/11/result/",
    "/cycles/11/ballots/",
    "/cycles/13/ballot/",
    "/programmes/",
    "/programmes/ignite/",
    "/programmes/ignite/lending/",
    "/programmes/admission/",
    "/cycles/11/contests/ignite/",
    "/uptake/",
    "/clock/",
    "/api/",
    "/admin/log/",
    "/admin/roles/",
    "/forum/",
    "/sign-in/",
    "/nothing-here/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_out(site: str, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 360, "height": 800})
    for path in PAGES:
        page.goto(site + path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{path} is wider than a phone"


def test_reading_needs_no_javascript(site: str) -> None:
    for path, words in (
        ("/", "Last result"),
        ("/cycles/11/result/", "moved"),
        ("/programmes/ignite/", "Impact"),
    ):
        with urllib.request.urlopen(site + path, timeout=10) as answer:
            assert words in answer.read().decode()
