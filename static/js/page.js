/**
 * What every page does: countdowns by the server's clock, instants in the reader's own time, sign-in.
 */

import { personalSign, requestAccount, walletError } from "./wallets.js";
import { chooseWallet } from "./choose-wallet.js";
import { postJson, RefusedError } from "./http.js";
import { CHANGED, leaveNothingBehind, showNotSent } from "./local-drafts.js";

const offset = Date.parse(document.body.dataset.now ?? "") - Date.now();

/** The server's clock [ms]. */
export const serverNow = () => Date.now() + (Number.isNaN(offset) ? 0 : offset);

/** @param {number} ms @returns {string} 2 d 04:12, 3:04 h, 9:05 min */
function inWords(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (d) return `${d} d ${two(h)}:${two(m)}`;
  return h ? `${h}:${two(m)} h` : `${m}:${two(seconds % 60)} min`;
}

function tickCountdowns() {
  let ended = false;
  for (const span of document.querySelectorAll("[data-countdown]")) {
    const left = Date.parse(/** @type {HTMLElement} */ (span).dataset.countdown ?? "") - serverNow();
    span.textContent = inWords(left);
    ended ||= left <= 0 && left > -2000;
  }
  for (const track of document.querySelectorAll("svg.track")) {
    const { start, end } = /** @type {SVGElement} */ (track).dataset;
    const [from, to] = [Date.parse(start ?? ""), Date.parse(end ?? "")];
    const share = Math.min(1, Math.max(0, (serverNow() - from) / (to - from)));
    track.querySelector(".past")?.setAttribute("width", `${(share * 100).toFixed(2)}%`);
  }
  return ended;
}

function showOwnTimes() {
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(/** @type {HTMLTimeElement} */ (time).dateTime);
    if (at.getTimezoneOffset() === 0) continue;
    const sameDay = at.getDate() === at.getUTCDate();
    const own = `${sameDay ? "" : `${day.format(at)} `}${clock.format(at)} your time`;
    if (time.hasAttribute("data-own")) time.append(`, ${own}`);
    else time.setAttribute("title", own);
  }
}

/** @param {string} words */
export function showTrouble(words) {
  const trouble = document.getElementById("trouble");
  if (!trouble) return;
  trouble.textContent = words;
  trouble.hidden = !words;
  if (words) trouble.scrollIntoView({ block: "nearest" });
}

/** Sign in with a wallet of the reader's choice, then show the page as they see it. */
async function signIn() {
  showTrouble("");
  try {
    const wallet = await chooseWallet();
    if (!wallet) return;
    const address = await requestAccount(wallet.provider, { ask: true });
    const chainId = Number(document.body.dataset.chain);
    const { text } = await postJson("/sign-in/message/", { address, chainId });
    await postJson("/sign-in/finish/", { signature: await personalSign(wallet.provider, address, text) });
    const next = new URLSearchParams(location.search).get("next");
    if (next?.startsWith("/") && !next.startsWith("//")) location.assign(next);
    else if (location.pathname === "/sign-in/") location.assign("/");
    else location.reload();
  } catch (error) {
    showTrouble(error instanceof RefusedError ? error.words : walletError(error).words);
  }
}

showOwnTimes();
showNotSent(serverNow());
addEventListener(CHANGED, (event) => {
  const banner = document.getElementById("not-sent");
  const { typed } = /** @type {CustomEvent} */ (event).detail;
  if (banner) banner.dataset[typed ? "typed" : "forgotten"] = "";
  if (banner) delete banner.dataset[typed ? "forgotten" : "typed"];
  showNotSent(serverNow());
  tickCountdowns();
});
document.querySelector(".who form")?.addEventListener("submit", leaveNothingBehind);
tickCountdowns();
setInterval(() => {
  // a phase has just ended: show the next one, unless somebody is in the middle of something
  if (tickCountdowns() && !document.querySelector("form.busy, dialog[open]")) setTimeout(() => location.reload(), 2500);
}, 1000);
document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("[data-sign-in]");
  if (!link) return;
  event.preventDefault();
  signIn();
});
