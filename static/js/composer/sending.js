/**
 * From a finished ballot to a receipt: the signed bytes are kept until the server has answered, whatever happens.
 */

import { RefusedError } from "../http.js";
import { keepReceipt, learnNonce } from "../sealed.js";

/** Sends signed ballots of one cycle, and keeps the one whose fate is not known yet. */
export class Outbox {
  /** @param {{rules: string, send: string, receipts: string, sealed?: boolean}} page */
  constructor(page) {
    this.page = page;
    this.key = `tpp-unsent-${page.rules}`;
  }

  /** The signed bytes that may not have arrived. @returns {string | null} */
  get kept() {
    return localStorage.getItem(this.key);
  }

  forget() {
    localStorage.removeItem(this.key);
  }

  /**
   * Send signed bytes; the same bytes again are safe and tell whether they are in.
   * @param {string} bytes
   * @returns {Promise<string>} the address of the page that says what became of them
   * @throws {RefusedError} where the server said no (below 500 the bytes are forgotten); TypeError where it said nothing
   */
  async send(bytes) {
    localStorage.setItem(this.key, bytes);
    const response = await fetch(this.page.send, { method: "POST", headers: { "Content-Type": "application/json" }, body: bytes });
    const answer = await response.json().catch(() => ({}));
    if (response.ok && answer.digest) {
      const address = this.pageOf(answer, JSON.parse(bytes).ballot);
      this.forget();
      return address;
    }
    if (this.page.sealed && answer.refusal === "stale_nonce") learnNonce(this.page, JSON.parse(bytes).ballot.voter, answer.words);
    const mayBeIn = response.ok || response.status >= 500 || response.status === 429;
    if (!mayBeIn) this.forget();
    throw new RefusedError(response.status, answer.refusal ?? "", answer.words ?? `The server answered ${response.status}.`);
  }

  /** @param {any} answer @param {import("../eip712.js").Ballot} ballot */
  pageOf(answer, ballot) {
    if (answer.status === "waiting") return answer.page; // a contract wallet is to confirm it
    if (answer.receipt && this.page.sealed) return keepReceipt(this.page, ballot, answer);
    return this.page.receipts.replace("0".repeat(64), answer.digest.slice(2));
  }
}

/** A reason as it can be signed: NFC, line feeds only, no control characters. @param {string} text */
export function canonicalReason(text) {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  // eslint-disable-next-line no-control-regex
  return lines.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]|\p{Cs}/gu, "").trim().normalize("NFC");
}
