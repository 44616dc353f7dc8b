/**
 * The ballot page: shares of every contest, what remains, one signature.
 */

import { ballotTypedData } from "./eip712.js";
import { chooseWallet } from "./choose-wallet.js";
import { getJson, postJson, RefusedError } from "./http.js";
import { showTrouble } from "./page.js";
import { keepReceipt, learnNonce, nextNonce } from "./sealed.js";
import { ensureChain, requestAccount, signTypedData, walletError } from "./wallets.js";

/**
 * @typedef {{typology: string, name: string, floor: number, largest: number}} Option
 * @typedef {{programme: string, name: string, budget: string | null, options: Option[]}} Contest
 */
const WHOLE = 10000;
const page = JSON.parse(document.getElementById("ballot-data")?.textContent ?? "null");
const form = /** @type {HTMLFormElement} */ (document.getElementById("ballot"));
const status = /** @type {HTMLElement} */ (document.getElementById("status"));
const signButton = /** @type {HTMLButtonElement} */ (document.getElementById("sign"));
const draftKey = `tpp-draft-${page.rules}`;
const unsentKey = `tpp-unsent-${page.rules}`;

/** @param {string} text a percentage such as 12.5 or 12,5 @returns {number | null} basis points; null if it is none */
export function basisPoints(text) {
  const trimmed = text.trim().replace(",", ".").replace(/\s*%$/, "");
  if (trimmed === "") return 0;
  const parts = /^(\d{1,3})(?:\.(\d{0,2}))?$/.exec(trimmed);
  if (!parts) return null;
  const points = Number(parts[1]) * 100 + Number((parts[2] ?? "").padEnd(2, "0"));
  return points <= WHOLE ? points : null;
}

/** @param {number} points @returns {string} 12.5 */
export function percentText(points) {
  return String(points / 100);
}

/** @param {bigint} amount [base units] @returns {string} whole tokens with separators */
function tokens(amount) {
  return (amount / 10n ** BigInt(page.decimals)).toLocaleString("en");
}

/** @param {number} share in basis points of basis points @returns {string} 68 % */
function shareText(share) {
  return `${Math.round(share / 100000) / 10} %`;
}

/**
 * What a line comes to; without tokens where the vote over all programmes decides the budget.
 * @param {Contest} contest @param {number} floors @param {number} total in basis points of basis points
 */
function amountWords(contest, floors, total) {
  const share = `${shareText(total)} of the budget`;
  if (contest.budget === null) return share;
  const amount = (BigInt(contest.budget) * BigInt(total)) / BigInt(WHOLE * WHOLE);
  const words = `${tokens(amount)} ${page.symbol}`;
  return floors ? `${words}, ${share}` : words;
}

/** @param {Contest} contest @returns {HTMLInputElement[]} */
function inputs(contest) {
  return [...form.querySelectorAll("input.pct")].filter(
    (input) => /** @type {HTMLInputElement} */ (input).dataset.programme === contest.programme,
  ).map((input) => /** @type {HTMLInputElement} */ (input));
}

/** What is wrong with a line, in words; "" if nothing. @param {Option} option @param {number | null} points */
function fault(option, points) {
  if (points === null) return "Write a percentage from 0 to 100 with at most two decimals.";
  if (points > option.largest) return `At most ${percentText(option.largest)} % can go here by the programme's rules.`;
  return "";
}

/**
 * Show one contest as it stands.
 * @param {Contest} contest
 * @returns {{sum: number, ok: boolean, lines: {programme: string, typology: string, basisPoints: number}[]}}
 */
function show(contest) {
  const section = /** @type {HTMLElement} */ (document.getElementById(`contest-${contest.programme}`));
  const floors = contest.options.reduce((sum, option) => sum + option.floor, 0);
  const lines = [];
  /** @type {[string, string][]} */
  const amounts = [];
  let [sum, ok] = [0, true];
  let start = 0;
  inputs(contest).forEach((input, place) => {
    const option = contest.options[place];
    const points = basisPoints(input.value);
    const faultWords = fault(option, points);
    const why = /** @type {HTMLElement} */ (document.getElementById(`${input.id}-why`));
    why.textContent = faultWords;
    why.hidden = !faultWords;
    input.setAttribute("aria-invalid", String(Boolean(faultWords)));
    ok &&= !faultWords;
    const given = points ?? 0;
    sum += given;
    if (given) lines.push({ programme: contest.programme, typology: option.typology, basisPoints: given });
    // the ballot splits what remains after the floors
    const total = option.floor * WHOLE + (WHOLE - floors) * given;
    amounts.push([`${input.id}-amount`, amountWords(contest, floors, total)]);
    const bar = section.querySelector(`rect[data-place="${place}"]`);
    bar?.setAttribute("x", `${Math.min(start, WHOLE) / 100}%`);
    bar?.setAttribute("width", `${Math.max(0, Math.min(given, WHOLE - start)) / 100}%`);
    start += given;
  });
  for (const [id, words] of amounts) {
    // a contest that is left out gives nothing: no amounts then
    /** @type {HTMLElement} */ (document.getElementById(id)).textContent = sum ? `${words} · ` : "";
  }
  const state = stateOf(sum, ok);
  for (const place of document.querySelectorAll(`[data-state="${contest.programme}"]`)) {
    place.textContent = state.words;
    place.className = state.mark;
  }
  return { sum, ok: ok && (sum === 0 || sum === WHOLE), lines };
}

/** @param {number} sum @param {boolean} ok */
function stateOf(sum, ok) {
  if (!ok) return { words: "has a line to mend", mark: "over-mark" };
  if (sum === 0) return { words: "left out", mark: "muted" };
  if (sum === WHOLE) return { words: "complete", mark: "done-mark" };
  const rest = percentText(Math.abs(WHOLE - sum));
  return sum < WHOLE ? { words: `${rest} % left`, mark: "left-mark" } : { words: `${rest} % too much`, mark: "over-mark" };
}

function showAll() {
  const shown = page.contests.map(show);
  const given = shown.filter((contest) => contest.sum);
  const ready = given.length > 0 && shown.every((contest) => contest.ok);
  signButton.disabled = !ready;
  status.textContent = ready
    ? "Ready to sign."
    : given.length
      ? "Each programme you vote on must give exactly 100 %."
      : "Give at least one programme its 100 %.";
  return shown.flatMap((contest) => contest.lines);
}

/** @param {Contest} contest give what is left evenly to the lines that are empty, or else to all, within the caps */
function spread(contest) {
  const all = inputs(contest).map((input, place) => ({ input, points: basisPoints(input.value) ?? 0, most: contest.options[place].largest }));
  let rest = WHOLE - all.reduce((sum, line) => sum + line.points, 0);
  let open = all.filter((line) => line.points === 0);
  if (!open.length) open = all;
  open = open.filter((line) => line.points < line.most);
  while (rest > 0 && open.length) {
    const each = Math.max(1, Math.floor(rest / open.length));
    for (const line of open) {
      const more = Math.min(each, line.most - line.points, rest);
      line.points += more;
      rest -= more;
    }
    open = open.filter((line) => line.points < line.most);
  }
  for (const line of all) line.input.value = line.points ? percentText(line.points) : "";
}

function saveDraft() {
  const draft = Object.fromEntries([...form.querySelectorAll("input.pct, textarea")].map((field) => [field.id, /** @type {HTMLInputElement} */ (field).value]));
  localStorage.setItem(draftKey, JSON.stringify(draft));
}

function loadDraft() {
  const draft = JSON.parse(localStorage.getItem(draftKey) ?? "{}");
  for (const [id, value] of Object.entries(draft)) {
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById(id));
    if (field && form.contains(field)) field.value = String(value);
  }
}

/** Send signed bytes; the same bytes again are safe and tell whether they are in. @param {string} bytes */
async function send(bytes) {
  localStorage.setItem(unsentKey, bytes);
  const { ballot } = JSON.parse(bytes);
  const answer = await postJson(page.send, bytes).catch((error) => {
    if (page.sealed && error.refusal === "stale_nonce") learnNonce(page, ballot.voter, error.words);
    throw error;
  });
  localStorage.removeItem(unsentKey);
  localStorage.removeItem(draftKey);
  location.assign(
    page.sealed ? keepReceipt(page, ballot, answer) : page.receipts.replace("0".repeat(64), answer.digest.slice(2)),
  );
}

/** @param {any} error */
function explain(error) {
  if (error instanceof RefusedError) {
    if (error.status < 500) localStorage.removeItem(unsentKey);
    return `${error.words} (${error.refusal || error.status})`;
  }
  if (error instanceof TypeError && localStorage.getItem(unsentKey)) {
    return "The server could not be reached. Your signed ballot is kept in this browser; press the button to send the very same one again.";
  }
  return walletError(error).words;
}

async function sign() {
  const lines = showAll();
  const wallet = await chooseWallet();
  if (!wallet) return;
  const voter = await requestAccount(wallet.provider);
  const known = await getJson(page.voters.replace("0x" + "0".repeat(40), voter));
  if (known.power === "0") {
    throw new RefusedError(422, "no_power_at_snapshot", "This account had no voting power when power was frozen for this cycle. Choose another account.");
  }
  const reason = /** @type {HTMLTextAreaElement} */ (document.getElementById("reason")).value.replaceAll("\r\n", "\n").trim().normalize("NFC");
  const nonce = page.sealed ? nextNonce(page, voter) : (known.newest?.nonce ?? 0) + 1;
  const ballot = { cycle: page.cycle, rules: page.rules, voter, nonce, reason, lines };
  await ensureChain(wallet.provider, page.chainId);
  const typedData = ballotTypedData(ballot, page.chainId, page.salt);
  const signature = await signTypedData(wallet.provider, voter, typedData);
  await send(JSON.stringify({ ballot, signature }));
}

form.addEventListener("input", () => {
  showAll();
  saveDraft();
});
form.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button[data-do]");
  if (!button) return;
  const { do: verb, programme } = /** @type {HTMLElement} */ (button).dataset;
  const contest = page.contests.find((/** @type {Contest} */ each) => each.programme === programme);
  if (verb === "spread") spread(contest);
  if (verb === "clear") for (const input of inputs(contest)) input.value = "";
  showAll();
  saveDraft();
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.classList.add("busy");
  signButton.disabled = true;
  showTrouble("");
  status.textContent = "Your wallet asks you to sign.";
  try {
    const unsent = localStorage.getItem(unsentKey);
    await (unsent ? send(unsent) : sign());
  } catch (error) {
    showTrouble(explain(error));
  }
  form.classList.remove("busy");
  showAll();
});

loadDraft();
showAll();
signButton.hidden = false;
