"""The receipt of a sealed ballot in a real browser: its holder sees the ballot, under an address that tells nothing."""

import json
import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Request, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from tests.composing import give_wallet
from tests.factories import address, make_community, make_cycle, signed
from votes.actions.heads import publish_head
from votes.models import Ballot, Cycle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cycle() -> Cycle:
    return make_cycle(make_community(live_results=False))


def cast(cycle: Cycle, name: str, **ballot: Any) -> dict[str, Any]:
    body = signed(name, cycle, {"ignite": {"lending": 10_000}}, **ballot).body()
    answer = Client().post(f"/api/v1/cycles/{cycle.number}/ballots/", body, content_type="application/json")
    receipt: dict[str, Any] = answer.json()
    return receipt


def test_the_holder_of_a_receipt_sees_the_ballot_and_no_address_tells_the_blind(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    answer = cast(cycle, "alice", reason="A quiet word.")
    asked: list[str] = []

    def remember(request: Request) -> None:
        asked.append(request.url.partition("#")[0])

    page.on("request", remember)
    path = f"{live_server.url}/cycles/{cycle.number}/ballots/{answer['receipt']['commitment'][2:]}/"
    page.goto(path)
    expect(page.get_by_role("heading", name="A sealed ballot is in")).to_be_visible()
    page.goto("about:blank")
    page.goto(f"{path}#blind={answer['blind']}")
    expect(page.get_by_role("heading", name="This ballot is in")).to_be_visible()
    expect(page.get_by_text("A quiet word.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("A quiet word.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Keep the receipt").click()
    assert json.loads(download.value.path().read_text()) == answer
    assert asked
    assert not [url for url in asked if answer["blind"][2:] in url]


def test_a_sealed_receipt_is_checked_in_the_browser_before_closing(
    live_server: LiveServer, page: Page, cycle: Cycle, settings: Settings
) -> None:
    settings.TPP_HEAD_SECONDS = settings.TPP_PAGE_SECONDS = 0
    answer = cast(cycle, "alice", reason="A quiet word.")
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    path = f"{live_server.url}/cycles/{cycle.number}/ballots/{answer['receipt']['commitment'][2:]}/"
    status, steps = page.locator("#check-receipt [role=status]"), page.locator("#check-receipt li")
    page.goto(f"{path}#blind={answer['blind']}")
    expect(status).to_contain_text("Checked in your browser: the receipt is signed.")
    expect(steps).to_have_count(2)
    expect(steps.last).to_have_text(
        "Holds. Your blind and your ballot make the commitment that stands for it."
    )
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    page.reload()
    expect(status).to_have_text("Checked in your browser: your ballot is number 1 of 1 in the tree so far.")
    expect(page.locator("#check-receipt li.holds")).to_have_count(5)
    page.goto("about:blank")
    page.goto(path)  # whoever opens it by the form
    page.get_by_label("Blind").fill(answer["blind"])
    page.get_by_role("button", name="Show my ballot").click()
    expect(status).to_have_text("Checked in your browser: your ballot is number 1 of 1 in the tree so far.")
    expect(page.locator("#check-receipt li.holds")).to_have_count(5)
    assert troubles == []


def test_a_delegate_votes_twice_sealed_and_each_time_comes_to_the_receipt(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    give_wallet(page)
    for word in ("First word.", "Second word."):
        page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
        expect(page.get_by_text("could read sealed ballots")).to_be_visible()
        lines = page.locator("section.contest").first.locator("input.pct")
        lines.first.fill("25")
        lines.last.fill("75")
        page.locator("#reason").fill(word)
        page.get_by_role("button", name="Sign and send").click()
        page.get_by_role("button", name="Sign in my wallet").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("This ballot is in")
        expect(page.get_by_text(word)).to_be_visible()
        row = Ballot.objects.select_related("blind").latest("pk")
        assert page.url.endswith(f"/ballots/{row.tree_key.hex()}/#blind=0x{bytes(row.blind.value).hex()}")
        assert abs(row.nonce - row.received_at.timestamp() * 1000) < 120_000
    assert Ballot.objects.count() == 2
    assert Ballot.objects.latest("pk").replaces is not None
    assert troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_sealed_page_keeps_anybody_out(
    live_server: LiveServer, page: Page, cycle: Cycle, scheme: Literal["light", "dark"]
) -> None:
    answer = cast(cycle, "alice", reason="A quiet word.")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 800})
    receipt = f"ballots/{answer['receipt']['commitment'][2:]}/"
    for path in ("", "ballots/", receipt, f"{receipt}#blind={answer['blind']}", "ballot/"):
        page.goto("about:blank")
        page.goto(f"{live_server.url}/cycles/{cycle.number}/{path}")
        title = "This ballot is in" if "#" in path else ""
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        report = Axe().run(page)
        assert report.violations_count == 0, f"{path}: {report.generate_report()}"


def test_without_script_the_blind_is_typed(
    live_server: LiveServer, context: BrowserContext, cycle: Cycle
) -> None:
    answer = cast(cycle, "alice", reason="A quiet word.")
    page = context.browser.new_page(java_script_enabled=False)  # type: ignore[union-attr]
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballots/{answer['receipt']['commitment'][2:]}/")
    page.get_by_label("Blind").fill("0x" + "ab" * 32)
    page.get_by_role("button", name="Show my ballot").click()
    expect(page.get_by_role("alert")).to_contain_text("not the blind of this ballot")
    page.get_by_label("Blind").fill(answer["blind"])
    page.get_by_role("button", name="Show my ballot").click()
    expect(page.get_by_text("A quiet word.")).to_be_visible()
    page.close()


def test_the_browser_keeps_the_receipt_and_counts_nonces_on(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    answer = cast(cycle, "alice", nonce=2**52)
    page.goto(f"{live_server.url}/cycles/{cycle.number}/")
    rules, voter = answer["receipt"]["rules"], address("alice")
    kept = page.evaluate(
        """async ([answer, rules, voter, number]) => {
          const sealed = await import("/static/js/sealed.js");
          const page = { rules, receipts: `/cycles/${number}/ballots/${"0".repeat(64)}/` };
          const first = sealed.nextNonce(page, voter);
          sealed.learnNonce(page, voter, "The nonce must be above 4503599627370496, that of your newest ballot.");
          const learned = sealed.nextNonce(page, voter);
          const address = sealed.keepReceipt(page, { voter, nonce: learned }, answer);
          return { first, learned, next: sealed.nextNonce(page, voter), address, now: Date.now() };
        }""",
        [answer, rules, voter, cycle.number],
    )
    assert kept["now"] - 60_000 < kept["first"] <= kept["now"]
    assert kept["learned"] == 2**52 + 1
    assert kept["next"] == 2**52 + 2
    assert re.fullmatch(rf"/cycles/\d+/ballots/[0-9a-f]{{64}}/#blind={answer['blind']}", kept["address"])
    page.goto(live_server.url + kept["address"].partition("#")[0])  # the browser remembers the blind
    expect(page.get_by_role("heading", name="This ballot is in")).to_be_visible()
    stale = Client().post(
        f"/api/v1/cycles/{cycle.number}/ballots/",
        signed("alice", cycle, nonce=7).body(),
        content_type="application/json",
    )
    assert stale.json()["refusal"] == "stale_nonce"
    assert f"above {2**52}," in stale.json()["words"]  # what learnNonce reads
