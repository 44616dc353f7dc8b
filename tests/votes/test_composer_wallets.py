"""Signing the ballot with wallets of every temper: whatever they do, the draft is there afterwards."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from eth_account import Account
from playwright.sync_api import BrowserContext, Page, Request, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.composing import give_wallet, open_cycle, wallet_log
from tests.factories import address, key_of, wallet
from votes.models import Ballot, Cycle, Draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TROUBLE = "#trouble"


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


def compose(page: Page, live_server: LiveServer, cycle: Cycle, *, reason: str = "Depth that stays.") -> None:
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    expect(page.locator("#sign")).to_be_visible()
    for name, share in (("Lending", "12.5"), ("Exchanges", "87.5")):
        page.get_by_role("textbox", name=name).first.fill(share)
    page.get_by_label("Your reason").fill(reason)


def sign(page: Page, *, wallet_name: str | None = None) -> None:
    page.get_by_role("button", name="Sign and send").click()
    if wallet_name:
        page.get_by_role("dialog").get_by_role("button", name=wallet_name).click()


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Sign in my wallet").click()


def is_kept(page: Page) -> None:
    """The draft is on the page, and after loading it again too; nothing was sent."""
    assert Ballot.objects.count() == 0
    for _ in range(2):
        expect(page.get_by_role("textbox", name="Exchanges").first).to_have_value("87.5")
        expect(page.get_by_label("Your reason")).to_have_value("Depth that stays.")
        page.reload()
        expect(page.locator("#sign")).to_be_visible()


def is_sent(page: Page, name: str = "alice") -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("This ballot is in")
    assert [ballot.voter for ballot in Ballot.objects.all()] == [address(name)]


def test_of_two_wallets_one_is_chosen_and_shown_what_the_page_showed(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    give_wallet(page, "Fox", of="alice")
    give_wallet(page, "Rabbit", of="bob")
    compose(page, live_server, cycle, reason="Für Tiefe, 深さ 🗳️")
    sign(page, wallet_name="Rabbit")
    review = page.get_by_role("dialog")
    shown = review.inner_text()
    for words in (
        "Growth of the network: Lending",
        "growth lending",
        "12.5 %",
        "1250",
        "8750",
        address("bob"),
        "324",
    ):
        assert words in shown
    assert "Für Tiefe, 深さ 🗳️" in shown
    page.evaluate(
        "window.addEventListener('pagehide', () => sessionStorage.signed = JSON.stringify(wallets.Rabbit.signed))"
    )
    go_on(page)
    is_sent(page, "bob")
    message = json.loads(page.evaluate("sessionStorage.signed"))["message"]
    assert message["reason"] == "Für Tiefe, 深さ 🗳️"
    assert message["rules"] in shown
    assert [line["basisPoints"] for line in message["lines"]] == [1250, 8750]
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('tpp-draft'))") == []


@pytest.mark.parametrize(
    ("method", "code", "words"),
    [
        ("eth_signTypedData_v4", 4001, "You declined in your wallet; nothing was sent."),
        ("eth_requestAccounts", -32002, "still asking you something"),
        ("eth_signTypedData_v4", 4900, "has no connection"),
        ("wallet_switchEthereumChain", 4902, "does not know the network with chain id 324"),
    ],
)
def test_a_refusal_of_the_wallet_is_told_with_a_way_on(
    live_server: LiveServer, page: Page, cycle: Cycle, method: str, code: int, words: str
) -> None:
    answers: dict[str, object] = {method: {"code": code, "message": "no"}}
    if method == "eth_requestAccounts":
        answers["eth_accounts"] = answers[method]
    give_wallet(page, chainId="0x1", answers=answers)
    compose(page, live_server, cycle)
    sign(page)
    if method != "eth_requestAccounts":
        go_on(page)
    expect(page.locator(TROUBLE)).to_contain_text(words)
    expect(page.get_by_role("button", name="Sign and send")).to_be_enabled()
    page.evaluate("wallets.Fox.answers = {}")
    sign(page)
    go_on(page)
    is_sent(page)


def test_the_network_is_switched_before_signing(live_server: LiveServer, page: Page, cycle: Cycle) -> None:
    give_wallet(page, chainId="0x1")
    compose(page, live_server, cycle)
    page.evaluate(
        "window.addEventListener('pagehide', () => sessionStorage.log = JSON.stringify(wallets.Fox.log))"
    )
    sign(page)
    go_on(page)
    is_sent(page)
    log = json.loads(page.evaluate("sessionStorage.log"))
    assert log.index("wallet_switchEthereumChain") < log.index("eth_signTypedData_v4")


def test_an_account_that_is_switched_meanwhile_signs_nothing_by_mistake(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    give_wallet(page)
    compose(page, live_server, cycle)
    sign(page)
    expect(page.get_by_role("dialog")).to_contain_text(address("alice"))
    page.evaluate("(key) => wallets.Fox.become(key)", key_of("bob").hex())
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(TROUBLE)).to_contain_text(f"to {address('bob')[:6]}…{address('bob')[-4:]} meanwhile")
    assert "eth_signTypedData_v4" not in wallet_log(page)
    sign(page)
    expect(page.get_by_role("dialog")).to_contain_text(address("bob"))
    go_on(page)
    is_sent(page, "bob")


def test_a_wallet_that_never_answers_can_be_left(live_server: LiveServer, page: Page, cycle: Cycle) -> None:
    give_wallet(page, answers={"eth_signTypedData_v4": "never"})
    compose(page, live_server, cycle)
    sign(page)
    go_on(page)
    expect(page.locator("#status")).to_have_text("Your wallet asks you to sign.")
    page.get_by_role("button", name="Stop waiting").click()
    expect(page.locator(TROUBLE)).to_contain_text("Stopped waiting for your wallet; nothing was sent.")
    is_kept(page)


def test_a_wallet_that_moves_to_another_network_meanwhile_is_told_so(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    give_wallet(page)
    compose(page, live_server, cycle)
    page.evaluate(
        """() => { const fox = wallets.Fox, ask = fox.request.bind(fox);
        fox.request = (wanted) => {
          if (wanted.method === "eth_signTypedData_v4") { fox.chainId = "0x1"; fox.emit("chainChanged", "0x1"); }
          return ask(wanted);
        }; }"""
    )
    sign(page)
    go_on(page)
    expect(page.locator(TROUBLE)).to_contain_text("moved to another network meanwhile, so nothing was sent")
    is_kept(page)


def test_a_provider_that_is_injected_late_is_found(live_server: LiveServer, page: Page, cycle: Cycle) -> None:
    give_wallet(page, announced=False)
    compose(page, live_server, cycle)
    page.evaluate(
        """() => { const late = window.ethereum; delete window.ethereum;
        document.getElementById("sign").addEventListener("click", () => setTimeout(() => {
          window.ethereum = late; window.dispatchEvent(new Event("ethereum#initialized")); }, 400)); }"""
    )
    sign(page)
    go_on(page)
    is_sent(page)


def test_without_power_the_page_says_so_before_the_wallet_asks(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    give_wallet(page, of="stranger")
    compose(page, live_server, cycle)
    sign(page)
    expect(page.locator(TROUBLE)).to_contain_text("had no voting power when power was frozen")
    assert "eth_signTypedData_v4" not in wallet_log(page)
    is_kept(page)


def test_a_signed_ballot_that_meets_no_network_is_sent_again_as_it_is(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    give_wallet(page)
    compose(page, live_server, cycle)
    sign(page)
    expect(page.get_by_role("dialog")).to_be_visible()
    context.set_offline(True)
    go_on(page)
    expect(page.locator(TROUBLE)).to_contain_text("Your signed ballot is kept in this browser")
    assert Ballot.objects.count() == 0
    signed = page.evaluate("Object.entries(localStorage).find(([key]) => key.startsWith('tpp-unsent'))[1]")
    context.set_offline(False)
    is_sent(page)
    assert "0x" + bytes(Ballot.objects.get().signature or b"").hex() == json.loads(signed)["signature"]


def test_a_server_that_falls_silent_is_asked_again_with_the_same_bytes(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    give_wallet(page)
    compose(page, live_server, cycle)
    sent: list[str | None] = []

    def swallow(route: Route) -> None:
        """It arrives, and its answer does not."""
        sent.append(route.request.post_data)
        route.fetch()
        route.abort()

    page.route("**/api/v1/cycles/*/ballots/", swallow, times=1)
    sign(page)
    go_on(page)
    expect(page.locator(TROUBLE)).to_contain_text("could not be reached")
    assert Ballot.objects.count() == 1
    page.reload()
    expect(page.locator(TROUBLE)).to_contain_text("has not reached the server yet")

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.post_data)

    page.on("request", note)
    page.get_by_role("button", name="Send it again").click()
    is_sent(page)
    assert len(sent) == 2
    assert sent[0] == sent[1]


def sign_in(context: BrowserContext, live_server: LiveServer, name: str = "alice") -> None:
    client = Client()
    client.force_login(wallet(name), backend="accounts.backends.WalletBackend")
    value = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])


def test_a_session_that_ended_before_signing_stops_nobody(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    sign_in(context, live_server)
    give_wallet(page)
    compose(page, live_server, cycle)
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    Session.objects.all().delete()
    page.get_by_role("textbox", name="Lending").first.fill("10")
    expect(page.locator("#kept-state")).to_contain_text("You are signed out: kept in this browser.")
    page.get_by_role("textbox", name="Lending").first.fill("12.5")
    sign(page)
    go_on(page)
    is_sent(page)


def test_a_draft_is_saved_when_the_network_is_back(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    sign_in(context, live_server)
    compose(page, live_server, cycle)
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    context.set_offline(True)
    page.get_by_role("textbox", name="Lending").first.fill("5")
    expect(page.locator("#kept-state")).to_contain_text("No connection: kept in this browser")
    context.set_offline(False)
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    assert (Draft.objects.get().content or {})["lines"]["growth/lending"] == "5"


def test_two_tabs_follow_each_other_and_two_devices_are_asked(
    live_server: LiveServer, page: Page, context: BrowserContext, cycle: Cycle
) -> None:
    sign_in(context, live_server)
    compose(page, live_server, cycle)
    expect(page.locator("#kept-state")).to_contain_text("Saved at")
    tab = context.new_page()
    tab.goto(page.url)
    expect(tab.get_by_role("textbox", name="Exchanges").first).to_have_value("87.5")
    with tab.expect_response(lambda answer: answer.request.method == "PUT"):
        tab.get_by_role("textbox", name="Exchanges").first.fill("60")
    expect(page.get_by_role("textbox", name="Exchanges").first).to_have_value("60")
    expect(page.get_by_text("Taken over from another tab or device.")).to_be_visible()
    expect(tab.locator("#kept-state")).to_contain_text("Saved at")

    device = context.browser.new_context()  # type: ignore[union-attr]
    sign_in(device, live_server)
    other = device.new_page()
    other.goto(page.url)
    expect(other.get_by_role("textbox", name="Exchanges").first).to_have_value("60")
    context.set_offline(True)
    page.get_by_role("textbox", name="Exchanges").first.fill("70")
    with other.expect_response(lambda answer: answer.request.method == "PUT"):
        other.get_by_role("textbox", name="Exchanges").first.fill("65")
    context.set_offline(False)
    conflict = page.locator(".conflict")
    expect(conflict).to_contain_text("This draft was changed in another place")
    expect(conflict.locator("tbody")).to_have_text(
        re.compile(r"Growth of the network: Exchanges\s*70 %\s*65 %")
    )
    conflict.get_by_role("button", name="Take the other").click()
    expect(page.get_by_role("textbox", name="Exchanges").first).to_have_value("65")
    device.close()


def test_who_is_not_signed_in_is_told_that_the_draft_stays_here(
    live_server: LiveServer, page: Page, cycle: Cycle
) -> None:
    compose(page, live_server, cycle)
    expect(page.locator("#kept-state")).to_contain_text("because you are not signed in")
    is_kept(page)
    assert Draft.objects.count() == 0


def test_a_ballot_is_signed_in_another_place(live_server: LiveServer, page: Page, cycle: Cycle) -> None:
    compose(page, live_server, cycle)
    page.get_by_role("button", name="Sign in another place…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("1. The address").fill(address("alice").upper().replace("0X", "0x"))
    dialog.get_by_role("button", name="Make the text to sign").click()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save as a file").click()
    assert download.value.suggested_filename == f"ballot-cycle-{cycle.number}.json"
    typed_data = json.loads(Path(download.value.path()).read_text())

    def signature_of(name: str) -> str:
        signed = Account.sign_typed_data(key_of(name), full_message=typed_data)
        return str(signed.signature.hex())

    dialog.get_by_label("3. Paste the signature").fill("0x1234")
    dialog.get_by_role("button", name="Check and send").click()
    expect(dialog.get_by_role("alert")).to_contain_text("A signature is 0x and 130 digits")
    dialog.get_by_label("3. Paste the signature").fill(signature_of("bob"))
    dialog.get_by_role("button", name="Check and send").click()
    expect(dialog.get_by_role("alert")).to_contain_text(f"This is a signature by {address('bob')[:6]}")
    dialog.get_by_label("3. Paste the signature").fill(f"  {signature_of('alice')}\n")
    dialog.get_by_role("button", name="Check and send").click()
    is_sent(page)
    assert sorted(Ballot.objects.get().shares) == [1250, 8750]


def test_a_ballot_is_withdrawn_in_so_many_words(live_server: LiveServer, page: Page, cycle: Cycle) -> None:
    give_wallet(page)
    compose(page, live_server, cycle)
    sign(page)
    go_on(page)
    is_sent(page)
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    page.get_by_role("button", name="Withdraw my ballot…").click()
    expect(page.get_by_role("dialog")).to_contain_text("from then on you abstain everywhere in this cycle")
    page.get_by_role("button", name="Withdraw in my wallet").click()
    page.wait_for_url("**/ballots/*/")
    assert [ballot.options for ballot in Ballot.objects.order_by("nonce")][-1] == []
