/**
 * Which wallet shall act: the only one, or the one that is picked from a list.
 */

import { discover } from "./wallets.js";

/** @param {string} tag @param {Record<string, unknown>} [properties] @param {(Node | string)[]} children */
function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/**
 * @returns {Promise<import("./wallets.js").Wallet | null>} null where nothing was picked
 */
export async function chooseWallet() {
  const wallets = await discover();
  if (wallets.length === 1) return wallets[0];
  return new Promise((resolve) => {
    /** @type {import("./wallets.js").Wallet | null} */
    let picked = null;
    const heading = element("h2", { id: "wallets-title" }, wallets.length ? "Which wallet?" : "No wallet found");
    const close = element("button", { type: "button", onclick: () => dialog.close() }, "Close");
    const list = element("ul", { className: "choices" });
    const dialog = /** @type {HTMLDialogElement} */ (element("dialog", {}, heading));
    dialog.setAttribute("aria-labelledby", "wallets-title");
    for (const wallet of wallets) {
      const pick = () => {
        picked = wallet;
        dialog.close();
      };
      list.append(element("li", {}, element("button", { type: "button", onclick: pick }, wallet.name)));
    }
    if (wallets.length) dialog.append(list);
    else {
      const words =
        "This browser has no wallet. Install a wallet extension, open this page in your wallet's own browser, or sign in another place: with a hardware wallet or a command line.";
      dialog.append(element("p", {}, words));
    }
    dialog.append(element("div", { className: "actions" }, close));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(picked);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
