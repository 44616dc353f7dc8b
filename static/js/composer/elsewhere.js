/**
 * Signing in another place: the exact typed data out, a signature in. For command lines, hardware, other machines.
 */

import { button, download, element, openDialog } from "../dom.js";
import { ballotTypedData } from "../eip712.js";
import { RefusedError } from "../http.js";
import { prepare, signerOf } from "./signing.js";
import { short } from "./wallet-steps.js";

/** A signature as the server takes it; a contract's may have any length. @param {string} text @param {boolean} isContract @returns {string | null} */
export function canonicalSignature(text, isContract) {
  const hex = text.trim().toLowerCase().replace(/^(0x)?/, "0x");
  if (!(isContract ? /^0x([0-9a-f]{2})*$/ : /^0x[0-9a-f]{130}$/).test(hex)) return null;
  const last = Number("0x" + hex.slice(-2));
  return hex.length === 132 && last < 2 ? hex.slice(0, -2) + (27 + last).toString(16) : hex;
}

/**
 * @param {import("./signing.js").Page & {voter?: string | null}} page
 * @param {{lines: import("../eip712.js").Line[], reason: string}} composed
 * @param {(ballot: import("../eip712.js").Ballot, signature: string) => void} send
 */
export function openElsewhere(page, composed, send) {
  const storeKey = `tpp-elsewhere-${page.rules}`;
  /** @type {import("../eip712.js").Ballot | null} */
  let ballot = null;
  const address = element("input", { id: "elsewhere-address", type: "text", spellcheck: false, autocomplete: "off", placeholder: "0x…", value: page.voter ?? "" });
  const data = element("textarea", { id: "elsewhere-data", rows: 7, readOnly: true, spellcheck: false });
  const signature = element("textarea", { id: "elsewhere-signature", rows: 3, spellcheck: false });
  const contract = element("input", { id: "elsewhere-contract", type: "checkbox" });
  const trouble = element("p", { className: "why", role: "alert" });
  const name = `ballot-cycle-${page.cycle}.json`;
  const steps = element("div", { hidden: true });
  const show = (/** @type {import("../eip712.js").Ballot} */ made) => {
    ballot = made;
    localStorage.setItem(storeKey, JSON.stringify(made));
    address.value = made.voter;
    data.value = JSON.stringify(ballotTypedData(made, page.chainId, page.salt), null, 1);
    steps.hidden = false;
    trouble.textContent = "";
  };
  const make = async () => {
    const voter = address.value.trim().toLowerCase();
    if (!/^0x[0-9a-f]{40}$/.test(voter)) {
      trouble.textContent = "An address is 0x and 40 digits from 0 to 9 and a to f.";
      return;
    }
    try {
      show(await prepare(page, voter, composed.lines, composed.reason));
    } catch (error) {
      trouble.textContent = error instanceof RefusedError ? error.words : "The server could not be reached. Try again.";
    }
  };
  const copy = async () => {
    data.select();
    await navigator.clipboard?.writeText(data.value).catch(() => {});
  };
  openDialog("Sign in another place", (close) => {
    const finish = () => {
      // A contract wallet may know the text already, approved on the chain: then there is no signature to paste.
      const given = canonicalSignature(signature.value, contract.checked);
      if (!ballot) return;
      if (!given) {
        trouble.textContent = "A signature is 0x and 130 digits from 0 to 9 and a to f. Only a contract wallet's may be of another length.";
        return;
      }
      const signer = given === "0x" ? "" : signerOf(ballot, given, page);
      if (signer !== ballot.voter && !contract.checked) {
        trouble.textContent = signer
          ? `This is a signature by ${short(signer)}, of this or another text, not by ${short(ballot.voter)}. Sign the text above as it is.`
          : "Nobody's key can have made this signature of the text above. Sign the text as it is, and paste all of the signature.";
        return;
      }
      localStorage.removeItem(storeKey);
      close();
      send(ballot, given);
    };
    steps.append(
      element("label", { htmlFor: data.id }, "2. Sign exactly this text (EIP-712 typed data)"), data,
      element("div", { className: "tools" }, button("Copy", copy, "quiet"), button("Save as a file", () => download(name, data.value, "application/json"), "quiet")),
      element("p", {}, "With Foundry's cast, from that file; --ledger, --trezor, --account and --interactive say where the key is:"),
      element("pre", {}, `cast wallet sign --data --from-file ${name} --ledger`),
      element("label", { htmlFor: signature.id }, "3. Paste the signature"), signature,
      element("p", { className: "tick" }, contract, element("label", { htmlFor: contract.id }, "The address is a contract wallet: only the contract can check the signature")),
    );
    return [
      element("p", {}, "For a hardware wallet, a command line or another machine. Nothing leaves this page before you press “Check and send”."),
      element("label", { htmlFor: address.id }, "1. The address that votes"), address,
      element("div", { className: "tools" }, button("Make the text to sign", make)),
      steps, trouble,
      element("div", { className: "actions" }, button("Close", close), button("Check and send", finish, "primary")),
    ];
  }, "elsewhere");
  const kept = JSON.parse(localStorage.getItem(storeKey) ?? "null");
  if (kept && JSON.stringify(kept.lines) === JSON.stringify(composed.lines)) show(kept);
}
