/** rules.json as a verification needs it. Equal to votes/record/rules.py. */

import { toHex, utf8 } from "../crypto/bytes.js";
import { parseFraction } from "./fractions.js";
import { isInstant } from "./instants.js";
import { sha256 } from "./sha256.js";

/** @typedef {import("./fractions.js").Fraction} Fraction */
/** @typedef {{typology: string, name: string, floor: number, cap: number}} Option */
/**
 * @typedef {object} Contest
 * @property {string} programme
 * @property {bigint | null} budget
 * @property {string} rule
 * @property {number} quorumPower
 * @property {number} quorumVoters
 * @property {string} fallback
 * @property {Option[]} options
 * @property {Map<string, Fraction> | null} lastSplit
 */
/**
 * @typedef {object} Rules
 * @property {string} hash
 * @property {string} cycle
 * @property {string} origin
 * @property {string} deployment
 * @property {string} receiptKey
 * @property {Record<string, string>} instants in the order in which they must ascend
 * @property {number} windowSeconds
 * @property {number} chainId
 * @property {{source: string, sha256: string, holders: number, total: bigint}} power
 * @property {{ballots: number, reasonBytes: number, leastPower: bigint, lines: number | null}} limits
 * @property {Contest[]} contests
 * @property {boolean} isSealed
 */

export const META = "*";
const INSTANTS = ["announced_at", "snapshot_at", "opens_at", "closes_at", "settles_at"];

/** @param {any} value @param {string[]} needed @param {string[]} [optional] */
function fields(value, needed, optional = []) {
  const names = Object.keys(value);
  for (const name of needed) if (!names.includes(name)) throw new TypeError(`${name} is missing`);
  for (const name of names) if (!needed.includes(name) && !optional.includes(name)) throw new TypeError(`${name} is unknown`);
  return value;
}

/** @param {unknown} value */
function whole(value) {
  if (!/^[0-9]+$/.test(String(value))) throw new TypeError(`${value} is no whole number`);
  return BigInt(/** @type {string} */ (value));
}

/** @param {any} value */
function bytes32(value) {
  if (!/^0x[0-9a-f]{64}$/.test(value)) throw new TypeError(`${value} has not 32 bytes`);
  return String(value);
}

/** @param {any} value */
function instants(value) {
  fields(value, INSTANTS);
  for (const name of INSTANTS) if (!isInstant(value[name])) throw new TypeError(`${name} is no instant`);
  return Object.fromEntries(INSTANTS.map((name) => [name, value[name]]));
}

/** @param {any} contest @returns {Contest} */
function parseContest(contest) {
  for (const name of ["programme", "name", "rule", "fallback"]) {
    if (typeof contest[name] !== "string") throw new TypeError(`a contest lacks its ${name}`);
  }
  fields(contest.quorum, [], Object.keys(contest.quorum));
  const last = contest.last_split ?? null;
  const shares = last && Object.entries(last.shares).map(([key, share]) => /** @type {const} */ ([key, parseFraction(String(share))]));
  return {
    programme: contest.programme,
    budget: contest.budget === null ? null : whole(contest.budget),
    rule: contest.rule,
    quorumPower: Number(whole(contest.quorum.power)),
    quorumVoters: Number(whole(contest.quorum.voters)),
    fallback: contest.fallback,
    options: contest.options.map((/** @type {any} */ option) => fields(option, ["typology", "name", "floor", "cap"])),
    lastSplit: shares && new Map(shares),
  };
}

/** @param {any} document @returns {Omit<Rules, "hash">} */
function parseDocument(document) {
  if (document.version !== 1) throw new TypeError(`rules.json of version ${document.version} is not known here`);
  const token = fields(document.token, ["chain_id", "address", "symbol", "decimals"]);
  const power = fields(document.power, ["source", "sha256", "holders", "total"]);
  const limits = fields(document.limits, ["least_power"], ["ballots_per_voter", "reason_bytes", "lines"]);
  const isLive = document.live_results ?? true;
  if (typeof isLive !== "boolean") throw new TypeError("live_results in rules.json is true or false");
  return {
    cycle: String(whole(document.cycle)),
    origin: document.origin,
    deployment: bytes32(document.deployment),
    receiptKey: bytes32(document.receipt_key),
    instants: instants(document.instants),
    windowSeconds: document.challenge.window_seconds,
    chainId: Number(whole(token.chain_id)),
    power: { ...power, total: whole(power.total) },
    limits: {
      ballots: limits.ballots_per_voter ?? 20,
      reasonBytes: limits.reason_bytes ?? 2000,
      leastPower: whole(limits.least_power),
      lines: limits.lines ?? null,
    },
    contests: document.contests.map(parseContest),
    isSealed: !isLive,
  };
}

/** @param {string} json @returns {string} the hash of rules.json */
export const hashOf = (json) => toHex(sha256(utf8(json)));

/**
 * @param {string} json the text of rules.json
 * @returns {Rules}
 * @throws {TypeError} where it is none
 */
export const parseRules = (json) => ({ ...parseDocument(JSON.parse(json)), hash: hashOf(json) });
