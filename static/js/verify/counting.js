/** Power and ballots in one pass: every rule of acceptance, and the histogram that the tally needs. */

import { toHex, utf8 } from "../crypto/bytes.js";
import { largestLines } from "./amounts.js";
import { Sha256 } from "./sha256.js";

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./rules.js").Rules} Rules */

const MAX_NONCE = 2n ** 53n - 1n;

/** The frozen voting power: who holds how much [base units]. */
export class Power {
  #rules;
  #report;
  /** @type {Fields | null} */
  #stated = null;
  #hash = new Sha256();
  #last = "";
  /** @type {Map<string, bigint>} */
  holders = new Map();
  total = 0n;

  /** @param {Rules} rules @param {Report} report */
  constructor(rules, report) {
    this.#rules = rules;
    this.#report = report;
  }

  /** The line that says where the power comes from. @param {Fields} fields */
  takeHead(fields) {
    this.#stated = fields;
  }

  /** One address's power. @param {number} number @param {Fields} holder */
  take(number, holder) {
    const power = BigInt(holder.power);
    if (holder.address <= this.#last) {
      this.#report.fail("power_list", `line ${number}`, `an address after ${this.#last}`, holder.address);
    }
    this.#last = holder.address;
    this.#hash.update(utf8(`${holder.address},${power}\n`));
    if (!this.holders.has(holder.address)) {
      this.holders.set(holder.address, power);
      this.total += power;
    }
  }

  /** What is wrong with the list by what was stated and by what the rules froze. @returns {[string, string, unknown, unknown][]} */
  #faults() {
    const stated = this.#stated;
    const frozen = this.#rules.power;
    if (!stated) return [];
    const hash = toHex(this.#hash.digest());
    const pairs = /** @type {[string, string, unknown, unknown][]} */ ([
      ["power_list", "holders", stated.holders, this.holders.size],
      ["power_list", "total", BigInt(stated.total), this.total],
      ["power_list", "holders in the rules", frozen.holders, stated.holders],
      ["power_list", "total in the rules", frozen.total, BigInt(stated.total)],
      ["power_list", "source", frozen.source, stated.source],
      ["power_list", "timepoint", this.#rules.instants.snapshot_at, stated.timepoint],
      ["power_source", "the power line", `0x${frozen.sha256}`, stated.sha256],
      ["power_source", "the list", `0x${frozen.sha256}`, frozen.source === "register" ? hash : `0x${frozen.sha256}`],
    ]);
    return pairs.filter(([, , expected, found]) => expected !== found);
  }

  /** The list is complete, it seems: tell if it is right so far. */
  settle() {
    if (!this.#stated || this.#faults().length) return;
    this.#made();
    this.#report.settle("power_list", "power_source");
  }

  #made() {
    this.#report.made("power_list", "power_source");
    if (this.#rules.power.source === "import") {
      this.#report.unknown("power_source", "The rules name the imported file by its hash; the record does not hold it.");
    }
  }

  /** Compare the list with what was stated and with what the rules froze. */
  finish() {
    if (this.#stated) this.#made();
    for (const [name, where, expected, found] of this.#faults()) this.#report.fail(name, where, expected, found);
  }
}

/** @typedef {{sequence: number, nonce: bigint, isReplaced: boolean}} Last a voter's last ballot */

/** The ballots: what makes each acceptable, whom it replaces, and what is counted in the end. */
export class Counting {
  #rules;
  #power;
  #report;
  /** @type {number[]} the contest of each option */
  #contests;
  /** @type {number[]} */
  #largest;
  #least;
  /** @type {Map<string, Last>} */
  #lasts = new Map();
  count = 0;
  /** @type {Map<number, bigint>[]} by option: the power behind each share */
  histogram;
  /** @type {{voters: number, power: bigint}[]} by contest */
  turnouts;
  everyone = { voters: 0, power: 0n };

  /** @param {Rules} rules @param {Power} power @param {Report} report */
  constructor(rules, power, report) {
    this.#rules = rules;
    this.#power = power;
    this.#report = report;
    this.#contests = rules.contests.flatMap((contest, at) => contest.options.map(() => at));
    this.#largest = rules.contests.flatMap((contest) => largestLines(contest.options));
    const { leastPower } = rules.limits;
    this.#least = rules.origin === "imported" || leastPower > 1n ? leastPower : 1n;
    this.histogram = this.#contests.map(() => new Map());
    this.turnouts = rules.contests.map(() => ({ voters: 0, power: 0n }));
    report.made("lines", "caps", "limits", "window", "voting_power", "replacements");
  }

  /** Check one ballot, and count it if no later one replaces it. @param {number} number @param {Fields} ballot */
  take(number, ballot) {
    const { opens_at, closes_at } = this.#rules.instants;
    if (ballot.position !== this.count) this.#fail("certificate", number, `position ${this.count}`, `position ${ballot.position}`);
    this.count++;
    if (ballot.received_at < opens_at || ballot.received_at >= closes_at) {
      this.#fail("window", number, `from ${opens_at} to before ${closes_at}`, ballot.received_at);
    }
    const power = this.#power.holders.get(ballot.voter);
    if (power === undefined) this.#fail("voting_power", number, `frozen power of ${ballot.voter}`, "none");
    else if (power < this.#least) this.#fail("voting_power", number, `at least ${this.#least}`, power);
    this.#checkReplacement(number, ballot);
    const contests = this.#checkLines(number, ballot);
    if (contests && !ballot.replaced && power !== undefined && ballot.options.length) this.#count(ballot, contests, power);
  }

  /** @param {Fields} ballot @param {Set<number>} contests @param {bigint} power */
  #count({ options, shares }, contests, power) {
    for (let at = 0; at < options.length; at++) {
      const cells = this.histogram[options[at]];
      cells.set(shares[at], (cells.get(shares[at]) ?? 0n) + power);
    }
    for (const turnout of [...[...contests].map((contest) => this.turnouts[contest]), this.everyone]) {
      turnout.voters++;
      turnout.power += power;
    }
  }

  /** @param {number} number @param {Fields} ballot */
  #checkReplacement(number, ballot) {
    const last = this.#lasts.get(ballot.voter);
    const sequence = last?.sequence ?? 0;
    if (ballot.sequence !== sequence + 1) this.#fail("replacements", number, `ballot ${sequence + 1} of this voter`, ballot.sequence);
    if (last) {
      if (ballot.nonce <= last.nonce) this.#fail("replacements", number, `a nonce above ${last.nonce}`, ballot.nonce);
      if (!last.isReplaced) this.#fail("replacements", number, "that the voter's ballot before is replaced", "it counts");
    }
    if (ballot.nonce > MAX_NONCE) this.#fail("limits", number, `a nonce of at most ${MAX_NONCE}`, ballot.nonce);
    const most = this.#rules.limits.ballots;
    if (sequence >= most) this.#fail("limits", number, `at most ${most} ballots of a voter`, sequence + 1);
    this.#lasts.set(ballot.voter, { sequence: sequence + 1, nonce: ballot.nonce, isReplaced: ballot.replaced });
  }

  /**
   * The contests that the ballot has lines in; null where its lines cannot be counted at all.
   * @param {number} number @param {Fields} ballot @returns {Set<number> | null}
   */
  #checkLines(number, { options, shares }) {
    const limit = this.#rules.limits.lines;
    if (limit !== null && options.length > limit) this.#fail("limits", number, `at most ${limit} lines`, options.length);
    if (options.length !== shares.length) {
      this.#fail("lines", number, `${options.length} shares`, shares.length);
      return null;
    }
    /** @type {Map<number, number>} */
    const sums = new Map();
    const known = this.#contests.length;
    for (let at = 0; at < options.length; at++) {
      const [option, share] = [options[at], shares[at]];
      if (option >= known || share <= 0 || share > 10_000) {
        this.#fail("lines", number, `options below ${known}, shares of 1 to 10000`, [option, share]);
        return null;
      }
      const contest = this.#contests[option];
      sums.set(contest, (sums.get(contest) ?? 0) + share);
      if (share > this.#largest[option]) this.#fail("caps", number, `at most ${this.#largest[option]} for option ${option}`, share);
    }
    if (new Set(options).size !== options.length) {
      this.#fail("lines", number, "each option once", options);
      return null;
    }
    for (const [contest, total] of sums) {
      if (total === 10_000) continue;
      this.#fail("lines", number, `10000 basis points of ${this.#rules.contests[contest].programme}`, total);
      return null;
    }
    return new Set(sums.keys());
  }

  /** See that every voter's last ballot counts. */
  finish() {
    for (const [voter, last] of this.#lasts) {
      if (!last.isReplaced) continue;
      this.#report.fail("replacements", voter, "that the last ballot counts", "it is said to be replaced, but nothing replaces it");
    }
  }

  /** @param {string} name @param {number} number @param {unknown} expected @param {unknown} found */
  #fail(name, number, expected, found) {
    this.#report.fail(name, `line ${number}`, expected, found);
  }
}
