/** Results worked out again from what was counted: turnout, budgets, quorum, every rule, fall-backs, rounding, sums. */

import { TallyError, fallBack, largestRemainder, nothing } from "./amounts.js";
import { Report } from "./checks.js";
import { ONE, compare, parseFraction, sum, text } from "./fractions.js";
import { META } from "./rules.js";
import { RULES, tally } from "./tally.js";

/** @typedef {import("./amounts.js").Expected} Expected */
/** @typedef {import("./counting.js").Counting} Counting */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./rules.js").Rules} Rules */
/** @typedef {import("./rules.js").Contest} Contest */
/** @typedef {{rules: Contest, budget: bigint, voters: number, power: bigint, byRule: Map<string, Expected>}} Right */

const PAYS = ["split", "repeat_last_split", "equal_split"];
const NOTHING = "nothing_given";
const NAMES = ["versions", "turnout", "budgets", "quorum", "fallbacks", "rounding", "sums"];

/** @param {Contest} contest @param {number} voters @param {bigint} power @param {bigint} total */
const reachesQuorum = (contest, voters, power, total) =>
  power > 0n && voters >= contest.quorumVoters && power * 10_000n >= BigInt(contest.quorumPower) * total;

/** What every rule makes of a contest. @param {Contest} contest @param {bigint} budget @param {import("./tally.js").Profile} profile @param {number} voters @param {bigint} total @returns {Map<string, Expected>} */
function awards(contest, budget, profile, voters, total) {
  const names = [...RULES.keys()];
  const same = (/** @type {Expected} */ one) => new Map(names.map((name) => [name, one]));
  if (contest.budget === null && !budget) return same(nothing(NOTHING, contest.options.length));
  if (!reachesQuorum(contest, voters, profile.power, total)) return same(fallBack(contest, budget));
  return new Map(names.map((name) => [name, tally(name, profile, contest.options, budget)]));
}

/**
 * Every contest of the rules in their order; the one over all programmes stands first and gives the budgets.
 * @param {Rules} rules @param {Counting} counting @param {bigint} total
 * @returns {Right[]}
 * @throws {TallyError} where the counted ballots can't be tallied
 */
export function recompute(rules, counting, total) {
  /** @type {Map<string, bigint>} */
  let given = new Map();
  let from = 0;
  return rules.contests.map((contest, place) => {
    const cells = counting.histogram.slice(from, (from += contest.options.length));
    const { voters, power } = counting.turnouts[place];
    const budget = contest.budget ?? given.get(contest.programme) ?? 0n;
    const byRule = awards(contest, budget, { cells, power }, voters, total);
    if (contest.programme === META) {
      const { amounts } = /** @type {Expected} */ (byRule.get(contest.rule));
      given = new Map(contest.options.map(({ typology }, at) => [typology, amounts[at]]));
    }
    return { rules: contest, budget, voters, power, byRule };
  });
}

/** The versions of a result as the record states them, to be compared with what was worked out. */
export class Results {
  #rules;
  #report;
  /** @type {Fields[]} */
  versions = [];
  /** @type {Map<number, {number: number, fields: Fields}[]>} */
  #contests = new Map();

  /** @param {Rules} rules @param {Report} report */
  constructor(rules, report) {
    this.#rules = rules;
    this.#report = report;
  }

  /** The line that opens a version. @param {number} number @param {Fields} fields */
  take(number, fields) {
    const next = this.versions.length + 1;
    if (fields.version !== next) this.#fail("versions", `line ${number}`, `version ${next}`, fields.version);
    if (fields.version > 1 && !fields.reason) this.#fail("versions", `line ${number}`, "the reason of a later version", "none");
    this.versions.push(fields);
  }

  /** What one rule made of one contest. @param {number} number @param {Fields} fields */
  takeContest(number, fields) {
    const { version } = fields;
    if (version !== this.versions.at(-1)?.version) this.#fail("versions", `line ${number}`, "the version that it stands under", version);
    this.#contests.set(version, [...(this.#contests.get(version) ?? []), { number, fields }]);
  }

  /** What the binding rules of a version give, by contest, as stated. @param {number} version @returns {Map<string, bigint[]>} */
  amounts(version) {
    const binding = (this.#contests.get(version) ?? []).filter(({ fields }) => fields.binding);
    return new Map(binding.map(({ fields }) => [fields.contest, fields.amounts.map(BigInt)]));
  }

  /** Work it out again, and compare: the last version must hold, and each before it must not, else nothing replaces it. @param {Counting} counting @param {bigint} total */
  finish(counting, total) {
    let contests;
    try {
      contests = recompute(this.#rules, counting, total);
    } catch (error) {
      if (!(error instanceof TallyError)) throw error;
      this.#fail("lines", "the counted ballots", "ballots to tally", error.message);
      return;
    }
    this.#report.made(...NAMES, ...[...RULES.keys()].map((rule) => `rule_${rule}`));
    for (const version of this.versions.slice(0, -1)) {
      if (this.#hasFault(version, counting, contests)) continue;
      this.#fail("versions", `version ${version.version}`, "a fault, for a later version stands in its place", "none");
    }
    for (const version of this.versions.slice(-1)) this.#check(version, counting, contests);
    this.#sayWhatDoesNotApply(contests);
  }

  /** @param {Fields} version @param {Counting} counting @param {Right[]} contests */
  #check(version, { everyone: { voters, power } }, contests) {
    if (version.voters !== voters || BigInt(version.power) !== power) {
      this.#fail("turnout", `version ${version.version}, voters and power`, [voters, power], [version.voters, version.power]);
    }
    this.#checkVersion(version.version, contests);
  }

  /** Whether any check of a version fails; a later one stands in its place only then. @param {Fields} version @param {Counting} counting @param {Right[]} contests */
  #hasFault(version, counting, contests) {
    const kept = this.#report;
    const found = new Report();
    this.#report = found;
    this.#check(version, counting, contests);
    this.#report = kept;
    return found.hasFailed;
  }

  /** @param {Right[]} contests */
  #sayWhatDoesNotApply(contests) {
    const outcomes = contests.map(({ rules, byRule }) => /** @type {Expected} */ (byRule.get(rules.rule)).outcome);
    if (!outcomes.includes("split")) {
      for (const rule of RULES.keys()) this.#report.notApplicable(`rule_${rule}`, "No contest was split by a rule.");
    }
    if (outcomes.every((outcome) => outcome === "split" || outcome === NOTHING)) {
      this.#report.notApplicable("fallbacks", "Every contest reached its quorum.");
    }
  }

  /** @param {number} version @param {Right[]} contests */
  #checkVersion(version, contests) {
    const stated = this.#contests.get(version) ?? [];
    const keys = stated.map(({ fields }) => JSON.stringify([fields.contest, fields.rule]));
    const expected = contests.flatMap(({ rules }) => [...RULES.keys()].map((rule) => JSON.stringify([rules.programme, rule])));
    if (keys.join() !== expected.join()) {
      const odd = [...expected.filter((key) => !keys.includes(key)), ...keys.filter((key) => !expected.includes(key))];
      this.#fail("versions", `version ${version}`, "every contest by every rule, once", odd.length ? odd : "another order, or one of them twice");
    }
    const byKey = new Map(contests.map((contest) => [contest.rules.programme, contest]));
    for (const { number, fields } of stated) {
      const contest = byKey.get(fields.contest);
      if (contest && RULES.has(fields.rule)) this.#checkContest(number, fields, contest);
    }
  }

  /** @param {number} number @param {Fields} fields @param {Right} contest */
  #checkContest(number, fields, contest) {
    const { rule } = fields;
    const where = `line ${number}, ${contest.rules.programme} by ${rule}`;
    const right = /** @type {Expected} */ (contest.byRule.get(rule));
    if (fields.binding !== (rule === contest.rules.rule)) this.#fail("versions", where, `that ${contest.rules.rule} binds`, fields.binding);
    if (fields.voters !== contest.voters || BigInt(fields.power) !== contest.power) {
      this.#fail("turnout", where, [contest.voters, contest.power], [fields.voters, fields.power]);
    }
    if (BigInt(fields.budget) !== contest.budget) this.#fail("budgets", where, contest.budget, fields.budget);
    this.#checkOutcome(where, fields, right);
    this.#checkAmounts(where, fields, right, contest.budget);
  }

  /** @param {string} where @param {Fields} fields @param {Expected} right */
  #checkOutcome(where, fields, right) {
    const isSplit = fields.outcome === "split";
    const isRight = fields.outcome === right.outcome;
    if (isSplit !== (right.outcome === "split") || (right.outcome === NOTHING && !isRight)) {
      this.#fail("quorum", where, right.outcome, fields.outcome);
      return;
    }
    const name = isSplit ? `rule_${fields.rule}` : "fallbacks";
    if (!isRight || fields.why !== right.why) this.#fail(name, where, [right.outcome, right.why], [fields.outcome, fields.why]);
    const shares = right.shares.map(text).join(", ");
    if (fields.shares.join(", ") !== shares) this.#fail(name, where, shares, fields.shares);
    const stated = fields.parameter === null ? null : text(parseFraction(fields.parameter));
    const parameter = right.parameter && text(right.parameter);
    if (stated !== parameter) this.#fail(name, where, `parameter ${parameter}`, fields.parameter);
  }

  /** Rounding is checked against the stated shares, so that a fault in either shows at its own check. @param {string} where @param {Fields} fields @param {Expected} right @param {bigint} budget */
  #checkAmounts(where, fields, right, budget) {
    const amounts = /** @type {bigint[]} */ (fields.amounts.map(BigInt));
    const pays = PAYS.includes(fields.outcome);
    const all = amounts.reduce((a, b) => a + b, 0n);
    if (all !== (pays ? budget : 0n)) this.#fail("sums", where, pays ? budget : 0n, all);
    const shares = fields.shares.length === right.shares.length ? fields.shares.map(parseFraction) : [];
    const rounded = pays && compare(sum(shares), ONE) === 0 ? largestRemainder(shares, budget) : right.amounts;
    if (amounts.join(", ") !== rounded.join(", ")) this.#fail("rounding", where, rounded, amounts);
  }

  /** @param {string} name @param {string} where @param {unknown} expected @param {unknown} found */
  #fail(name, where, expected, found) {
    this.#report.fail(name, where, expected, found);
  }
}
