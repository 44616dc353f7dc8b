/**
 * The order in which a contest's options are shown: by chance, another for each voter, always the same for one.
 */

import { toHex, utf8 } from "../crypto/bytes.js";
import { keccak256 } from "../crypto/keccak.js";

const SEED = "tpp-order-seed";
const SWITCH = "tpp-ballot-order";

/**
 * Options sorted by the hash of (who looks, rules, option): nobody is first by the alphabet or by an admin's choice.
 * @param {string[]} names of the options, in the ballot's order
 * @param {string} seed @param {string} rules
 * @returns {number[]} the places, in the order to show
 */
export function shuffled(names, seed, rules) {
  const hashes = names.map((name) => toHex(keccak256(utf8(JSON.stringify([seed, rules, name])))));
  return names.map((_, place) => place).sort((a, b) => (hashes[a] < hashes[b] ? -1 : 1));
}

/** Who looks: the signed-in voter, or else this browser. @param {string | null} voter @returns {string} */
export function seedOf(voter) {
  if (voter) return voter;
  let seed = localStorage.getItem(SEED);
  if (!seed) {
    seed = toHex(crypto.getRandomValues(new Uint8Array(16)));
    localStorage.setItem(SEED, seed);
  }
  return seed;
}

/** Whether the reader asked for the ballot's own order. */
export const wantsBallotOrder = () => localStorage.getItem(SWITCH) === "1";

/** @param {boolean} wanted */
export function rememberBallotOrder(wanted) {
  if (wanted) localStorage.setItem(SWITCH, "1");
  else localStorage.removeItem(SWITCH);
}
