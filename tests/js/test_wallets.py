"""Finding wallets and asking them, with wallets that behave well and wallets that do not."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

InBrowser = Callable[[Callable[[Page], Any]], Any]
ACCOUNT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

# `fake(answers)` is a provider that answers each method from the table (an Error is thrown) and keeps a log.
PRELUDE = """
const W = await import("/js/wallets.js");
const fake = (answers) => {
  const log = [];
  return { log, request: async ({ method, params }) => {
    log.push(params ? [method, params] : [method]);
    const answer = typeof answers[method] === "function" ? answers[method](params) : answers[method];
    if (answer?.code !== undefined) throw answer;
    return answer;
  } };
};
const announce = (info, provider) => window.dispatchEvent(
  new CustomEvent("eip6963:announceProvider", { detail: { info, provider } }));
const outcome = (promise) => promise.then(
  (value) => ({ value }), (error) => ({ code: error.code, words: error.words, name: error.name }));
"""


def evaluate(in_browser: InBrowser, body: str, argument: object = None) -> Any:
    def act(page: Page) -> Any:
        page.goto("/plain")
        return page.evaluate(f"async (input) => {{ {PRELUDE} {body} }}", argument)

    return in_browser(act)


def test_wallets_are_found_once_and_with_safe_icons(in_browser: InBrowser) -> None:
    found = evaluate(
        in_browser,
        """
        const provider = fake({});
        const tell = () => {
          announce({ uuid: "1", name: "One", icon: "data:image/png;base64,AA==", rdns: "org.one" }, provider);
          announce({ uuid: "2", name: "", icon: "https://spy.example/pixel", rdns: "org.two" }, provider);
          announce({ uuid: "3", name: "No provider" }, {});
          announce({ name: "No id" }, provider);
          announce(null, provider);
          window.dispatchEvent(new CustomEvent("eip6963:announceProvider"));
        };
        window.addEventListener("eip6963:requestProvider", tell);
        tell();
        window.ethereum = fake({});
        await W.discover({ wait: 1 });
        const wallets = await W.discover({ wait: 1 });
        return wallets.map(({ provider: same, ...info }) => [info, same === provider]);
        """,
    )
    assert found == [
        [{"uuid": "1", "name": "One", "icon": "data:image/png;base64,AA==", "rdns": "org.one"}, True],
        [{"uuid": "2", "name": "Wallet without a name", "icon": "", "rdns": "org.two"}, True],
    ]


def test_a_wallet_that_announces_nothing_is_found_also_beside_the_demo_s(in_browser: InBrowser) -> None:
    found = evaluate(
        in_browser,
        """
        const none = await W.discover({ wait: 1 });
        window.ethereum = fake({});
        const alone = await W.discover({ wait: 1 });
        announce({ uuid: "d", name: "Demo wallet", rdns: "demo.tpp.local" }, fake({}));
        return [none, alone, await W.discover({ wait: 1 })].map((list) => list.map(({ name }) => name));
        """,
    )
    assert found == [[], ["Browser wallet"], ["Demo wallet", "Browser wallet"]]


def test_an_account_is_asked_for_only_if_need_be(in_browser: InBrowser) -> None:
    given, log, asked, fresh, odd = evaluate(
        in_browser,
        """
        const known = fake({ eth_accounts: [input], eth_requestAccounts: ["0x" + "11".repeat(20)] });
        const fresh = fake({ eth_accounts: [], eth_requestAccounts: [input] });
        const given = await W.requestAccount(known);
        const asked = await W.requestAccount(known, { ask: true });
        const odd = [];
        for (const answer of [[], null, ["x"], [null], "0x"]) {
          odd.push(await outcome(W.requestAccount(fake({ eth_requestAccounts: answer }))));
        }
        return [given, known.log, asked, await W.requestAccount(fresh), odd];
        """,
        ACCOUNT,
    )
    assert given == fresh == ACCOUNT.lower()
    assert log == [["eth_accounts"], ["eth_requestAccounts"]]
    assert asked == "0x" + "11" * 20
    assert all(
        each == {"code": 0, "words": "Your wallet gave no account.", "name": "WalletError"} for each in odd
    )


def test_the_chain_is_switched_or_the_reason_told(in_browser: InBrowser) -> None:
    there, switched, unknown, nested, stays, declined = evaluate(
        in_browser,
        """
        const there = fake({ eth_chainId: "0x144" });
        await W.ensureChain(there, 324);
        let chain = "0x1";
        const switching = fake({
          eth_chainId: () => chain,
          wallet_switchEthereumChain: ([{ chainId }]) => { chain = chainId; return null; },
        });
        await W.ensureChain(switching, 324);
        const refusing = (error) => outcome(
          W.ensureChain(fake({ eth_chainId: "0x1", wallet_switchEthereumChain: error }), 324));
        return [there.log, switching.log, await refusing({ code: 4902, message: "Unrecognized chain" }),
          await refusing({ code: -32603, data: { originalError: { code: 4902 } } }),
          await refusing(null), await refusing({ code: 4001 })];
        """,
    )
    assert there == [["eth_chainId"]]
    assert switched[1] == ["wallet_switchEthereumChain", [{"chainId": "0x144"}]]
    assert unknown == nested
    assert unknown["code"] == 4902
    assert "does not know the network with chain id 324" in unknown["words"]
    assert stays["code"] == 4901
    assert "Switch it to chain id 324" in stays["words"]
    assert declined["code"] == 4001


def test_signatures_come_in_the_form_that_the_server_takes(in_browser: InBrowser) -> None:
    signatures = [
        "0x" + "AB" * 64 + "1b",
        "0x" + "ab" * 64 + "00",
        "0x" + "ab" * 64 + "01",
        "0x" + "ab" * 100,
        "0x",
        "nonsense",
        None,
    ]
    typed, personal, log = evaluate(
        in_browser,
        """
        const typed = [], personal = [], log = [];
        for (const signature of input) {
          const provider = fake({ eth_signTypedData_v4: signature, personal_sign: signature });
          typed.push(await outcome(W.signTypedData(provider, "0xme", { primaryType: "Ballot" })));
          personal.push(await outcome(W.personalSign(provider, "0xme", "é")));
          log.push(provider.log);
        }
        return [typed, personal, log[0]];
        """,
        signatures,
    )
    assert typed == personal
    assert [each.get("value") for each in typed] == [
        "0x" + "ab" * 64 + "1b",
        "0x" + "ab" * 64 + "1b",
        "0x" + "ab" * 64 + "1c",
        "0x" + "ab" * 100,
        "0x",
        None,
        None,
    ]
    assert typed[-1]["words"] == "Your wallet gave no signature."
    assert log == [
        ["eth_signTypedData_v4", ["0xme", '{"primaryType":"Ballot"}']],
        ["personal_sign", ["0xc3a9", "0xme"]],
    ]


def test_refusals_are_told_in_words(in_browser: InBrowser) -> None:
    errors = [
        {"code": 4001, "message": "MetaMask Tx Signature: User denied"},
        {"code": -32002, "message": "Already processing"},
        {"code": -32603, "message": "Internal", "data": {"originalError": {"code": 4001}}},
        {"code": -1, "message": "out of cheese " * 100},
        {"code": 7},
    ]
    told = evaluate(
        in_browser,
        """
        const told = [];
        for (const error of input) {
          told.push(await outcome(W.personalSign(fake({ personal_sign: error }), "0x", "")));
        }
        told.push(await outcome(W.personalSign({ request() { throw "just text"; } }, "0x", "")));
        return told;
        """,
        errors,
    )
    declined = "You declined in your wallet; nothing was sent."
    assert [each["code"] for each in told] == [4001, -32002, 4001, -1, 7, 0]
    assert told[0]["words"] == told[2]["words"] == declined
    assert "still asking" in told[1]["words"]
    assert told[3]["words"].startswith("Your wallet answered: out of cheese")
    assert len(told[3]["words"]) < 250
    assert told[4]["words"] == told[5]["words"] == "Your wallet failed without saying why."
