/** rules.json as a verification needs it. Equal to votes/record/rules.py. */

import { toHex, utf8 } from "../crypto/bytes.js";
import { parseFraction } from "./fractions.js";
import { checkRules } from "./ruling.js";
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

/** @param {any} contest @returns {Contest} */
function parseContest(contest) {
  const shares = contest.last_split && Object.entries(contest.last_split.shares).map(([key, share]) =>
    /** @type {const} */ ([key, parseFraction(String(share))]));
  return {
    programme: contest.programme,
    budget: contest.budget === null ? null : BigInt(contest.budget),
    rule: contest.rule,
    quorumPower: contest.quorum.power,
    quorumVoters: contest.quorum.voters,
    fallback: contest.fallback,
    options: contest.options,
    lastSplit: shares ? new Map(shares) : null,
  };
}

/** @param {any} document whose form was checked @returns {Omit<Rules, "hash">} */
function parseDocument({ cycle, origin, deployment, receipt_key, instants, challenge, token, power, limits, contests, live_results }) {
  return {
    cycle,
    origin,
    deployment,
    receiptKey: receipt_key,
    instants: Object.fromEntries(INSTANTS.map((name) => [name, instants[name]])),
    windowSeconds: challenge.window_seconds,
    chainId: token.chain_id,
    power: { ...power, total: BigInt(power.total) },
    limits: {
      ballots: limits.ballots_per_voter ?? 20,
      reasonBytes: limits.reason_bytes ?? 2000,
      leastPower: BigInt(limits.least_power),
      lines: limits.lines ?? null,
    },
    contests: contests.map(parseContest),
    isSealed: live_results === false,
  };
}

/** @param {string} json @returns {string} the hash of rules.json */
export const hashOf = (json) => toHex(sha256(utf8(json)));

/**
 * @param {string} json the text of rules.json
 * @returns {Rules}
 * @throws {TypeError} where it is none
 */
export const parseRules = (json) => ({ ...parseDocument(checkRules(json)), hash: hashOf(json) });
