/** The numbered checks, and what a verification found at each. Names and numbers are those of tpp-verify, for good. */

/**
 * @typedef {"pass" | "fail" | "could not check" | "does not apply"} Status
 * @typedef {{where: string, expected: string, found: string}} Finding
 * @typedef {{number: number, name: string, status: Status, findings: Finding[], faults: number, why: string}} Outcome
 */

const SHOWN = 5; // findings of one check that are kept; the others are counted

export const CHECKS = [
  "format", "seal", "rules_hash", "header", "instants", "power_list", "power_source", "power_on_chain", "lines", "caps",
  "limits", "window", "voting_power", "replacements", "digests", "signatures", "contract_signatures", "blinds", "texts",
  "waiting", "exclusions", "head_signatures", "heads", "certificate", "saved_heads", "receipts", "versions", "turnout",
  "budgets", "quorum", "rule_mean", "rule_ladder", "rule_median_phantoms", "rule_independent_markets",
  "rule_piecewise_uniform", "fallbacks", "rounding", "sums", "challenges", "settlement",
];

/** @param {unknown} value */
function words(value) {
  const text = Array.isArray(value) ? value.map(String).join(", ") : String(value);
  return text.length <= 300 ? text : `${text.slice(0, 297)}…`;
}

/** Gathers what the parts of a verification find, and tells whoever listens what is certain already. */
export class Report {
  /** @type {Map<string, Finding[]>} */
  #findings = new Map();
  /** @type {Map<string, number>} */
  #faults = new Map();
  /** @type {Set<string>} */
  #made = new Set();
  /** @type {Map<string, [Status, string]>} */
  #why = new Map();
  #tell;

  /** @param {(outcome: Outcome) => void} [tell] hears of every check that failed or is done */
  constructor(tell = () => {}) {
    this.#tell = tell;
  }

  /** Note a fault at a check. @param {string} name @param {string} where @param {unknown} expected @param {unknown} found */
  fail(name, where, expected, found) {
    if (!CHECKS.includes(name)) throw new Error(`There is no check ${name}.`);
    const findings = this.#findings.get(name) ?? [];
    if (findings.length < SHOWN) findings.push({ where, expected: words(expected), found: words(found) });
    this.#findings.set(name, findings);
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    if (this.#faults.get(name) === 1) this.#tell(this.outcome(name));
  }

  /** Note that these checks were made, whatever they found. @param {...string} names */
  made(...names) {
    for (const name of names) this.#made.add(name);
  }

  /** Note that the check applies but could not be made. @param {string} name @param {string} why */
  unknown(name, why) {
    this.#why.set(name, ["could not check", why]);
  }

  /** Note that there is nothing here to check. @param {string} name @param {string} why */
  notApplicable(name, why) {
    this.#why.set(name, ["does not apply", why]);
  }

  /** Tell of checks that nothing later in a file in order can change. @param {...string} names */
  settle(...names) {
    for (const name of names) if (this.#made.has(name) || this.#why.has(name)) this.#tell(this.outcome(name));
  }

  /** @param {string} name @returns {Outcome} */
  outcome(name) {
    const faults = this.#faults.get(name) ?? 0;
    const findings = this.#findings.get(name) ?? [];
    const [status, why] = this.#status(name, faults);
    return { number: CHECKS.indexOf(name) + 1, name, status, findings, faults, why };
  }

  /** @param {string} name @param {number} faults @returns {[Status, string]} */
  #status(name, faults) {
    if (faults) return ["fail", ""];
    const why = this.#why.get(name);
    if (why) return why;
    if (this.#made.has(name)) return ["pass", ""];
    return ["could not check", "The record does not hold, in readable form, what it needs."];
  }

  /** Whether any check failed so far. */
  get hasFailed() {
    return this.#faults.size > 0;
  }

  /** What came of every check, in their order. */
  outcomes() {
    return CHECKS.map((name) => this.outcome(name));
  }
}
