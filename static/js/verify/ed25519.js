/** Signatures of the receipt key, by the browser's own Ed25519. */

import { fromHex, utf8 } from "../crypto/bytes.js";
import { canonical } from "./canonical.js";

export const MISSING = "This browser knows no Ed25519 signatures; tpp-verify does.";

/** @typedef {(signature: string, prefix: string, content: object) => Promise<boolean | null>} IsSigned null: cannot tell */

/**
 * A test of what the key signed: the prefix, a line feed, and the content as canonical JSON.
 * @param {string} key
 * @returns {IsSigned}
 */
export function signedBy(key) {
  /** @type {Promise<CryptoKey | null> | undefined} */
  let imported;
  const load = async () => {
    if (!globalThis.crypto?.subtle) return null;
    try {
      return await crypto.subtle.importKey("raw", /** @type {any} */ (fromHex(key)), "Ed25519", false, ["verify"]);
    } catch (error) {
      if (/** @type {Error} */ (error).name === "NotSupportedError") return null;
      throw error;
    }
  };
  return async (signature, prefix, content) => {
    const bytes = utf8(`${prefix}\n${canonical(content)}`);
    let known;
    try {
      known = await (imported ??= load());
    } catch {
      return false; // the rules hold no such key
    }
    if (!known) return null;
    return crypto.subtle.verify("Ed25519", known, /** @type {any} */ (fromHex(signature)), /** @type {any} */ (bytes));
  };
}
