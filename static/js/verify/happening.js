/** When things happened: nothing before it could. */

/** @typedef {import("./checks.js").Report} Report */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {import("./rules.js").Rules} Rules */

export class Happening {
  #report;
  #instants;
  #last;

  /** @param {Rules} rules @param {Report} report @param {string} publishedAt when the rules were */
  constructor(rules, report, publishedAt) {
    this.#report = report;
    this.#instants = rules.instants;
    this.#last = rules.instants.closes_at;
    report.made("instants");
    const names = Object.keys(rules.instants);
    names.slice(1).forEach((later, at) => {
      const [before, after] = [rules.instants[names[at]], rules.instants[later]];
      if (before >= after) this.#fail(later, `after ${names[at]}, ${before}`, after);
    });
    this.#notBefore("publication of the rules", rules.instants.announced_at, publishedAt);
    const { opens_at } = rules.instants;
    if (publishedAt >= opens_at) this.#fail("publication of the rules", `before opening, ${opens_at}`, publishedAt);
  }

  /** Power is taken when its timepoint has come. @param {Fields} fields */
  takePower({ timepoint, taken_at }) {
    this.#notBefore("taking of power", timepoint, taken_at);
  }

  /** Heads are published from the opening on. @param {Fields} fields */
  takeHead({ published_at }) {
    this.#notBefore("tree head", this.#instants.opens_at, published_at);
  }

  /** Nothing is certified before voting is over. @param {Fields} fields */
  takeCertificate({ certified_at }) {
    this.#follow("certificate", certified_at);
  }

  /** A result follows the certificate, and a version the one before. @param {Fields} fields */
  takeResult({ version, published_at }) {
    this.#follow(`result v${version}`, published_at);
  }

  /** @param {string} what @param {string} at */
  #follow(what, at) {
    this.#notBefore(what, this.#last, at);
    if (at > this.#last) this.#last = at;
  }

  /** @param {string} what @param {string} earliest @param {string} found */
  #notBefore(what, earliest, found) {
    if (found < earliest) this.#fail(what, `not before ${earliest}`, found);
  }

  /** @param {string} where @param {string} expected @param {string} found */
  #fail(where, expected, found) {
    this.#report.fail("instants", where, expected, found);
  }
}
