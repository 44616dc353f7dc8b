"""A first-time admin in a real browser: from an empty site to an announced cycle, by what the pages say."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from chain.signing import checksum_address, personal_digest, sign_digest
from tests.factories import UNIT, address, key_of
from tpp import setup
from tpp.demo.launcher import start_site
from tpp.processes import Stack, reserve_port, scratch

pytestmark = pytest.mark.browser

MOST_SECONDS = 180  # for a browser; a person has ten minutes
LIST = f"address,power,name\n{address('alice')},{50 * UNIT},Alice\n{address('bob')},{30 * UNIT},Bob\n"
WALLET = """
window.addEventListener("eip6963:requestProvider", () => window.dispatchEvent(
  new CustomEvent("eip6963:announceProvider", { detail: {
    info: { uuid: "1", name: "Admin's wallet", icon: "", rdns: "org.example" },
    provider: { request: async ({ method, params }) => {
      if (method === "eth_chainId") return "0x1";
      if (method === "eth_accounts" || method === "eth_requestAccounts") return [await window.walletAddress()];
      if (method === "personal_sign") return window.walletSigns(params[0]);
      throw Object.assign(new Error(method), { code: 4200 });
    } },
  } })));
"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """An empty deployment with all its processes: web, worker and beat, PostgreSQL and Valkey."""
    ours = ("TPP_", "DATABASE_", "REDIS_")
    with pytest.MonkeyPatch.context() as patch, scratch(setup.ROOT / ".test") as state:
        for name in [name for name in os.environ if name.startswith(ours)]:
            patch.delenv(name)
        patch.setenv("TPP_ADMINS", address("alice"))
        with Stack(state) as stack, closing(reserve_port()) as reserved:
            yield start_site(stack, reserved, None)


def signs(text: str) -> str:
    return "0x" + sign_digest(key_of("alice"), personal_digest(bytes.fromhex(text[2:]).decode())).hex()


@pytest.fixture
def admin(page: Page, site: str) -> Page:
    """A browser with the admin's wallet in it."""
    page.expose_function("walletAddress", lambda: checksum_address(address("alice")))
    page.expose_function("walletSigns", signs)
    page.add_init_script(WALLET)
    page.goto(site)
    page.get_by_role("link", name="Sign in").first.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def check_page(page: Page, path: str) -> None:
    """Nothing keeps anybody out, by day and by night, on a phone."""
    page.set_viewport_size({"width": 360, "height": 800})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}, {scheme}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{path} is wider than a phone"
    page.set_viewport_size({"width": 1280, "height": 800})


def test_from_nothing_to_an_announced_cycle_by_what_the_pages_say(site: str, admin: Page) -> None:
    page, start = admin, time.monotonic()
    page.goto(site)
    expect(page.get_by_role("heading", level=1)).to_have_text("From nothing to the first vote")
    expect(page.get_by_text("open", exact=True)).to_have_count(6)

    page.get_by_role("link", name="Publish the voting power").click()
    page.get_by_label("File").set_input_files(
        {"name": "power.csv", "mimeType": "text/csv", "buffer": LIST.replace("50", "fifty", 1).encode()}
    )
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("alert").first).to_contain_text("Line 2: power must be a whole number")
    page.get_by_label("File").set_input_files(
        {"name": "power.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    )
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("80 tokens")).to_be_visible()
    check_page(page, "the list looked at")
    page.get_by_role("button", name="Publish it for good").click()

    page.get_by_role("link", name="Found it").click()
    page.get_by_label("Name of the community").fill("River commons")
    page.get_by_label("What it is for").fill("We fund what keeps the river clean.")
    page.get_by_label("Short name of the token").fill("RVR")
    page.get_by_label("Full name of the token").fill("River")
    page.get_by_label("The token's address").fill("0x" + "ab" * 20)
    page.get_by_label("Budget per cycle").fill("1,000")
    page.get_by_label("The source may give in all").fill("12,000")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("enough for 12 cycles")).to_be_visible()
    check_page(page, "the community looked at")
    page.get_by_role("button", name="Found it for good").click()

    page.get_by_role("link", name="Found a programme").click()
    for label, text in {
        "Name": "Banks",
        "What it is for, in one sentence": "Banks that hold.",
        "Budget asked per cycle": "500",
    }.items():
        page.get_by_label(label).first.fill(text)
    for number, name in ((1, "Planting"), (2, "Cleaning")):
        typology = page.get_by_role("group", name=f"Typology {number}")
        typology.get_by_label("Name", exact=True).fill(name)
        typology.get_by_label("What it funds").fill(f"{name} the banks.")
    page.get_by_role("button", name="Found it, public at once").click()

    page.get_by_role("link", name="Make a schedule").click()
    expect(page.get_by_label("Time zone")).to_have_value("UTC")
    opens_at = datetime.fromisoformat(page.get_by_role("textbox", name="First opening").input_value())
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="The next 6 cycles")).to_be_visible()
    page.get_by_role("button", name="Keep this schedule").click()
    expect(page.get_by_role("status")).to_contain_text("is kept")

    for _ in range(30):  # beat's tick announces; nobody clicks
        page.goto(f"{site}/admin/")
        if page.get_by_text("it is announced").count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("it is announced")).to_be_visible()
    expect(page.get_by_role("heading", name="What is left to do")).to_have_count(0)
    taken = time.monotonic() - start
    assert taken < MOST_SECONDS, f"{taken:.0f} s"
    page.goto(site)
    expect(page.get_by_role("heading", level=1)).to_contain_text("opens in")
    page.goto(f"{site}/cycles/1/")
    expect(page.get_by_text(f"{opens_at.day} {opens_at:%b} {opens_at:%H:%M} UTC").first).to_be_visible()


def test_no_admin_page_keeps_anybody_out(site: str, admin: Page) -> None:
    """After the way above: every admin page, light and dark, on a phone."""
    page = admin
    page.goto(f"{site}/admin/schedules/1/")
    page.get_by_role("button", name="Rehearse the next cycle").click()
    rehearsal = page.url
    assert "/admin/rehearsals/" in rehearsal
    paths = (
        *("/admin/", "/admin/register/", "/admin/community/", "/admin/programmes/new/", "/admin/cycles/1/"),
        *("/admin/cycles/2/", "/admin/schedules/1/", "/admin/schedules/new/", "/admin/roles/", "/admin/log/"),
    )
    for path in (*(site + path for path in paths), rehearsal, f"{rehearsal}0/"):
        answer = page.goto(path)
        assert answer
        assert answer.status == 200, path
        assert len(answer.body()) <= 150_000, path
        check_page(page, path)
    page.goto(f"{site}/admin/schedules/1/")
    page.get_by_role("button", name="Preview").click()
    check_page(page, "the schedule's preview")
