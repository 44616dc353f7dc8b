/**
 * The page of a sealed ballot: whoever holds its blind, in the address after # or in this browser, sees the ballot.
 */

import { keptBlind } from "./sealed.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("open-sealed"));
const inAddress = /^#blind=(0x[0-9a-f]{64})$/.exec(location.hash)?.[1] ?? "";
const blind = inAddress || keptBlind(`0x${form.dataset.commitment}`);

/** Show the ballot in the place of this page, whose address can then still be kept and loaded again. */
async function open() {
  const answer = await fetch(location.pathname, { method: "POST", body: new URLSearchParams({ blind }), cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main");
  if (!main) return;
  document.querySelector("main")?.replaceWith(document.adoptNode(main));
  document.title = page.title;
  await import("./check-receipt.js"); // checks the receipt that stands on the page now
}

if (blind) open().catch(() => undefined); // without the server the form still stands there
