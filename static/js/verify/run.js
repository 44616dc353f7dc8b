/** One pass over a record, with every check; equal to tpp-verify. */

import { Beside } from "./beside.js";
import { Report } from "./checks.js";
import { Counting, Power } from "./counting.js";
import { signedBy } from "./ed25519.js";
import { Happening } from "./happening.js";
import { Reader, linesOf } from "./reading.js";
import { Receipts } from "./receipts.js";
import { Results } from "./results.js";
import { hashOf, parseRules } from "./rules.js";
import { Settling } from "./settling.js";
import { Signatures } from "./signing.js";
import { Tree } from "./trees.js";

/** @typedef {import("./checks.js").Outcome} Outcome */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./reading.js").Line} Line */
/** @typedef {import("./rules.js").Rules} Rules */
/** @typedef {{ballots: number, checked: number, bytes: number}} Progress */
/**
 * @typedef {object} Options
 * @property {import("./receipts.js").Kept[]} [receipts]
 * @property {import("./trees.js").Head[]} [heads] that somebody saved
 * @property {number} [threads] for signatures; 0 for none but this one
 * @property {(outcome: Outcome) => void} [tell] hears of a check as soon as it failed or is done
 * @property {(progress: Progress) => void} [progress]
 */
/** @typedef {{header: Fields | null, recordHash: string | null, ballots: number, outcomes: Outcome[]}} Verdict */

const KINDS = ["closed", "final"];
// What nothing later in a file in order can change, once its ballots have passed.
const OF_BALLOTS = ["lines", "caps", "window", "voting_power", "digests", "signatures"];

/**
 * Run every check over a record, reading it once.
 * @param {ReadableStream<Uint8Array>} stream @param {Options} [options]
 * @returns {Promise<Verdict>}
 */
export async function verify(stream, options = {}) {
  const report = new Report(options.tell);
  const reader = new Reader(report);
  /** @type {Fields | null} */
  let header = null;
  /** @type {Parts | null} */
  let parts = null;
  const tell = () => options.progress?.({ ballots: parts?.tree.size ?? 0, checked: parts?.signatures.checked ?? 0, bytes: reader.bytes });
  try {
    for await (const lines of linesOf(stream)) {
      for (const raw of lines) {
        const line = reader.read(raw);
        if (!line) continue;
        if (parts) {
          const wait = parts.take(line);
          if (wait) await wait;
        } else if (line.kind === "header") header = line.fields;
        else if (line.kind === "rules") {
          const rules = readRules(line.fields, report);
          if (rules) {
            parts = new Parts(rules, line.fields, header, options, report);
            await parts.begin(options);
          }
        }
      }
      await parts?.room(tell);
      tell();
    }
    reader.finish();
    await parts?.finish(tell);
  } finally {
    parts?.signatures.end();
  }
  return { header, recordHash: reader.recordHash, ballots: parts?.tree.size ?? 0, outcomes: report.outcomes() };
}

/** @param {Fields} line @param {Report} report @returns {Rules | null} */
function readRules(line, report) {
  const digest = hashOf(line.json);
  report.made("rules_hash");
  if (line.sha256 !== digest) report.fail("rules_hash", "the rules line", line.sha256, digest);
  try {
    return parseRules(line.json);
  } catch (error) {
    report.fail("rules_hash", "rules.json", "rules of version 1", /** @type {Error} */ (error).message);
    return null;
  }
}

/** The parts of a verification, each fed with the lines that it reads. */
class Parts {
  #rules;
  #report;
  #happening;
  #power;
  #receipts;
  #beside;
  #results;
  #settling;
  /** @type {Counting | null} */
  #counting = null;
  /** @type {Fields | null} */
  #certificate = null;
  #hasVoted = false;

  /** @param {Rules} rules @param {Fields} line @param {Fields | null} header @param {Options} options @param {Report} report */
  constructor(rules, line, header, options, report) {
    const isSigned = signedBy(rules.receiptKey);
    this.#rules = rules;
    this.#report = report;
    this.#happening = new Happening(rules, report, line.published_at);
    this.#power = new Power(rules, report);
    this.tree = new Tree(rules, report, isSigned);
    this.signatures = new Signatures(rules, report, options.threads ?? 0);
    this.#receipts = new Receipts(rules, report, isSigned, options.receipts ?? []);
    this.#beside = new Beside(rules, report);
    this.#results = new Results(rules, report);
    this.#settling = new Settling(rules, report, header?.kind ?? "closed");
    if (header) this.#checkHeader(header);
  }

  /** What somebody brought along is looked at before the ballots. @param {Options} options */
  async begin({ heads }) {
    await this.#receipts.check();
    await this.tree.expect(heads ?? []);
  }

  /** @param {Fields} header */
  #checkHeader(header) {
    const { cycle, origin, deployment } = this.#rules;
    this.#report.made("header");
    const kind = KINDS.includes(header.kind) ? header.kind : KINDS.join(" or ");
    for (const [name, expected] of Object.entries({ format: 1, kind, cycle, origin, deployment })) {
      if (header[name] !== expected) this.#report.fail("header", name, expected, header[name]);
    }
    this.#report.settle("header");
  }

  /** Made when the list of power is complete. */
  #theCounting() {
    return (this.#counting ??= new Counting(this.#rules, this.#power, this.#report));
  }

  /** One line; what is returned must be waited for. @param {Line} line @returns {Promise<void> | void} */
  take({ number, kind, fields }) {
    switch (kind) {
      case "power":
        this.#power.takeHead(fields);
        this.#happening.takePower(fields);
        this.#beside.takePower(fields);
        return this.#report.settle("power_on_chain");
      case "holder":
        return this.#power.take(number, fields);
      case "head":
        this.tree.takeHead(number, fields);
        this.#happening.takeHead(fields);
        return this.tree.signatures();
      case "ballot":
        return this.#takeBallot(number, fields);
      case "waiting":
        this.#beside.takeWaiting(number, fields);
        return this.#receipts.takeWaiting(fields);
      case "exclusion":
        return this.#beside.takeExclusion(number, fields);
      case "certificate":
        return this.#takeCertificate(fields);
      case "result":
        this.#happening.takeResult(fields);
        return this.#results.take(number, fields);
      case "contest_result":
        return this.#results.takeContest(number, fields);
      case "challenge":
        return this.#settling.takeChallenge(number, fields);
      case "settlement":
        return this.#settling.takeSettlement(fields);
      case "transfer":
        return this.#settling.takeTransfer(number, fields);
      case "text":
        return this.#beside.takeText(number, fields);
    }
  }

  /** @param {number} number @param {Fields} ballot */
  #takeBallot(number, ballot) {
    if (!this.#hasVoted) this.#power.settle();
    this.#hasVoted = true;
    this.#theCounting().take(number, ballot);
    this.tree.take(number, ballot);
    this.#beside.take(ballot);
    this.#receipts.take(ballot);
    this.signatures.take(number, ballot);
  }

  /** @param {Fields} fields */
  #takeCertificate(fields) {
    const { hash } = this.#rules;
    this.#certificate = fields;
    this.#happening.takeCertificate(fields);
    if (fields.rules_hash !== hash) this.#report.fail("rules_hash", "the certificate", hash, fields.rules_hash);
    this.#report.settle("rules_hash");
  }

  /** Wait until there is room for more ballots. @param {() => void} tell */
  async room(tell) {
    await this.signatures.room(tell);
  }

  /** All that can only be said at the end. @param {() => void} tell */
  async finish(tell) {
    const counting = this.#theCounting();
    await this.signatures.finish(tell);
    if (this.#hasVoted) this.#report.settle(...OF_BALLOTS);
    this.#power.finish();
    counting.finish();
    await this.tree.finish(this.#certificate);
    this.#receipts.finish();
    this.#beside.finish();
    this.#report.settle("power_list", "power_source", "replacements", "blinds", "head_signatures", "heads", "certificate", "limits", "texts", "waiting");
    this.#results.finish(counting, this.#power.total);
    this.#settling.finish(this.#results);
  }
}
