/** Settlement and challenges of a final record. */

import { CHECKS } from "./checks.js";
import { later } from "./instants.js";
import { META } from "./rules.js";

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./results.js").Results} Results */
/** @typedef {import("./rules.js").Rules} Rules */

/** What moved, to be compared with what the last result gave. */
export class Settling {
  #rules;
  #report;
  #kind;
  /** @type {Fields | null} */
  #settlement = null;
  /** @type {{number: number, fields: Fields}[]} */
  #transfers = [];
  #challenges = 0;

  /** @param {Rules} rules @param {Report} report @param {string} kind */
  constructor(rules, report, kind) {
    this.#rules = rules;
    this.#report = report;
    this.#kind = kind;
  }

  /** One challenge with the answer that the named check gave. @param {number} number @param {Fields} fields */
  takeChallenge(number, { check, opened_at, answered_at }) {
    this.#challenges++;
    if (!CHECKS.includes(check)) this.#report.fail("challenges", `line ${number}`, "the name of a check", check);
    if (answered_at < opened_at) this.#report.fail("challenges", `line ${number}`, `an answer after ${opened_at}`, "one before");
  }

  /** The moment at which money moved. @param {Fields} fields */
  takeSettlement(fields) {
    this.#settlement = fields;
  }

  /** One movement in the ledger. @param {number} number @param {Fields} fields */
  takeTransfer(number, fields) {
    this.#transfers.push({ number, fields });
  }

  /** See that exactly what was given moved, and not before its time. @param {Results} results */
  finish(results) {
    const report = this.#report;
    const isClosed = this.#kind === "closed";
    report.made("challenges", "settlement");
    if (!this.#challenges) report.notApplicable("challenges", "Nobody challenged this result.");
    if (isClosed) report.notApplicable("settlement", "A closed record is made before money moves; see the final one.");
    if (!this.#settlement) {
      if (this.#kind === "final" || this.#transfers.length) this.#fail("the file", "a settlement", "none");
      return;
    }
    if (isClosed) this.#fail("the file", "no settlement in a closed record", "one");
    this.#checkTime(results, this.#settlement);
    this.#checkTransfers(results, this.#settlement);
  }

  /** @param {Results} results @param {Fields} settlement */
  #checkTime({ versions }, settlement) {
    const last = versions.at(-1);
    if (!last || settlement.version !== last.version) {
      this.#fail("the version", "the last one", settlement.version);
      return;
    }
    const { settles_at } = this.#rules.instants;
    const window = later(last.published_at, this.#rules.windowSeconds);
    if (window === null) {
      this.#fail("the instant", "a result of this age", last.published_at);
      return;
    }
    const earliest = window > settles_at ? window : settles_at;
    if (settlement.settled_at < earliest) this.#fail("the instant", `not before ${earliest}`, settlement.settled_at);
  }

  /** @param {Results} results @param {Fields} settlement */
  #checkTransfers(results, settlement) {
    const expected = this.#expected(results.amounts(settlement.version));
    for (const { number, fields } of this.#transfers) {
      const where = `line ${number}, ${fields.key}`;
      const right = expected.get(fields.key);
      expected.delete(fields.key);
      const found = [fields.debit, fields.credit, BigInt(fields.amount)].join(", ");
      if (right !== found) this.#fail(where, right ?? "no such transfer", found);
      if (fields.happened_at !== settlement.settled_at) this.#fail(where, settlement.settled_at, fields.happened_at);
    }
    for (const [key, missing] of expected) this.#fail(key, missing, "no such transfer");
  }

  /** Every transfer by its key: source to cycle to programme to typology. An import moves nothing. @param {Map<string, bigint[]>} amounts */
  #expected(amounts) {
    /** @type {Map<string, string>} */
    const moved = new Map();
    const { origin, cycle, contests } = this.#rules;
    const move = (/** @type {string} */ key, /** @type {string} */ from, /** @type {string} */ to, /** @type {bigint} */ amount) => {
      if (amount) moved.set(key, [from, to, amount].join(", "));
    };
    if (origin === "imported") return moved;
    for (const { programme, options } of contests) {
      const given = amounts.get(programme);
      if (programme === META || !given) continue;
      const key = `cycle/${cycle}/${programme}`;
      const all = given.reduce((a, b) => a + b, 0n);
      move(`${key}/1-reserve`, "source", `cycle/${cycle}`, all);
      move(`${key}/2-budget`, `cycle/${cycle}`, `programme/${programme}`, all);
      options.slice(0, given.length).forEach(({ typology }, at) =>
        move(`${key}/3-award/${typology}`, `programme/${programme}`, `typology/${programme}/${typology}`, given[at]));
    }
    return moved;
  }

  /** @param {string} where @param {unknown} expected @param {unknown} found */
  #fail(where, expected, found) {
    this.#report.fail("settlement", where, expected, found);
  }
}
