/** Digests and signatures of ballots, spread over the processors of this device. */

import { checkBatch, digester } from "./digests.js";

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {import("./digests.js").Fault} Fault */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./rules.js").Rules} Rules */

const BATCH = 100; // ballots
const AHEAD = 3; // batches that a thread may have before it, so that memory stays bounded

/** A thread that answers batches in the order in which it was sent them. */
class Thread {
  /** @type {{done: (faults: Fault[]) => void, failed: (error: Error) => void}[]} */
  #asked = [];

  /** @param {import("./digests.js").Terms} terms */
  constructor(terms) {
    this.worker = new Worker(new URL("./signing-worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.#asked.shift()?.done(data);
    this.worker.onerror = () => {
      for (const { failed } of this.#asked.splice(0)) failed(new Error("a thread that checks signatures ended"));
    };
    this.worker.postMessage({ terms });
  }

  get waiting() {
    return this.#asked.length;
  }

  /** @param {object[]} batch @returns {Promise<Fault[]>} */
  check(batch) {
    return new Promise((done, failed) => {
      this.#asked.push({ done, failed });
      this.worker.postMessage({ batch });
    });
  }
}

/** Takes ballots as they come, and reports what is wrong with digests and signatures. */
export class Signatures {
  #report;
  #terms;
  #digestOf;
  #most;
  /** @type {Thread[]} */
  #threads = [];
  /** @type {{number: number, ballot: Fields}[]} */
  #batch = [];
  /** @type {{faults: Promise<Fault[]>, size: number}[]} */
  #sent = [];
  /** Ballots that were checked. */
  checked = 0;

  /** @param {Rules} rules @param {Report} report @param {number} threads beside this one; 0 for none */
  constructor(rules, report, threads) {
    const options = rules.contests.flatMap(({ programme, options }) =>
      options.map(({ typology }) => /** @type {[string, string]} */ ([programme, typology])));
    const { cycle, hash, chainId, deployment, origin } = rules;
    this.#terms = { cycle, rules: hash, chainId, deployment, options, isImport: origin === "imported" };
    this.#digestOf = digester(this.#terms);
    this.#report = report;
    this.#most = threads;
  }

  /** One ballot; it is checked when a batch is full. @param {number} number @param {Fields} ballot */
  take(number, ballot) {
    this.#batch.push({ number, ballot });
    if (this.#batch.length >= BATCH) this.#send();
  }

  #send() {
    const batch = this.#batch;
    this.#batch = [];
    const thread = this.#thread(batch.length);
    const faults = thread ? thread.check(batch) : Promise.resolve(checkBatch(this.#digestOf, batch, this.#terms.isImport));
    faults.catch(() => {}); // it is awaited in its turn
    this.#sent.push({ faults, size: batch.length });
  }

  /** The one with the least to do; none for a few ballots, which are checked here. @param {number} size */
  #thread(size) {
    if (!this.#most || (size < BATCH && !this.#threads.length)) return null;
    if (this.#threads.length < this.#most && this.#threads.every(({ waiting }) => waiting)) {
      this.#threads.push(new Thread(this.#terms));
    }
    return this.#threads.reduce((least, thread) => (thread.waiting < least.waiting ? thread : least));
  }

  /** Wait until there is room for more, and tell after each batch. @param {() => void} tell */
  async room(tell) {
    while (this.#sent.length > Math.max(1, this.#most) * AHEAD) {
      await this.#note();
      tell();
    }
  }

  async #note() {
    const { faults, size } = /** @type {{faults: Promise<Fault[]>, size: number}} */ (this.#sent.shift());
    for (const [number, name, expected, found] of await faults) this.#report.fail(name, `line ${number}`, expected, found);
    this.checked += size;
  }

  /** Wait for all that was taken so far. @param {() => void} tell */
  async finish(tell) {
    if (this.#batch.length) this.#send();
    while (this.#sent.length) {
      await this.#note();
      tell();
    }
    this.#report.made("digests", "signatures");
    if (this.#terms.isImport) {
      this.#report.unknown("signatures", "This is an unsigned import: its ballots carry no signature.");
    }
  }

  /** End the threads. */
  end() {
    for (const { worker } of this.#threads.splice(0)) worker.terminate();
  }
}
