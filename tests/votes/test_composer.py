"""Writing a ballot in a real browser, under the site's own Content-Security-Policy."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from tests.composing import add_programmes, give_wallet, open_cycle
from tests.contests import cast, publish
from tests.factories import HOUR, address, make_community, make_cycle
from votes.models import Ballot, Cycle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def no_troubles(page: Page) -> Iterator[list[str]]:
    """Every page of these tests is free of errors, and of what the policy forbids."""
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(10_000)
    yield troubles
    assert [words for words in troubles if "favicon" not in words and "Failed to load" not in words] == []


def open_ballot(page: Page, live_server: LiveServer, cycle: Cycle) -> None:
    response = page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    assert response is not None
    policy = response.header_value("content-security-policy") or ""
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    expect(page.locator("#sign")).to_be_visible()


def contest(page: Page, at: int) -> Locator:
    return page.locator("section.contest").nth(at)


def values(page: Page) -> list[str]:
    return [field.input_value() for field in page.locator("input.pct").all()]


def test_twelve_lines_take_less_than_a_minute_without_a_mouse(live_server: LiveServer, page: Page) -> None:
    cycle = open_cycle((4, 4, 4))
    give_wallet(page)
    page.set_viewport_size({"width": 360, "height": 800})
    open_ballot(page, live_server, cycle)
    began = time.monotonic()
    contest(page, 0).locator("input.pct").first.focus()
    for _ in range(3):
        for share in ("12.5", "37,5", "20", "30"):
            page.keyboard.type(share, delay=30)
            page.keyboard.press("Enter")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("Depth that stays.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_contain_text("This is what you sign")
    page.get_by_role("button", name="Sign in my wallet").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("This ballot is in")
    assert time.monotonic() - began < 60
    ballot = Ballot.objects.get()
    assert (ballot.voter, len(ballot.options)) == (address("alice"), 12)
    assert sorted(ballot.shares) == sorted([1250, 3750, 2000, 3000] * 3)


def test_every_deed_has_a_key_and_can_be_undone(live_server: LiveServer, page: Page) -> None:
    open_ballot(page, live_server, open_cycle((4, 4)))
    fields = contest(page, 0).locator("input.pct")
    fields.first.focus()
    for key in ("ArrowUp", "Shift+ArrowUp", "PageUp", "ArrowDown"):
        page.keyboard.press(key)
    assert values(page)[0] == "15"
    page.keyboard.press("l")
    page.keyboard.press("Enter")
    page.keyboard.press("e")
    shares = [values(page)[at] for at in range(4)]
    assert shares[0] == "15"
    assert sorted(shares[1:]) == ["28.33", "28.33", "28.34"]
    page.keyboard.press("c")
    assert values(page)[:4] == ["15", "", "", ""]
    page.keyboard.press("r")
    assert values(page)[:2] in (["15", "85"], ["15", "50"])  # one of the four has a cap of 50 %
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert values(page)[:4] == shares
    page.keyboard.press("Control+Shift+z")
    assert values(page)[:4] == ["15", "", "", ""]
    page.keyboard.press("n")
    expect(contest(page, 1).locator("input.pct").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("give the rest evenly")
    page.keyboard.press("Escape")
    expect(contest(page, 1).locator("input.pct").first).to_be_focused()


def test_what_cannot_be_is_refused_beside_its_line(live_server: LiveServer, page: Page) -> None:
    open_ballot(page, live_server, open_cycle((3,)))
    lending, exchanges, perpetuals = (
        page.get_by_role("textbox", name=name) for name in ("Lending", "Exchanges", "Perpetuals")
    )
    lending.fill("60")
    expect(page.locator("li", has=lending).locator(".why")).to_have_text(
        "At most 50 % can go here by the programme's rules."
    )
    exchanges.fill("40")
    expect(lending).to_have_value("50")
    perpetuals.fill("30")
    why = page.locator("li", has=perpetuals).locator(".why")
    expect(why).to_contain_text("Only 10 % is left for this line.")
    expect(perpetuals).to_have_attribute("aria-invalid", "true")
    why.get_by_role("button", name="Give it 30 % and lower the others").click()
    expect(perpetuals).to_have_value("30")
    expect(lending).to_have_value("38.89")
    expect(exchanges).to_have_value("31.11")
    expect(why).to_be_hidden()
    perpetuals.fill("a lot")
    expect(why).to_contain_text("Write a percentage from 0 to 100")
    perpetuals.blur()
    expect(perpetuals).to_have_value("30")
    expect(page.locator("#said")).to_have_text("Growth of the network: complete. Ready to sign.")


def test_fifty_options_are_found_by_typing(live_server: LiveServer, page: Page) -> None:
    open_ballot(page, live_server, open_cycle((50,)))
    expect(page.locator(".line")).to_have_count(50)
    page.get_by_label("Find among 50").fill("aud 2")
    expect(page.locator(".line:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Audits 2")).to_be_focused()
    page.keyboard.type("40")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator(".line:visible")).to_have_count(50)
    page.get_by_role("button", name="Give the rest evenly").click()
    expect(contest(page, 0).get_by_text("complete", exact=True)).to_be_visible()


def test_the_order_is_by_chance_the_same_on_every_visit_and_can_be_the_ballot_s(
    live_server: LiveServer, page: Page
) -> None:
    cycle = open_cycle((12,))
    open_ballot(page, live_server, cycle)

    def names() -> list[str]:
        return page.locator(".line label").all_inner_texts()

    shown = names()
    page.reload()
    expect(page.locator("#sign")).to_be_visible()
    assert names() == shown
    page.get_by_label("ballot order").check()
    own = names()
    assert own == list(cycle.options.order_by("number").values_list("name", flat=True))
    assert sorted(own) == sorted(shown) != shown
    page.reload()
    expect(page.get_by_label("ballot order")).to_be_checked()
    assert names() == own


def test_a_ballot_starts_from_the_last_one_the_last_result_or_even_shares(
    live_server: LiveServer, page: Page
) -> None:
    community = make_community()
    add_programmes(community, (3, 2))
    before = make_cycle(community, opens_in=-HOUR, voting=HOUR + timedelta(seconds=2))
    one = {"lending": 2_000, "exchanges": 7_050, "perpetuals": 950}
    other = {"lending": 5_000, "exchanges": 5_000}
    cast(before, {"alice": {"growth": one}, "bob": {"growth": other, "public-goods": other}})
    publish(before)
    cycle = make_cycle(community, opens_in=before.closes_at - database_clock())
    time.sleep(max(0, (cycle.opens_at - database_clock()).total_seconds()))
    give_wallet(page)
    open_ballot(page, live_server, cycle)

    def shares(at: int) -> dict[str, str]:
        rows = contest(page, at).locator(".line").all()
        return {row.locator("label").inner_text(): row.locator("input").input_value() for row in rows}

    page.get_by_role("button", name="my last ballot").click()
    expect(page.get_by_text(f"As in your ballot of cycle {before.number}.")).to_be_visible()
    assert shares(0) == {"Lending": "20", "Exchanges": "70.5", "Perpetuals": "9.5"}
    assert set(shares(1).values()) == {""}
    page.get_by_role("button", name="last result").click()
    assert sum(float(share or 0) for share in shares(0).values()) == pytest.approx(100)
    assert shares(1) == {"Lending": "50", "Exchanges": "50"}
    page.get_by_role("button", name="even shares").click()
    assert sorted(shares(0).values()) == ["33.33", "33.33", "33.34"]
    page.locator("#draft-notice").get_by_role("button", name="Undo").click()
    assert shares(1) == {"Lending": "50", "Exchanges": "50"}


def test_a_ranking_and_a_spreadsheet_fill_a_contest(live_server: LiveServer, page: Page) -> None:
    open_ballot(page, live_server, open_cycle((3, 3)))
    contest(page, 1).get_by_role("button", name="Rank instead…").click()
    for name, place in (("Lending", "2"), ("Exchanges", "1")):
        page.get_by_label(f"Place of {name}").fill(place)
    expect(page.get_by_text("weight = 1 ÷ place")).to_be_visible()
    page.get_by_label("Curve").select_option("linear")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Use these shares").click()
    second = contest(page, 1)
    expect(second.get_by_role("textbox", name="Exchanges")).to_have_value("66.67")
    expect(second.get_by_role("textbox", name="Lending")).to_have_value("33.33")

    page.get_by_role("button", name="a spreadsheet…").click()
    page.get_by_label("Paste here").fill("growth\tLending\t30\ngrowth\tnothing\t5\n")
    page.get_by_role("button", name="Use these numbers").click()
    expect(page.locator("#sheet-faults")).to_have_text("Line 2: “nothing” is no option of “growth” here.")
    page.get_by_label("Paste here").fill("growth\tLending\t3\ngrowth\tOracles\t5\ngrowth\texchanges\t6\n")
    page.get_by_label("scale each").check()
    page.get_by_role("button", name="Use these numbers").click()
    expect(page.locator("#sheet-faults")).to_contain_text("Line 2")
    page.get_by_label("Paste here").fill("growth\tLending\t3\ngrowth\texchanges\t6\n")
    page.get_by_role("button", name="Use these numbers").click()
    first = contest(page, 0)
    expect(first.get_by_role("textbox", name="Exchanges")).to_have_value("66.67")
    page.get_by_role("button", name="a spreadsheet…").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save this ballot as CSV").click()
    saved = download.value.path().read_text()
    assert "growth,exchanges,66.67\r\n" in saved or "growth,exchanges,66.67\n" in saved
    page.get_by_role("button", name="Cancel").click()
    contest(page, 0).get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="a spreadsheet…").click()
    page.get_by_label("or open a CSV file").set_input_files(str(download.value.path()))
    page.get_by_role("button", name="Use these numbers").click()
    expect(first.get_by_role("textbox", name="Exchanges")).to_have_value("66.67")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out_of_any_state(live_server: LiveServer, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 360, "height": 800})
    give_wallet(page)
    open_ballot(page, live_server, open_cycle((13, 3)))

    def is_fit(state: str) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, state

    is_fit("empty")
    page.get_by_role("button", name="even shares").click()
    page.get_by_role("textbox", name="Lending").first.fill("80")
    is_fit("refused")
    page.locator("input.pct").nth(3).press("l")
    is_fit("locked")
    page.get_by_role("button", name="a spreadsheet…").click()
    page.get_by_role("button", name="Use these numbers").click()
    is_fit("spreadsheet")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rank instead…").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    is_fit("ranking")
    page.keyboard.press("Escape")
    page.locator("input.pct").first.press("?")
    is_fit("keys")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="What would it change?").first.click()
    page.locator(".effect summary").first.click()
    is_fit("effect")
    page.get_by_role("button", name="Sign in another place…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("1. The address").fill("0x123")
    page.get_by_role("button", name="Make the text to sign").click()
    is_fit("elsewhere, refused")
    page.get_by_label("1. The address").fill(address("alice"))
    page.get_by_role("button", name="Make the text to sign").click()
    expect(page.get_by_label("3. Paste the signature")).to_be_visible()
    is_fit("elsewhere")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    is_fit("review")


def test_an_operator_s_wallet_is_loaded_and_announces_itself(
    live_server: LiveServer, page: Page, settings: Settings
) -> None:
    settings.TPP_WALLET_SCRIPT = "/wallets/relay.js"
    script = """
        const provider = { request: async () => { throw { code: 4001 }; } };
        const detail = { info: { uuid: "relay", name: "Phone by relay", icon: "", rdns: "org.relay" }, provider };
        const tell = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
        addEventListener("eip6963:requestProvider", tell);
    """
    page.route(
        "**/wallets/relay.js", lambda route: route.fulfill(body=script, content_type="text/javascript")
    )
    give_wallet(page)
    open_ballot(page, live_server, open_cycle((2,)))
    page.get_by_role("button", name="even shares").click()
    page.get_by_role("button", name="Sign and send").click()
    page.get_by_role("dialog").get_by_role("button", name="Phone by relay").click()
    expect(page.locator("#trouble")).to_have_text("You declined in your wallet; nothing was sent.")


def test_targets_are_large_enough_for_fingers(live_server: LiveServer, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    open_ballot(page, live_server, open_cycle((3,)))
    small = page.evaluate(
        """[...document.querySelectorAll("#ballot button, #ballot input:not([type=checkbox])")]
          .map((each) => [each.textContent || each.id, each.getBoundingClientRect()])
          .filter(([, box]) => box.width && (box.height < 44 || box.width < 44)).map(([name]) => name)"""
    )
    assert small == []
    assert page.locator("input.pct").first.get_attribute("inputmode") == "decimal"
    page.get_by_role("button", name=re.compile("More for Exchanges")).click(click_count=3)
    expect(page.get_by_role("textbox", name="Exchanges")).to_have_value("3")


def test_the_page_weighs_little(live_server: LiveServer, page: Page) -> None:
    """Everything that the page loads, decoded, is at most 150 kB; signing and dialogs load theirs when asked for."""
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    give_wallet(page)
    open_ballot(page, live_server, open_cycle((4, 4, 4)))
    page.get_by_role("button", name="even shares").click()
    page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) <= 150_000, sizes
    sizes.clear()
    for name in ("a spreadsheet…", "Rank instead…", "Sign in another place…"):
        page.get_by_role("button", name=name).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
    assert sum(sizes.values()) <= 45_000, sizes


def test_it_says_how_to_vote_without_javascript(live_server: LiveServer, page: Page) -> None:
    cycle = open_cycle((4, 4))
    answer = page.request.get(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    text = answer.text()
    for words in ("Growth of the network", "Lending", "Voting without JavaScript", "cast wallet sign --data"):
        assert words in text
    example = page.request.get(
        f"{live_server.url}/cycles/{cycle.number}/ballot/example.json?voter={address('alice')}"
    ).json()
    lines = example["message"]["lines"]
    assert sum(line["basisPoints"] for line in lines) == 20_000
    assert example["message"]["nonce"] == "1"
    refused = page.request.get(f"{live_server.url}/cycles/{cycle.number}/ballot/example.json?voter=me")
    assert refused.status == 400


def test_it_shows_what_the_ballot_would_change(live_server: LiveServer, page: Page) -> None:
    cycle = open_cycle((2, 2))
    cast(cycle, {"bob": {"growth": {"lending": 5_000, "exchanges": 5_000}}})
    give_wallet(page)
    open_ballot(page, live_server, cycle)
    first = contest(page, 0)
    first.get_by_role("textbox", name="Exchanges").fill("100")
    first.get_by_role("button", name="What would it change?").click()
    summary = first.locator(".effect summary")
    with page.expect_response(lambda answer: answer.url.endswith("/effect/")) as told:
        pass
    growth = next(each for each in told.value.json()["contests"] if each["programme"] == "growth")
    given = {option["typology"]: int(option["difference"]) // 10**18 for option in growth["options"]}
    assert given["exchanges"] > 0
    expect(summary).to_contain_text(re.compile(r"What it would change: (Lending −|Exchanges \+)[\d,]+ TST"))
    summary.click()
    row = first.locator(".effect tbody tr", has_text="Exchanges")
    expect(row).to_contain_text(f"+{given['exchanges']:,}")
    first.get_by_role("textbox", name="Exchanges").fill("60")
    expect(first.locator(".effect details")).to_have_count(0)  # not complete: nothing is claimed
