"""Ballot pages to write on: communities of any size, and wallets of every temper in the browser."""

import json
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Page

from programmes.actions import NewTypology, found_programme
from programmes.models import MetaProgramme
from tests.factories import HOUR, UNIT, Community, key_of, make_community, make_cycle, statement
from votes.models import Cycle, ScheduledContest
from votes.models.cycles import Option

NAMES = [
    "Lending", "Exchanges", "Perpetuals", "Bridges", "Stable assets", "Oracles", "Games", "Wallets", "Data",
    "Developer tools", "Audits", "Bounties", "Education", "Events", "Translations", "Payments", "Identity",
]  # fmt: skip

# A wallet that signs with a real key, and does what the test tells it. `window.wallets` holds each by its name.
WALLET = """
window.wallets ??= {};
window.addWallet = ({ name, key, chainId = "0x144", announced = true, answers = {} }) => {
  const listeners = {};
  const provider = {
    name, key, chainId, answers, log: [], known: ["0x144", "0x1"],
    on(event, listener) { (listeners[event] ??= new Set()).add(listener); },
    removeListener(event, listener) { listeners[event]?.delete(listener); },
    emit(event, value) { for (const listener of [...(listeners[event] ?? [])]) listener(value); },
    async address() { return (await import("/static/js/crypto/secp256k1.js")).addressOf(this.bytes()); },
    bytes() { return Uint8Array.from(this.key.match(/../g), (pair) => parseInt(pair, 16)); },
    async become(key) { this.key = key; this.emit("accountsChanged", [await this.address()]); },
    async request({ method, params }) {
      this.log.push(method);
      const answer = this.answers[method];
      if (answer === "never") return new Promise(() => {});
      if (answer) throw answer;
      if (method === "eth_accounts" || method === "eth_requestAccounts") return [await this.address()];
      if (method === "eth_chainId") return this.chainId;
      if (method === "wallet_switchEthereumChain") {
        if (!this.known.includes(params[0].chainId)) throw { code: 4902, message: "Unrecognized chain ID" };
        this.chainId = params[0].chainId;
        this.emit("chainChanged", this.chainId);
        return null;
      }
      if (method === "eth_signTypedData_v4") {
        const typedData = this.signed = JSON.parse(params[1]);
        if (Number(this.chainId) !== typedData.domain.chainId)
          throw { code: -32603, message: "Provided chainId must match the active chainId" };
        const [{ sign }, { typedDataDigest }, { toHex }] = await Promise.all(
          ["crypto/secp256k1", "eip712", "crypto/bytes"].map((file) => import(`/static/js/${file}.js`)));
        return toHex(await sign(typedDataDigest(typedData), this.bytes()));
      }
      throw { code: 4200, message: "unsupported" };
    },
  };
  window.wallets[name] = provider;
  if (!announced) { window.ethereum = provider; return; }
  const detail = Object.freeze({ info: { uuid: name, name, icon: "", rdns: `org.${name.toLowerCase()}` }, provider });
  const tell = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", tell);
  tell();
};
"""


def give_wallet(page: Page, name: str = "Fox", *, of: str = "alice", **more: object) -> None:
    """A wallet with `of`'s key in this page, at once and after every load."""
    made = {"name": name, "key": key_of(of).hex(), **more}
    page.add_init_script(f"{WALLET} window.addWallet({json.dumps(made)});")


def wallet_log(page: Page, name: str = "Fox") -> list[str]:
    log: list[str] = page.evaluate("(name) => window.wallets[name].log", name)
    return log


def typologies(count: int) -> list[NewTypology]:
    """So many options, the first with a cap, the second with a floor."""
    made = []
    for at in range(count):
        name = NAMES[at % len(NAMES)] + (f" {at // len(NAMES) + 1}" if at >= len(NAMES) else "")
        bounds: dict[str, Any] = {0: {"cap": 5_000}}.get(at, {})
        slug = name.lower().replace(" ", "-")
        made.append(
            NewTypology(slug, name, f"Work that makes {name.lower()} better for everybody.", **bounds)
        )
    return made


def open_cycle(counts: Iterable[int] = (4, 4, 4)) -> Cycle:
    """An open cycle with one contest of so many options each, in place of the community's own two."""
    community: Community = make_community()
    add_programmes(community, counts)
    return make_cycle(community)


def add_programmes(community: Community, counts: Iterable[int]) -> None:
    meta: MetaProgramme = community.meta
    ScheduledContest.objects.filter(schedule=community.schedule).delete()
    words = [("growth", "Growth of the network"), ("public-goods", "Public goods"), ("safety", "Safety")]
    for position, (count, (slug, name)) in enumerate(zip(counts, words, strict=False)):
        made = statement(slug)
        programme = found_programme(
            meta=meta,
            statement=type(made)(**{**made.__dict__, "name": name}),
            budget=(300 - 100 * position) * UNIT * 1_000,
            typologies=typologies(count),
            at=community.schedule.first_opens_at - 50 * HOUR,
        )
        ScheduledContest.objects.create(
            schedule=community.schedule, programme=programme, rule="ladder", position=position
        )


def options_of(cycle: Cycle) -> list[Option]:
    return list(Option.objects.filter(cycle=cycle).select_related("contest"))
