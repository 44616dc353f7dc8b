/** Receipts and tree heads that people kept: read from files, signed by the receipt key, and their ballots in the record. */

import { MISSING } from "./ed25519.js";
import { isInstant } from "./instants.js";

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {import("./ed25519.js").IsSigned} IsSigned */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./rules.js").Rules} Rules */
/** @typedef {import("./trees.js").Head} Head */
/** @typedef {{where: string, receipt: Record<string, any>, signature: string}} Kept */

export const FRAUD = "PROOF OF FRAUD: ";
const HASH = /^0x[0-9a-f]{64}$/;
const SIGNATURE = /^0x[0-9a-f]{128}$/;
const FIELDS = ["version", "cycle", "rules", "digest", "received_at", "status", "commitment"];

/** A file that is not what it should be; the message says why. */
export class Unreadable extends Error {}

/** @param {string} where @param {string} text */
function parse(where, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable(`${where} is not JSON.`);
  }
}

/**
 * The receipts in a file: one as the site offers it, or a list of such.
 * @param {string} where @param {string} text
 * @returns {Kept[]}
 */
export function readReceipts(where, text) {
  const documents = parse(where, text);
  return (Array.isArray(documents) ? documents : [documents]).map((document) => {
    const { receipt, signature } = document ?? {};
    const isOne = receipt?.version === 1 && typeof receipt.cycle === "string" && typeof receipt.status === "string"
      && HASH.test(receipt.rules) && HASH.test(receipt.digest) && isInstant(receipt.received_at)
      && (receipt.commitment === undefined || HASH.test(receipt.commitment)) && SIGNATURE.test(signature);
    if (!isOne) throw new Unreadable(`${where} holds no receipt as this site gives it.`);
    const known = FIELDS.filter((name) => receipt[name] !== undefined).map((name) => [name, receipt[name]]);
    return { where, receipt: Object.fromEntries(known), signature };
  });
}

/**
 * Tree heads that somebody saved: a list, an object with `heads` as the API answers, or one on each line.
 * @param {string} where @param {string} text
 * @returns {Head[]}
 */
export function readHeads(where, text) {
  let documents;
  try {
    documents = JSON.parse(text);
  } catch {
    documents = text.split("\n").filter((line) => line.trim()).map((line) => parse(where, line));
  }
  if (!Array.isArray(documents)) documents = documents?.heads ?? [documents];
  return documents.map((/** @type {any} */ head) => {
    const isOne = Number.isSafeInteger(head?.size) && head.size >= 0 && HASH.test(head.root)
      && isInstant(head.published_at) && SIGNATURE.test(head.signature);
    if (!isOne) throw new Unreadable(`${where} holds no tree heads as this site gives them.`);
    const { size, root, published_at, signature } = head;
    return { size, root, published_at, signature };
  });
}

/** The receipts to look for while the ballots pass by. */
export class Receipts {
  #report;
  #rules;
  #isSigned;
  #kept;
  /** @type {Kept[]} */
  #signed = [];
  /** @type {Map<string, string>} */
  #found = new Map();
  /** @type {Set<string>} */
  #wanted;

  /** @param {Rules} rules @param {Report} report @param {IsSigned} isSigned @param {Kept[]} kept */
  constructor(rules, report, isSigned, kept) {
    this.#rules = rules;
    this.#report = report;
    this.#isSigned = isSigned;
    this.#kept = kept;
    this.#wanted = new Set(kept.map(({ receipt }) => receipt.digest));
  }

  /** See who signed them. */
  async check() {
    for (const one of this.#kept) {
      const { cycle, hash } = this.#rules;
      if (one.receipt.rules !== hash) {
        this.#fail(one, `a receipt of cycle ${cycle}`, `one of cycle ${one.receipt.cycle}`);
        continue;
      }
      const holds = await this.#isSigned(one.signature, "TPP receipt v1", one.receipt);
      if (holds === null) this.#report.unknown("receipts", MISSING);
      else if (holds) this.#signed.push(one);
      else this.#fail(one, "a signature by the receipt key of the rules", "none such: this is no receipt");
    }
  }

  /** A ballot of the record. @param {Fields} ballot */
  take({ digest, received_at }) {
    if (this.#wanted.has(digest)) this.#found.set(digest, received_at);
  }

  /** A ballot that waited, and was not found valid. @param {Fields} fields */
  takeWaiting({ digest }) {
    if (this.#wanted.has(digest) && !this.#found.has(digest)) this.#found.set(digest, "waiting");
  }

  /** See that the ballot of every receipt is here. */
  finish() {
    for (const one of this.#signed) {
      const { digest, received_at, status } = one.receipt;
      const found = this.#found.get(digest);
      if (found === undefined) {
        const lost = "it is missing from this record. Keep both files; docs/record.md says how to show them.";
        this.#fail(one, `ballot ${digest}, received ${received_at}`, FRAUD + lost);
      } else if (status === "accepted" && found !== received_at) {
        this.#fail(one, `the ballot as received ${received_at}`, `${FRAUD}here it says ${found}`);
      }
    }
    if (this.#kept.length) this.#report.made("receipts");
    else this.#report.notApplicable("receipts", "You added no receipt.");
  }

  /** @param {Kept} one @param {string} expected @param {string} found */
  #fail(one, expected, found) {
    this.#report.fail("receipts", one.where, expected, found);
  }
}
