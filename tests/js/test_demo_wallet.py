"""The demo wallet, clicked and typed through as a person would."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from chain.signing import address_of, demo_key, domain_separator, personal_digest, recover, sign_digest
from votes.record.ballot import Ballot, Line, ballot_digest, typed_data

pytestmark = pytest.mark.browser

InBrowser = Callable[[Callable[[Page], Any]], Any]
SALT = bytes(range(32))
RIVER = address_of(demo_key("river"))
BROOK = address_of(demo_key("brook"))
BALLOT = Ballot(
    cycle="12",
    rules=b"\x11" * 32,
    voter=RIVER,
    nonce=3,
    reason="Lending first.\nThen <b>the rest</b> 🗳️",
    lines=(Line("ignite", "lending", 3505), Line("ignite", "exchanges", 6495), Line("*", "ignite", 10_000)),
)


def open_demo(page: Page) -> None:
    """Load the demo's page and keep its provider, as found by the page's own code, at hand."""
    page.goto("/demo")
    page.evaluate(
        """async () => {
          const { discover } = await import("/js/wallets.js");
          const [wallet] = await discover({ wait: 20 });
          [window.wallet, window.provider, window.events] = [wallet, wallet.provider, []];
          for (const event of ["accountsChanged", "chainChanged"])
            window.provider.on(event, (value) => window.events.push([event, value]));
        }"""
    )


def ask(page: Page, method: str, *params: object) -> None:
    """Send a request and leave it waiting; `answer` gives what became of it."""
    page.evaluate(
        """([method, params]) => { window.answer = window.provider.request({ method, params }).then(
          (value) => value, (error) => ({ code: error.code, message: error.message })); }""",
        [method, params],
    )


def answer(page: Page) -> Any:
    return page.evaluate(
        """Promise.race([window.answer, new Promise((_, fail) =>
          setTimeout(() => fail(new Error("The wallet does not answer.")), 5000))])"""
    )


def request(page: Page, method: str, *params: object) -> Any:
    ask(page, method, *params)
    return answer(page)


def become(page: Page, filter_text: str) -> None:
    ask(page, "eth_requestAccounts")
    page.keyboard.type(filter_text)
    page.keyboard.press("Enter")
    answer(page)


def test_it_is_announced_as_what_it_is(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        info = page.evaluate("(({ name, rdns, icon }) => ({ name, rdns, icon }))(window.wallet)")
        assert info["name"] == "Demo wallet"
        assert info["rdns"] == "demo.tpp.local"
        assert info["icon"].startswith("data:image/svg+xml,")
        assert request(page, "eth_chainId") == "0x144"
        assert request(page, "eth_accounts") == []
        assert request(page, "eth_sendTransaction")["code"] == 4200

    in_browser(act)


def test_a_person_is_found_and_taken_by_keyboard_and_remembered(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        page.locator("#cast").focus()
        ask(page, "eth_requestAccounts")
        dialog = page.get_by_role("dialog", name="Act as whom?")
        expect(dialog.get_by_role("searchbox", name="Filter")).to_be_focused()
        expect(dialog.get_by_role("status")).to_have_text("3 of 3 people")
        page.keyboard.press("Enter")  # nothing typed, nobody known: nothing happens
        page.keyboard.type("ostr 1.2")
        expect(dialog.get_by_role("status")).to_have_text("1 of 3 people")
        expect(dialog.get_by_role("listitem")).to_have_text(["Brook Ostrander delegate, 1.2 M ZK"])
        page.keyboard.press("Enter")
        assert answer(page) == [BROOK]
        expect(page.locator("dialog")).to_have_count(0)
        expect(page.locator("#cast")).to_be_focused()
        assert page.evaluate("sessionStorage.getItem('tpp-demo-wallet')") == "brook"
        assert page.evaluate("window.events") == [["accountsChanged", [BROOK]]]

        open_demo(page)
        assert request(page, "eth_accounts") == [BROOK]
        ask(page, "eth_requestAccounts")
        expect(page.get_by_role("button", name="Brook")).to_have_attribute("aria-current", "true")
        page.keyboard.press("Enter")  # the same as before
        assert answer(page) == [BROOK]
        assert page.evaluate("window.events") == []

    in_browser(act)


def test_arrows_walk_the_list_and_escape_leaves_it(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        ask(page, "eth_requestAccounts")
        for key in ("ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"):
            page.keyboard.press(key)
        expect(page.get_by_role("button", name="River")).to_be_focused()
        page.keyboard.press("Enter")
        assert answer(page) == [RIVER]
        ask(page, "eth_requestAccounts")
        page.keyboard.press("Escape")
        assert answer(page)["code"] == 4001
        ask(page, "eth_requestAccounts")
        page.get_by_role("button", name="Cancel").click()
        assert answer(page)["code"] == 4001
        assert request(page, "eth_accounts") == [RIVER]
        ask(page, "eth_requestAccounts")
        page.get_by_role("button", name="Sören </script> Ñuñez").click()
        assert answer(page) == [address_of(demo_key("söréñ"))]
        assert request(page, "wallet_revokePermissions", {"eth_accounts": {}}) is None
        assert request(page, "eth_accounts") == []
        assert [value for _, value in page.evaluate("window.events")][-1] == []

    in_browser(act)


def test_a_ballot_is_shown_signed_and_verified(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        become(page, "river")
        page.locator("#cast").focus()
        ask(
            page,
            "eth_signTypedData_v4",
            RIVER.upper().replace("X", "x"),
            json.dumps(typed_data(BALLOT, 324, SALT)),
        )
        dialog = page.get_by_role("dialog", name="Sign this ballot?")
        expect(dialog.get_by_role("heading")).to_be_focused()
        expect(dialog).to_contain_text(f"acting as River Castellan, {RIVER}")
        expect(dialog.get_by_role("table", name="Lines").get_by_role("row")).to_have_text(
            ["ProgrammeTypologyShare", "ignitelending35.05 %", "igniteexchanges64.95 %", "*ignite100.00 %"]
        )
        expect(dialog.locator("dt")).to_have_text(
            ["Cycle", "Rules", "Voter", "Nonce", "Reason", "For", "Deployment", "Digest"]
        )
        digest = ballot_digest(BALLOT, domain_separator(324, SALT))
        shown = [
            "12",
            "0x" + "11" * 32,
            RIVER,
            "3",
            BALLOT.reason,
            "TPP, version 1, chain 324",
            "0x" + SALT.hex(),
        ]
        assert dialog.locator("dd").all_text_contents() == [*shown, "0x" + digest.hex()]
        for key in ("Tab", "Enter"):
            page.keyboard.press(key)
        signature = bytes.fromhex(answer(page)[2:])
        assert signature == sign_digest(demo_key("river"), digest)
        assert recover(digest, signature) == BALLOT.voter
        expect(page.locator("#cast")).to_be_focused()

    in_browser(act)


def test_signing_is_declined_by_button_and_by_escape(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        become(page, "river")
        withdrawal = typed_data(replace(BALLOT, lines=(), reason=""), 324, SALT)
        ask(page, "eth_signTypedData_v4", RIVER, withdrawal)
        expect(page.get_by_role("dialog")).to_contain_text("None: this withdraws the ballot.")
        expect(page.get_by_role("dialog")).to_contain_text("(empty)")
        page.get_by_role("button", name="Decline").click()
        assert answer(page) == {"code": 4001, "message": "The signature was declined."}
        ask(page, "eth_signTypedData_v4", RIVER, withdrawal)
        page.evaluate("void (window.first = window.answer)")
        assert request(page, "personal_sign", "0x", RIVER)["code"] == -32002
        page.keyboard.press("Escape")
        assert page.evaluate("window.first")["code"] == 4001

    in_browser(act)


@pytest.mark.parametrize("text", ["Sign in.\n\nNonce: 1", "naïve 🗳️ <b>"])
def test_a_message_is_shown_and_signed(in_browser: InBrowser, text: str) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        become(page, "söréñ")
        key = demo_key("söréñ")
        for message in ("0x" + text.encode().hex(), text):
            ask(page, "personal_sign", message, address_of(key))
            assert page.get_by_role("dialog", name="Sign this message?").locator("pre").text_content() == text
            page.get_by_role("button", name="Sign", exact=True).click()
            assert answer(page) == "0x" + sign_digest(key, personal_digest(text)).hex()
        ask(page, "personal_sign", "0xff00", address_of(key))
        expect(page.locator("dialog pre")).to_have_text("0xff00")

    in_browser(act)


def test_what_it_cannot_sign_is_refused_without_a_question(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        data = typed_data(BALLOT, 324, SALT)
        assert request(page, "eth_signTypedData_v4", RIVER, data)["code"] == 4100
        become(page, "river")
        assert request(page, "personal_sign", "0x", BROOK)["code"] == 4100
        assert request(page, "personal_sign", "0x")["code"] == 4100
        assert request(page, "eth_signTypedData_v4", RIVER, "{")["code"] == -32602
        assert request(page, "eth_signTypedData_v4", RIVER, None)["code"] == -32602
        extra = {**data, "message": {**data["message"], "power": 1}}
        refusal = request(page, "eth_signTypedData_v4", RIVER, extra)
        assert refusal == {
            "code": -32602,
            "message": "The request cannot be read: Ballot has no field power.",
        }
        assert request(page, "eth_signTypedData_v4", RIVER, typed_data(BALLOT, 1, SALT))["code"] == -32602

    in_browser(act)


def test_the_chain_is_whatever_it_is_told(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        for _ in range(2):
            assert request(page, "wallet_switchEthereumChain", {"chainId": "0x12c"}) is None
        assert request(page, "eth_chainId") == "0x12c"
        assert page.evaluate("window.events") == [["chainChanged", "0x12c"]]
        for odd in ("300", "0x", "0x0", 300, None):
            assert request(page, "wallet_switchEthereumChain", {"chainId": odd})["code"] == -32602
        assert request(page, "wallet_switchEthereumChain")["code"] == -32602
        silent = page.evaluate(
            """async () => {
              const seen = [];
              const listen = (chain) => seen.push(chain);
              window.provider.on("chainChanged", listen).removeListener("chainChanged", listen);
              const params = [{ chainId: "0x1" }];
              await window.provider.request({ method: "wallet_switchEthereumChain", params });
              return seen;
            }"""
        )
        assert silent == []

    in_browser(act)


def test_its_dialogs_have_no_accessibility_faults(in_browser: InBrowser) -> None:
    def act(page: Page) -> None:
        open_demo(page)
        ask(page, "eth_requestAccounts")
        assert faults(page) == []
        page.keyboard.type("river")
        page.keyboard.press("Enter")
        answer(page)
        ask(page, "eth_signTypedData_v4", RIVER, typed_data(BALLOT, 324, SALT))
        page.get_by_role("dialog").wait_for()
        assert faults(page) == []

    in_browser(act)


def faults(page: Page) -> list[str]:
    return [violation["id"] for violation in Axe().run(page, context="dialog").response["violations"]]
