/** Reading a record line by line: canonical form, order and seal. Nothing of it is kept. */

import { concat, toHex } from "../crypto/bytes.js";
import { parseCanonical } from "./canonical.js";
import { Sha256 } from "./sha256.js";
import { faultOf } from "./shapes.js";

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {Record<string, any>} Fields a line's, its type left out; a ballot's nonce is a bigint */
/** @typedef {{number: number, kind: string, fields: Fields}} Line */

const LONGEST_LINE = 16 << 20; // bytes
const ORDER = /** @type {Record<string, number>} */ ({
  header: 0, rules: 1, power: 2, holder: 3, head: 4, ballot: 5, waiting: 6, exclusion: 7, certificate: 8, result: 9,
  contest_result: 9, challenge: 10, settlement: 11, transfer: 12, seal: 13, text: 14,
});
const ONCE = ["header", "rules", "power", "certificate", "settlement", "seal"];
const NEEDED = ["header", "rules", "power", "certificate", "result"];
const WHOLE = "(?:0|[1-9][0-9]{0,4})";
const LIST = `\\[(|${WHOLE}(?:,${WHOLE})*)\\]`;
const BALLOT = new RegExp(
  `^\\{"digest":"(0x[0-9a-f]{64})","nonce":(0|[1-9][0-9]{0,15}),"options":${LIST},"position":(0|[1-9][0-9]{0,9}),`
  + '"reason":"(0x[0-9a-f]{64})","received_at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z)",'
  + `"replaced":(true|false),"sequence":([1-9][0-9]{0,8}),"shares":${LIST},"signature":(?:null|"(0x[0-9a-f]{130})"),`
  + '"type":"ballot","voter":"(0x[0-9a-f]{40})"\\}$',
);

/**
 * The lines of a stream, each with its line feed, as many at a time as have come.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncGenerator<Uint8Array[]>}
 */
export async function* linesOf(stream) {
  const reader = stream.getReader();
  /** @type {Uint8Array[]} */
  let begun = [];
  let held = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = [];
    let start = 0;
    for (let end = value.indexOf(10); end >= 0; end = value.indexOf(10, start)) {
      const part = value.subarray(start, end + 1);
      lines.push(begun.length ? concat(...begun, part) : part);
      begun = [];
      held = 0;
      start = end + 1;
    }
    if (start < value.length) {
      begun.push(value.subarray(start));
      held += value.length - start;
    }
    if (held >= LONGEST_LINE) {
      lines.push(concat(...begun));
      begun = [];
      held = 0;
    }
    if (lines.length) yield lines;
  }
  if (held) yield [concat(...begun)];
}

/** @param {string} list */
const numbers = (list) => (list ? list.split(",").map(Number) : []);

/** The fields of an ordinary ballot, many times faster than by JSON; null for any other line. @param {string} text @returns {Fields | null} */
function readBallot(text) {
  const found = BALLOT.exec(text);
  if (!found) return null;
  const [, digest, nonce, options, position, reason, received_at, replaced, sequence, shares, signature, voter] = found;
  return {
    position: Number(position), voter, nonce: BigInt(nonce), sequence: Number(sequence), replaced: replaced === "true",
    options: numbers(options), shares: numbers(shares), reason, digest, signature: signature ?? null, received_at,
  };
}

/** Takes the lines one after the other; what can't be read is reported and passed over. */
export class Reader {
  #report;
  #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #hash = new Sha256();
  #isSealed = false;
  #place = 0;
  #number = 0;
  /** @type {Set<string>} */
  #seen = new Set();
  count = 0;
  bytes = 0;
  /** @type {string | null} SHA-256 of the sealed part */
  recordHash = null;

  /** @param {Report} report */
  constructor(report) {
    this.#report = report;
  }

  /** The line, if there is to be looked at it. @param {Uint8Array} raw @returns {Line | null} */
  read(raw) {
    this.#number++;
    this.bytes += raw.length;
    const found = this.#read(raw);
    if (!this.#isSealed && found?.kind !== "seal") {
      this.#hash.update(raw);
      this.count++;
    }
    return found && this.#isWelcome(found, raw) ? found : null;
  }

  /** @param {Uint8Array} raw @returns {Line | null} */
  #read(raw) {
    if (raw[raw.length - 1] !== 10) {
      return this.#fault("a line feed after every line", `the line ends after ${raw.length} bytes`);
    }
    try {
      const text = this.#decoder.decode(raw.subarray(0, -1));
      const ballot = readBallot(text);
      if (ballot) return { number: this.#number, kind: "ballot", fields: ballot };
      return this.#typed(parseCanonical(text));
    } catch (error) {
      return this.#fault("canonical JSON", /** @type {Error} */ (error).message);
    }
  }

  /** @param {unknown} value @returns {Line | null} */
  #typed(value) {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const { type: kind, ...fields } = isObject ? /** @type {Fields} */ (value) : { type: null };
    if (typeof kind !== "string" || !Object.hasOwn(ORDER, kind)) {
      return this.#fault("a type of line that this format has", `type ${JSON.stringify(kind)}`);
    }
    const fault = faultOf(kind, fields);
    if (fault) return this.#fault(`a ${kind} line`, fault);
    if (kind === "ballot") /** @type {Fields} */ (fields).nonce = BigInt(/** @type {Fields} */ (fields).nonce);
    return { number: this.#number, kind, fields };
  }

  /** @param {Line} line @param {Uint8Array} raw */
  #isWelcome({ kind, fields }, raw) {
    if (ORDER[kind] < this.#place || (ONCE.includes(kind) && this.#seen.has(kind))) {
      this.#fault("each type of line in its place", `a ${kind} line here`);
      if (kind !== "seal") return false; // what is built on the lines before must not change under it
    }
    this.#place = Math.max(this.#place, ORDER[kind]);
    this.#seen.add(kind);
    if (kind === "seal") {
      this.#checkSeal(fields, raw);
      return false;
    }
    if (this.#isSealed && kind !== "text") {
      this.#fault("nothing but texts after the seal", `a ${kind} line`);
      return false;
    }
    return true;
  }

  /** @param {Fields} fields @param {Uint8Array} raw */
  #checkSeal(fields, raw) {
    this.#isSealed = true;
    const digest = toHex(this.#hash.digest());
    if (fields.lines !== this.count) this.#report.fail("seal", "the seal", `${fields.lines} lines`, this.count);
    if (fields.sha256 !== digest) this.#report.fail("seal", "the seal", fields.sha256, digest);
    this.recordHash = toHex(this.#hash.update(raw).digest()).slice(2);
  }

  /** All lines were read. */
  finish() {
    if (!this.#isSealed) {
      this.#report.fail("seal", `line ${this.#number}`, "a seal as the last line", "the file ends without it");
    }
    for (const kind of NEEDED) {
      if (!this.#seen.has(kind)) this.#report.fail("format", "the file", `a ${kind} line`, "none");
    }
    this.#report.made("format", "seal");
    this.#report.settle("format", "seal");
  }

  /** @param {string} expected @param {string} found @returns {null} */
  #fault(expected, found) {
    this.#report.fail("format", `line ${this.#number}`, expected, found);
    return null;
  }
}
