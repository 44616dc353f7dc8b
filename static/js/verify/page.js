/** The verification on the record's page: what to check, how far it is, and what came of each check. */

import { byId, element } from "../dom.js";

/** @typedef {import("./checks.js").Outcome} Outcome */
/** @typedef {import("./run.js").Progress} Progress */
/** @typedef {import("./run.js").Verdict} Verdict */

const MARKS = /** @type {const} */ ({
  pass: ["holds", "Passed"],
  fail: ["fails", "Failed"],
  "could not check": ["unknown", "Could not check"],
  "does not apply": ["beside", "Does not apply"],
});
const MOST_THREADS = 8;

const form = /** @type {HTMLFormElement} */ (byId("verify-form"));
const record = /** @type {HTMLSelectElement} */ (byId("verify-record"));
const own = /** @type {HTMLInputElement} */ (byId("verify-file"));
const bar = /** @type {HTMLProgressElement} */ (byId("verify-bar"));
const place = byId("verify-progress");
const status = byId("verify-status");
const stop = /** @type {HTMLButtonElement} */ (byId("verify-stop"));
const list = byId("checks");
/** @type {Worker | null} */
let worker = null;
let started = 0;

/** @param {number} number */
const inWords = (number) => number.toLocaleString("en");
/** @param {number} number @param {string} thing */
const several = (number, thing) => `${inWords(number)} ${thing}${number === 1 ? "" : "s"}`;

/** Say it where screen readers hear it: only how it begins and how it ends. @param {string} words @param {"" | "bad" | "warn" | "good"} [tone] */
function say(words, tone = "") {
  status.className = tone ? `notice ${tone}` : "";
  status.textContent = words;
}

/** @param {Outcome} outcome */
function show({ name, status: state, findings, faults, why }) {
  const item = list.querySelector(`[data-check="${name}"]`);
  if (!item) return;
  const [className, words] = MARKS[state];
  item.className = className;
  const mark = /** @type {HTMLElement} */ (item.querySelector("b"));
  mark.textContent = faults > 1 ? `${words}, ${several(faults, "fault")}` : words;
  item.querySelector(".found")?.remove();
  if (why) item.append(element("p", { className: "found" }, why));
  if (findings.length) item.append(element("dl", { className: "found" }, ...findings.flatMap(({ where, expected, found }) => [
    element("dt", {}, where),
    element("dd", {}, element("span", {}, "expected "), element("code", {}, expected)),
    element("dd", {}, element("span", {}, "found "), element("code", {}, found)),
  ])));
}

/** @param {Progress} progress */
function showProgress({ ballots, checked, bytes }) {
  const size = Number(own.files?.[0]?.size ?? record.selectedOptions[0].dataset.size);
  const known = own.files?.length ? 0 : Number(form.dataset.ballots);
  if (bytes <= size) Object.assign(bar, { max: size, value: bytes });
  const rate = Math.round((1000 * checked) / (performance.now() - started));
  place.textContent = ballots
    ? `Ballot ${inWords(checked)} of ${known ? inWords(known) : `${inWords(ballots)} read so far`}, ${inWords(rate)} a second`
    : "Reading rules and voting power …";
}

/** @param {Verdict} verdict */
function conclude({ header, outcomes, recordHash, ballots }) {
  outcomes.forEach(show);
  const count = (/** @type {string} */ state) => outcomes.filter((outcome) => outcome.status === state).length;
  const [failed, unknown] = [count("fail"), count("could not check")];
  const names = outcomes.filter((outcome) => outcome.status === "fail").map(({ name }) => name).join(", ");
  const passed = `${several(count("pass"), "check")} passed`;
  const seconds = Math.max(1, Math.round((performance.now() - started) / 1000));
  const published = [...record.options].find(({ dataset }) => dataset.hash && dataset.hash === recordHash);
  const same = published ? " The file is byte for byte the one whose SHA-256 stands above." : " The file is none of those that stand above.";
  const what = header ? `Cycle ${header.cycle}, ${header.kind} record, ${several(ballots, "ballot")}, ${several(seconds, "second")}.` : "";
  if (failed) say(`This record is not right: ${failed} failed (${names}), ${unknown} could not be made, ${passed}. ${what}${same}`, "bad");
  else if (unknown) say(`${passed}, none failed; ${unknown} that apply could not be made. ${what}${same}`, "warn");
  else say(`Every check that applies passed: this record is right. ${passed}. ${what}${same}`, "good");
}

/** @param {boolean} isBusy */
function setBusy(isBusy) {
  for (const part of form.querySelectorAll("input, select, [type=submit]")) /** @type {HTMLInputElement} */ (part).disabled = isBusy;
  byId("verify-work").hidden = stop.hidden = !isBusy;
}

function end() {
  worker?.terminate();
  worker = null;
  setBusy(false);
}

function begin() {
  for (const item of list.children) {
    item.className = "";
    /** @type {HTMLElement} */ (item.querySelector("b")).textContent = "Not yet checked";
    item.querySelector(".found")?.remove();
  }
  const files = (/** @type {string} */ id) => [.../** @type {HTMLInputElement} */ (byId(id)).files ?? []];
  /** @type {HTMLDetailsElement} */ (byId("all-checks")).open = true;
  bar.removeAttribute("value");
  place.textContent = "Starting …";
  started = performance.now();
  setBusy(true);
  say("Checking …");
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onerror = () => {
    say("This browser cannot run the check. The command below does the same.", "warn");
    end();
  };
  worker.onmessage = ({ data: { outcome, progress, verdict, error } }) => {
    if (outcome) show(outcome);
    if (progress) showProgress(progress);
    if (verdict) conclude(verdict);
    if (error) say(`The check could not be finished: ${error}`, "warn");
    if (verdict || error) end();
  };
  worker.postMessage({
    address: record.value,
    file: own.files?.[0],
    receipts: files("verify-receipts"),
    heads: files("verify-heads"),
    threads: Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1),
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!worker) begin();
});
stop.addEventListener("click", () => {
  end();
  say("Stopped. What stands below was found until then.", "warn");
  /** @type {HTMLElement} */ (form.querySelector("[type=submit]")).focus();
});
form.hidden = false;
