/** What stands beside the counted ballots: reasons in words, ballots that waited, ballots that were left out. */

import { toHex, utf8 } from "../crypto/bytes.js";
import { keccak256 } from "../crypto/keccak.js";

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./rules.js").Rules} Rules */

const VERDICTS = ["invalid", "undecided"];
const NO_TEXT = toHex(keccak256(new Uint8Array()));

/** Texts under their hashes, waiting ballots with their verdicts, exclusions, contract wallets. */
export class Beside {
  #rules;
  #report;
  /** @type {Set<string>} */
  #reasons = new Set();
  #texts = 0;
  #waiting = 0;
  #wallets = 0;
  /** @type {Set<string>} */
  #waited = new Set();

  /** @param {Rules} rules @param {Report} report */
  constructor(rules, report) {
    this.#rules = rules;
    this.#report = report;
  }

  /** Where the power comes from. @param {Fields} fields */
  takePower({ source }) {
    if (source === "register" || source === "import") {
      this.#report.notApplicable("power_on_chain", "The power comes from a published list, not from a chain.");
    } else this.#report.unknown("power_on_chain", "This page reads no power from a chain.");
  }

  /** A ballot that was accepted. @param {Fields} ballot */
  take(ballot) {
    if (ballot.reason !== NO_TEXT) this.#reasons.add(ballot.reason);
    if (ballot.evidence) this.#wallets++;
  }

  /** A reason in words. @param {number} number @param {Fields} fields */
  takeText(number, { hash, text }) {
    this.#texts++;
    const data = utf8(text);
    const digest = toHex(keccak256(data));
    if (hash !== digest) this.#fail("texts", number, digest, hash);
    else if (!this.#reasons.has(digest)) this.#fail("texts", number, "the reason of a ballot", "a text that no ballot has, or the same again");
    this.#reasons.delete(digest);
    const limit = this.#rules.limits.reasonBytes;
    if (data.length > limit) this.#fail("limits", number, `at most ${limit} bytes of reason`, data.length);
  }

  /** A ballot of a contract wallet that was not found valid. @param {number} number @param {Fields} fields */
  takeWaiting(number, { verdict, digest, signature }) {
    this.#waiting++;
    if (!VERDICTS.includes(verdict)) this.#fail("waiting", number, VERDICTS.join(" or "), verdict);
    const sent = `${digest} ${signature}`;
    if (this.#waited.has(sent)) this.#fail("waiting", number, "each waiting ballot once", digest);
    this.#waited.add(sent);
  }

  /** Rules of version 1 know no reason to leave a ballot out. @param {number} number @param {Fields} fields */
  takeExclusion(number, { position, contest, check }) {
    const leftOut = `ballot ${position} left out of ${contest}: ${check}`;
    this.#fail("exclusions", number, "no ballot left out: these rules name no check for it", leftOut);
  }

  /** What was looked at, and what was not there. */
  finish() {
    const report = this.#report;
    report.made("texts", "waiting", "exclusions");
    if (!this.#texts) report.notApplicable("texts", "This file holds no reasons in words, only their hashes.");
    if (!this.#waiting) report.notApplicable("waiting", "No ballot was left waiting.");
    if (this.#wallets) report.unknown("contract_signatures", "It takes a node of the chain to tell: tpp-verify asks one with --rpc URL.");
    else report.notApplicable("contract_signatures", "No ballot is of a contract wallet.");
  }

  /** @param {string} name @param {number} number @param {unknown} expected @param {unknown} found */
  #fail(name, number, expected, found) {
    this.#report.fail(name, `line ${number}`, expected, found);
  }
}
