/**
 * A receipt, checked where its holder reads it: the signature, the ballot's leaf, its way up to the root.
 * SHA-256 and Ed25519 are the browser's own; nothing is asked of the server that made the receipt.
 */

import { concat, fromHex, toHex, utf8 } from "./crypto/bytes.js";

/**
 * @typedef {{leaf: string, position: number, size: number, root: string, path: string[], head: Record<string, any> | null}} Proof
 * @typedef {{receipt: Record<string, any>, signature: string, receipt_key: string, blind?: string, proof?: Proof,
 *   certificate?: {ballot_count: number, merkle_root: string}}} Kept
 * @typedef {{words: string, holds: boolean | null}} Step holds: null where this browser cannot tell
 */

/** @param {Uint8Array} bytes */
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {any} */ (bytes)));
/** @param {Uint8Array} left @param {Uint8Array} right */
const node = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

/** Canonical JSON (RFC 8785) of a flat object. @param {Record<string, any>} content */
export const canonical = (content) => JSON.stringify(Object.fromEntries(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Microseconds since 1970, exactly. @param {string} instant as ISO 8601 with six decimals and Z */
export function microseconds(instant) {
  const [, seconds, fraction] = /^(.{19})\.(\d{6})Z$/.exec(instant) ?? [];
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction);
}

/**
 * Whether the key signed the text; null where this browser knows no Ed25519.
 * @param {string} key @param {string} signature @param {string} text
 */
export async function isSigned(key, signature, text) {
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", /** @type {any} */ (fromHex(key)), "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") return null;
    throw error;
  }
  return crypto.subtle.verify("Ed25519", imported, /** @type {any} */ (fromHex(signature)), /** @type {any} */ (utf8(text)));
}

/** The leaf of a receipt's ballot in the tree. @param {Record<string, any>} receipt */
export async function leafOf(receipt) {
  const instant = new DataView(new ArrayBuffer(8));
  instant.setBigUint64(0, microseconds(receipt.received_at));
  return sha256(concat(Uint8Array.of(0), fromHex(receipt.commitment ?? receipt.digest), new Uint8Array(instant.buffer)));
}

/**
 * The root that a path leads to (RFC 9162, section 2.1.3.2); null where it does not fit the position and size.
 * @param {Uint8Array} leaf @param {Proof} proof
 */
export async function rootOf(leaf, proof) {
  let [place, last, hash] = [proof.position, proof.size - 1, leaf];
  if (place < 0 || place > last) return null;
  const path = proof.path.map(fromHex);
  for (; last > 0; place = Math.floor(place / 2), last = Math.floor(last / 2)) {
    if (place % 2 === 0 && place === last) continue;
    const sibling = path.shift();
    if (!sibling) return null;
    hash = place % 2 ? await node(sibling, hash) : await node(hash, sibling);
  }
  return path.length ? null : toHex(hash);
}

/** Every step of the check, in order. @param {Kept} kept @returns {AsyncGenerator<Step>} */
export async function* check(kept) {
  const { receipt, proof, certificate } = kept;
  const signed = await isSigned(kept.receipt_key, kept.signature, `TPP receipt v1\n${canonical(receipt)}`);
  yield { words: "The receipt is signed by the key that stands in the cycle's frozen rules.", holds: signed };
  if (receipt.commitment && kept.blind) {
    const commitment = toHex(await sha256(concat(fromHex(kept.blind), fromHex(receipt.digest))));
    yield { words: "Your blind and your ballot make the commitment that stands for it.", holds: commitment === receipt.commitment };
  }
  if (!proof) return;
  const leaf = await leafOf(receipt);
  yield { words: "Your ballot and the time it was received make its leaf in the tree.", holds: toHex(leaf) === proof.leaf };
  const steps = `${proof.path.length} step${proof.path.length === 1 ? "" : "s"}`;
  yield { words: `From that leaf, ${steps} lead to the root over all ${proof.size} ballots.`, holds: (await rootOf(leaf, proof)) === proof.root };
  if (certificate) {
    const same = proof.root === certificate.merkle_root && proof.size === certificate.ballot_count;
    yield { words: "That root is the one in the closing certificate.", holds: same };
  }
  if (proof.head) {
    const { signature, ...content } = proof.head;
    const isSame = content.root === proof.root && content.size === proof.size && content.rules === receipt.rules;
    const holds = isSame && (await isSigned(kept.receipt_key, signature, `TPP tree head v1\n${canonical(content)}`));
    yield { words: "That root stands in a signed tree head.", holds };
  }
}

/** @param {Kept} kept @param {boolean | null} holds */
function verdict(kept, holds) {
  if (holds === false) return "This receipt does not hold. Keep the file: together with the cycle's record it shows what is wrong.";
  const { proof, certificate } = kept;
  const place = proof ? `your ballot is number ${proof.position + 1} of ${proof.size}` : "";
  const tree = certificate ? "in the certificate" : "in the tree so far";
  const rest = holds === null ? " This browser knows no Ed25519 signatures, so those could not be checked; tpp-verify can." : "";
  return (place ? `Checked in your browser: ${place} ${tree}.` : "Checked in your browser: the receipt is signed. The next tree head gives your ballot its place.") + rest;
}

/** Show the check, step by step. @param {HTMLElement} section */
async function show(section) {
  const kept = JSON.parse(document.getElementById("receipt-data")?.textContent ?? "null");
  const list = /** @type {HTMLElement} */ (section.querySelector("ol"));
  const summary = /** @type {HTMLElement} */ (section.querySelector("[role=status]"));
  if (!globalThis.crypto?.subtle) {
    summary.textContent = "This browser checks nothing on a page that did not come over https. Keep the file and check it with tpp-verify.";
    return;
  }
  /** @type {boolean | null} */
  let all = true;
  for await (const { words, holds } of check(kept)) {
    const item = document.createElement("li");
    item.className = holds === null ? "unknown" : holds ? "holds" : "fails";
    const mark = document.createElement("b");
    mark.textContent = holds === null ? "Could not check. " : holds ? "Holds. " : "Fails. ";
    item.append(mark, words);
    list.append(item);
    if (holds === false) all = false;
    else if (holds === null && all) all = null;
  }
  summary.textContent = verdict(kept, all);
}

const section = document.getElementById("check-receipt");
if (section) show(section).catch((error) => {
  const summary = section.querySelector("[role=status]");
  if (summary) summary.textContent = `The check could not be finished: ${error.message}. Keep the file and check it with tpp-verify.`;
});
