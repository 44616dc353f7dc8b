/** What each type of line must look like: its fields and the one form of each. Equal to votes/record/shapes.py. */

import { isInstant } from "./instants.js";

/** @typedef {(value: unknown) => boolean} Form */
/** @typedef {Record<string, Form>} Forms */

/** @param {RegExp} pattern anchored @returns {Form} */
export const matching = (pattern) => (value) => typeof value === "string" && pattern.test(value);
/** @param {Form} form @returns {Form} */
export const nullable = (form) => (value) => value === null || form(value);
/** @param {Form} form @returns {Form} */
export const listOf = (form) => (value) => Array.isArray(value) && value.every(form);
/** @type {Form} */
export const isText = (value) => typeof value === "string";
/** @type {Form} */
export const isTruth = (value) => typeof value === "boolean";
/** @type {Form} */
export const isWhole = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;

export const AMOUNT = matching(/^(?:0|[1-9][0-9]{0,77})$/);
export const FRACTION = matching(/^(?:0|[1-9][0-9]{0,1999})(?:\/[1-9][0-9]{0,1999})?$/);
const ADDRESS = matching(/^0x[0-9a-f]{40}$/);
export const HASH = matching(/^0x[0-9a-f]{64}$/);
const BYTES = matching(/^0x(?:[0-9a-f]{2})*$/);
const ED25519 = matching(/^0x[0-9a-f]{128}$/);

const EVIDENCE = {
  chain_id: isWhole,
  standard: matching(/^(?:eip1271|erc6492)$/),
  block: isWhole,
  block_hash: HASH,
  block_at: isInstant,
};
/** @type {Form} */
const isEvidence = (value) => typeof value === "object" && value !== null && !Array.isArray(value)
  && fault("evidence", /** @type {Record<string, unknown>} */ (value), [EVIDENCE, {}]) === null;

const BALLOT = {
  voter: ADDRESS,
  nonce: isWhole,
  options: listOf(isWhole),
  shares: listOf(isWhole),
  reason: HASH,
  digest: HASH,
  signature: nullable(BYTES),
  received_at: isInstant,
};

/** The fields that must stand, and those that may. @type {Record<string, [Forms, Forms]>} */
const SHAPES = {
  header: [{ format: isWhole, kind: isText, cycle: matching(/^(?:0|[1-9][0-9]{0,15})$/), origin: isText, deployment: HASH, software: isText }, {}],
  rules: [{ json: isText, sha256: HASH, published_at: isInstant }, {}],
  power: [
    { source: isText, sha256: HASH, timepoint: isInstant, taken_at: isInstant, holders: isWhole, total: AMOUNT },
    { chain_id: isWhole, block: isWhole, block_hash: HASH },
  ],
  holder: [{ address: ADDRESS, power: AMOUNT }, {}],
  head: [{ size: isWhole, root: HASH, published_at: isInstant, signature: ED25519 }, {}],
  ballot: [
    { ...BALLOT, position: isWhole, sequence: isWhole, replaced: isTruth },
    { blind: HASH, commitment: HASH, evidence: isEvidence },
  ],
  waiting: [{ ...BALLOT, verdict: isText, words: isText }, { evidence: isEvidence }],
  exclusion: [{ position: isWhole, contest: isText, check: isText, words: isText }, {}],
  certificate: [{ certified_at: isInstant, ballot_count: isWhole, merkle_root: HASH, rules_hash: HASH }, {}],
  result: [{ version: isWhole, published_at: isInstant, reason: isText, software: isText, voters: isWhole, power: AMOUNT }, {}],
  contest_result: [
    {
      version: isWhole,
      contest: isText,
      rule: isText,
      binding: isTruth,
      outcome: isText,
      why: isText,
      budget: AMOUNT,
      voters: isWhole,
      power: AMOUNT,
      parameter: nullable(FRACTION),
      shares: listOf(FRACTION),
      amounts: listOf(AMOUNT),
    },
    {},
  ],
  challenge: [{ check: isText, opened_at: isInstant, opened_by: isText, answered_at: isInstant, passed: isTruth, output: isText }, { version: isWhole, software: isText, other: HASH }],
  settlement: [{ version: isWhole, settled_at: isInstant }, {}],
  transfer: [{ key: isText, debit: isText, credit: isText, amount: AMOUNT, reason: isText, happened_at: isInstant }, {}],
  seal: [{ lines: isWhole, sha256: HASH }, {}],
  text: [{ hash: HASH, text: isText }, {}],
};

/** @param {string} kind @param {Record<string, unknown>} fields @param {[Forms, Forms]} shape */
function fault(kind, fields, [needed, optional]) {
  for (const name of Object.keys(needed)) if (!Object.hasOwn(fields, name)) return `it lacks "${name}"`;
  for (const name of Object.keys(fields)) {
    const form = Object.hasOwn(needed, name) ? needed[name] : Object.hasOwn(optional, name) ? optional[name] : null;
    if (!form) return `it has a field "${name.slice(0, 40)}" that no ${kind} line has`;
    if (!form(fields[name])) return `its "${name}" has not the form that it must have`;
  }
  return null;
}

/** What is wrong with a line's fields, its type left out; null where nothing is. @param {string} kind @param {Record<string, unknown>} fields */
export const faultOf = (kind, fields) => fault(kind, fields, SHAPES[kind]);
