/** What rules.json must look like before anything is reckoned by it. Equal to votes/record/verify/ruling.py. */

import { checkBounds } from "./amounts.js";
import { parseCanonical } from "./canonical.js";
import { isInstant } from "./instants.js";
import { AMOUNT, FRACTION, HASH, isText, isTruth, isWhole, listOf, matching, nullable } from "./shapes.js";
import { RULES as NAMES } from "./tally.js";

/** @typedef {import("./shapes.js").Form} Form */
/** @typedef {import("./shapes.js").Forms} Forms */

const LONGEST_WINDOW = 2 ** 32; // seconds
const FALLBACKS = ["return_to_reserve", "repeat_last_split", "equal_split"];
const NUMBER = matching(/^(?:0|[1-9][0-9]{0,15})$/);

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
/** @param {number} most @returns {Form} */
const upTo = (most) => (value) => isWhole(value) && /** @type {number} */ (value) <= most;

/** @param {string} where @param {unknown} value @param {Forms} needed @param {Forms} [optional] */
function check(where, value, needed, optional = {}) {
  if (!isObject(value)) throw new TypeError(`${where} is no object`);
  for (const name of Object.keys(needed)) if (!Object.hasOwn(value, name)) throw new TypeError(`${where} lacks "${name}"`);
  for (const name of Object.keys(value)) {
    const form = Object.hasOwn(needed, name) ? needed[name] : Object.hasOwn(optional, name) ? optional[name] : null;
    if (!form) throw new TypeError(`${where} has a field "${name.slice(0, 40)}" that is not known`);
    if (!form(value[name])) throw new TypeError(`"${name}" in ${where} has not the form that it must have`);
  }
}

/** @param {Forms} needed @param {Forms} [optional] @returns {Form} */
const object = (needed, optional) => (value) => {
  try {
    check("it", value, needed, optional);
  } catch {
    return false;
  }
  return true;
};

/** @type {Form} */
const areShares = (value) => isObject(value) && Object.values(value).every(FRACTION);
const INSTANTS = { announced_at: isInstant, snapshot_at: isInstant, opens_at: isInstant, closes_at: isInstant, settles_at: isInstant };
const OPTION = object({ typology: isText, name: isText, floor: upTo(10_000), cap: upTo(10_000) });
/** @type {Forms} */
const CONTEST = {
  programme: isText,
  name: isText,
  budget: nullable(AMOUNT),
  rule: (value) => NAMES.has(/** @type {string} */ (value)),
  quorum: object({ power: upTo(10_000), voters: isWhole }),
  fallback: (value) => FALLBACKS.includes(/** @type {string} */ (value)),
  options: listOf(OPTION),
};
const LAST_SPLIT = { last_split: nullable(object({ cycle: NUMBER, shares: areShares })) };
/** @type {Forms} */
const RULES = {
  version: (value) => value === 1,
  cycle: NUMBER,
  origin: isText,
  deployment: HASH,
  receipt_key: HASH,
  instants: object(INSTANTS),
  challenge: object({ window_seconds: upTo(LONGEST_WINDOW) }),
  token: object({ chain_id: isWhole, address: isText, symbol: isText, decimals: isWhole }),
  power: object({ source: isText, sha256: matching(/^[0-9a-f]{64}$/), holders: isWhole, total: AMOUNT }),
  limits: object({ least_power: AMOUNT }, { ballots_per_voter: isWhole, reason_bytes: isWhole, lines: isWhole }),
  amounts: isText,
  contests: Array.isArray,
  facilitators: listOf(object({ programme: isText, wallet: isText, ends_at: isInstant, pay_rule: isText })),
};
const OPTIONAL = { live_results: isTruth, waiting_seconds: upTo(LONGEST_WINDOW) };

/** @param {string} what @param {string[]} names */
function noTwo(what, names) {
  if (new Set(names).size < names.length) throw new TypeError(`two ${what} have the same name`);
}

/**
 * The document in the text of rules.json.
 * @param {string} json
 * @returns {any}
 * @throws {Error} where it is none, or nothing could be tallied by it; the message says why
 */
export function checkRules(json) {
  const document = /** @type {any} */ (parseCanonical(json));
  check("rules.json", document, RULES, OPTIONAL);
  document.contests.forEach((/** @type {any} */ contest, /** @type {number} */ at) => {
    const where = `contest ${at + 1}`;
    check(where, contest, CONTEST, LAST_SPLIT);
    noTwo(`options of ${where}`, contest.options.map((/** @type {any} */ { typology }) => typology));
    checkBounds(contest.options);
  });
  noTwo("contests", document.contests.map((/** @type {any} */ { programme }) => programme));
  return document;
}
