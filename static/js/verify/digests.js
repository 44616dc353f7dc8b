/** The EIP-712 digests of a cycle's ballots, from lines of its record, and who signed them. */

import { concat, fromHex, toHex, utf8, word } from "../crypto/bytes.js";
import { keccak256 } from "../crypto/keccak.js";
import { recover } from "../crypto/secp256k1.js";

/** @typedef {{cycle: string, rules: string, chainId: number, deployment: string, options: [string, string][], isImport: boolean}} Terms */
/** @typedef {import("./reading.js").Fields} Fields */
/** @typedef {[number, string, string, string]} Fault line, check, expected, found */

const LINE = "Line(string programme,string typology,uint16 basisPoints)";
const BALLOT = "Ballot(string cycle,bytes32 rules,address voter,uint64 nonce,string reason,Line[] lines)";
const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)";

/** @param {string} text */
const hashed = (text) => keccak256(utf8(text));

/** @param {Terms} terms @returns {(ballot: Fields) => Uint8Array} the digest of a ballot; RangeError where it has none */
export function digester(terms) {
  const domain = keccak256(concat(
    hashed(DOMAIN), hashed("TPP"), hashed("1"), word(BigInt(terms.chainId)), fromHex(terms.deployment),
  ));
  const start = concat(hashed(BALLOT + LINE), hashed(terms.cycle), fromHex(terms.rules));
  const lineType = hashed(LINE);
  const options = terms.options.map(([programme, typology]) =>
    concat(lineType, hashed(programme), hashed(typology), new Uint8Array(32)));
  return (ballot) => {
    if (ballot.options.length !== ballot.shares.length) throw new RangeError("as many shares as options");
    const lines = new Uint8Array(32 * ballot.options.length);
    ballot.options.forEach((/** @type {number} */ option, /** @type {number} */ at) => {
      const [struct, share] = [options[option], ballot.shares[at]];
      if (!struct || share > 65_535) throw new RangeError("an option or share that no ballot can name");
      struct[126] = share >> 8;
      struct[127] = share & 255;
      lines.set(keccak256(struct), 32 * at);
    });
    const voter = concat(new Uint8Array(12), fromHex(ballot.voter));
    const struct = keccak256(concat(start, voter, word(ballot.nonce), fromHex(ballot.reason), keccak256(lines)));
    return keccak256(concat(Uint8Array.of(0x19, 0x01), domain, struct));
  };
}

/** @param {Uint8Array} digest @param {string} signature */
function signer(digest, signature) {
  try {
    return recover(digest, fromHex(signature));
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/**
 * The faults in digests and signatures of ballots.
 * @param {(ballot: Fields) => Uint8Array} digestOf @param {{number: number, ballot: Fields}[]} batch @param {boolean} isImport
 */
export function checkBatch(digestOf, batch, isImport) {
  /** @type {Fault[]} */
  const faults = [];
  for (const { number, ballot } of batch) {
    let digest;
    try {
      digest = digestOf(ballot);
    } catch (error) {
      faults.push([number, "digests", "a ballot that has a digest", /** @type {Error} */ (error).message]);
      continue;
    }
    const hex = toHex(digest);
    if (hex !== ballot.digest) faults.push([number, "digests", hex, ballot.digest]);
    if (ballot.signature === null) {
      if (!isImport) faults.push([number, "signatures", "a signature", "none"]);
    } else if (!ballot.evidence) {
      const found = signer(digest, ballot.signature);
      if (found !== ballot.voter) faults.push([number, "signatures", `the signature of ${ballot.voter}`, found]);
    }
  }
  return faults;
}
