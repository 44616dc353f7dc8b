/** The tree of the ballots, its published heads, the certificate over it, and the commitments of sealed cycles. */

import { concat, fromHex, toHex } from "../crypto/bytes.js";
import { MISSING } from "./ed25519.js";
import { isInstant, microseconds } from "./instants.js";
import { sha256 } from "./sha256.js";

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {import("./ed25519.js").IsSigned} IsSigned */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./rules.js").Rules} Rules */
/** @typedef {{size: number, root: string, published_at: string, signature: string}} Head */

const [LEAF, NODE] = [Uint8Array.of(0), Uint8Array.of(1)];
const AT_ONCE = 200; // signatures of heads under way

/** A tree that grows by appending and keeps only its right edge (RFC 6962). */
export class Frontier {
  /** @type {Uint8Array[]} */
  #peaks = [];
  size = 0;

  /** @param {Uint8Array} leaf its content */
  append(leaf) {
    let hash = sha256(concat(LEAF, leaf));
    for (let subtrees = this.size; subtrees % 2; subtrees = Math.floor(subtrees / 2)) {
      hash = sha256(concat(NODE, /** @type {Uint8Array} */ (this.#peaks.pop()), hash));
    }
    this.#peaks.push(hash);
    this.size++;
  }

  root() {
    if (!this.size) return toHex(sha256(new Uint8Array()));
    return toHex(this.#peaks.reduceRight((right, left) => sha256(concat(NODE, left, right))));
  }
}

/** Grows with the ballots, and meets every head and every saved head on its way. */
export class Tree {
  #rules;
  #report;
  #isSigned;
  #frontier = new Frontier();
  /** @type {Map<number, [string, string, string][]>} */
  #expected = new Map();
  /** @type {Head | null} */
  #last = null;
  #heads = 0;
  #saved = 0;
  /** @type {{where: string, signature: string, holds: Promise<boolean | null>}[]} */
  #asked = [];

  /** @param {Rules} rules @param {Report} report @param {IsSigned} isSigned */
  constructor(rules, report, isSigned) {
    this.#rules = rules;
    this.#report = report;
    this.#isSigned = isSigned;
  }

  get size() {
    return this.#frontier.size;
  }

  /** Heads that somebody saved; to be given before the ballots. @param {Head[]} heads */
  async expect(heads) {
    this.#saved = heads.length;
    for (const [at, head] of heads.entries()) {
      const holds = await this.#check(head);
      if (holds === null) this.#report.unknown("saved_heads", MISSING);
      else if (!holds) this.#report.fail("saved_heads", `saved head ${at + 1}`, "a signature by the receipt key", "none such");
      if (holds) this.#expect("saved_heads", `saved head ${at + 1} of ${head.published_at}`, head);
    }
  }

  /** @param {Head} head */
  #check({ size, root, published_at, signature }) {
    const { cycle, hash } = this.#rules;
    return this.#isSigned(signature, "TPP tree head v1", { version: 1, cycle, rules: hash, size, root, published_at });
  }

  /** A published head; the record lists them before the ballots. @param {number} number @param {Fields} fields */
  takeHead(number, fields) {
    const head = /** @type {Head} */ (fields);
    const where = `line ${number}`;
    this.#heads++;
    this.#asked.push({ where, signature: head.signature, holds: this.#check(head) });
    const last = this.#last;
    if (last && (head.size < last.size || head.published_at <= last.published_at)) {
      this.#report.fail("heads", where, `at least ${last.size} ballots, after ${last.published_at}`, `${head.size} at ${head.published_at}`);
    }
    this.#last = head;
    this.#expect("heads", where, head);
  }

  /** Wait for the signatures of heads: for some where there are many, or for all. @param {boolean} [all] */
  async signatures(all = false) {
    while (this.#asked.length > (all ? 0 : AT_ONCE)) {
      const { where, signature, holds } = /** @type {typeof this.#asked[0]} */ (this.#asked.shift());
      const answer = await holds;
      if (answer === null) this.#report.unknown("head_signatures", MISSING);
      else if (!answer) this.#report.fail("head_signatures", where, "a signature by the receipt key", signature);
      else this.#report.made("head_signatures");
    }
  }

  /** @param {string} name @param {string} where @param {Head} head */
  #expect(name, where, head) {
    if (head.size === 0) this.#compare(name, where, head.root);
    else this.#expected.set(head.size, [...(this.#expected.get(head.size) ?? []), [name, where, head.root]]);
  }

  /** Append one ballot. @param {number} number @param {Fields} ballot */
  take(number, ballot) {
    let key = ballot.digest;
    if (this.#rules.isSealed) key = this.#commitment(number, ballot);
    else if (ballot.blind) this.#report.fail("blinds", `line ${number}`, "no blind in a cycle that was open to see", "one");
    const instant = new DataView(new ArrayBuffer(8));
    let leaf = fromHex(key);
    if (isInstant(ballot.received_at)) {
      instant.setBigUint64(0, microseconds(ballot.received_at));
      leaf = concat(leaf, new Uint8Array(instant.buffer));
    } else this.#report.fail("format", `line ${number}`, "an instant", ballot.received_at);
    this.#frontier.append(leaf);
    for (const [name, where, root] of this.#expected.get(this.size) ?? []) this.#compare(name, where, root);
    this.#expected.delete(this.size);
  }

  /** @param {number} number @param {Fields} ballot @returns {string} */
  #commitment(number, { blind, commitment, digest }) {
    if (!blind || !commitment) {
      this.#report.fail("blinds", `line ${number}`, "a blind and a commitment", "none");
      return digest;
    }
    const right = toHex(sha256(concat(fromHex(blind), fromHex(digest))));
    if (right !== commitment) this.#report.fail("blinds", `line ${number}`, right, commitment);
    return commitment;
  }

  /** @param {string} name @param {string} where @param {string} root */
  #compare(name, where, root) {
    const found = this.#frontier.root();
    if (found !== root) this.#report.fail(name, where, root, `${found}, the root of the first ${this.size} ballots of this record`);
  }

  /** Compare with the certificate, and see that every head was met. @param {Fields | null} certificate */
  async finish(certificate) {
    const report = this.#report;
    await this.signatures(true);
    for (const [size, heads] of this.#expected) {
      for (const [name, where] of heads) report.fail(name, where, `${size} ballots or more`, this.size);
    }
    if (certificate) {
      report.made("certificate");
      if (certificate.ballot_count !== this.size) report.fail("certificate", "the count", `${certificate.ballot_count} ballots`, this.size);
      const root = this.#frontier.root();
      if (certificate.merkle_root !== root) report.fail("certificate", "the root", certificate.merkle_root, root);
    }
    this.#close("blinds", this.#rules.isSealed, "The cycle was not sealed.");
    this.#close("heads", this.#heads > 0, "No tree head was published.");
    this.#close("head_signatures", this.#heads > 0, "No tree head was published.");
    this.#close("saved_heads", this.#saved > 0, "You added no saved heads.");
  }

  /** @param {string} name @param {boolean} applies @param {string} why */
  #close(name, applies, why) {
    if (applies) this.#report.made(name);
    else this.#report.notApplicable(name, why);
  }
}
