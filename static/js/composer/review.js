/**
 * Before signing: the same words and numbers that the wallet will show, and a way back.
 */

import { button, element, openDialog } from "../dom.js";
import { percentText } from "./shares.js";

/** @param {import("../eip712.js").Ballot} ballot @param {import("./contest.js").Contest[]} contests */
export function ballotTable({ lines }, contests) {
  const nameOf = (/** @type {import("../eip712.js").Line} */ line) => {
    const contest = contests.find(({ programme }) => programme === line.programme);
    return [contest?.name ?? line.programme, contest?.options.find(({ typology }) => typology === line.typology)?.name ?? line.typology];
  };
  const head = element("tr", {}, element("th", { scope: "col" }, "programme, typology"), element("th", { scope: "col", className: "n" }, "share"), element("th", { scope: "col", className: "n" }, "basisPoints"));
  const rows = lines.map((line) => element("tr", {},
    element("td", {}, nameOf(line).join(": "), " ", element("code", {}, `${line.programme} ${line.typology}`)),
    element("td", { className: "n" }, `${percentText(line.basisPoints)} %`), element("td", { className: "n" }, String(line.basisPoints))));
  return element("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": "Lines of the ballot" },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

/** @param {import("../eip712.js").Ballot} ballot @param {number} chainId */
export function ballotFacts({ cycle, rules, voter, nonce, reason }, chainId) {
  const facts = { cycle, voter, reason: reason || "(empty)", nonce: String(nonce), rules, chain: String(chainId) };
  return element("dl", { className: "facts" }, ...Object.entries(facts).flatMap(([name, value]) => [
    element("dt", {}, name),
    element("dd", { className: /rules|voter/.test(name) ? "hash" : "kept-lines" }, value),
  ]));
}

/**
 * @param {import("../eip712.js").Ballot} ballot @param {import("./contest.js").Contest[]} contests @param {number} chainId
 * @param {(closed: () => void) => void} watch is given what closes the dialog, should the wallet change meanwhile
 * @returns {Promise<boolean>} whether to go on to the wallet
 */
export async function review(ballot, contests, chainId, watch) {
  let goesOn = false;
  const withdraws = !ballot.lines.length;
  const { closed } = openDialog(withdraws ? "Withdraw your ballot?" : "This is what you sign", (close) => {
    watch(close);
    return [
      element("p", {}, withdraws
        ? "You sign an empty ballot. It replaces the one you sent: from then on you abstain everywhere in this cycle. Both stay public, and until closing you can send another."
        : "Your wallet shows these words and numbers. 10,000 basis points are 100 %. If anything differs there, decline."),
      ...(withdraws ? [] : [ballotTable(ballot, contests)]),
      ballotFacts(ballot, chainId),
      element("div", { className: "actions" }, button("Back", close), button(withdraws ? "Withdraw in my wallet" : "Sign in my wallet", () => {
        goesOn = true;
        close();
      }, "primary")),
    ];
  }, "review");
  await closed;
  return goesOn;
}
