/**
 * ECDSA over secp256k1: sign, recover, address.
 *
 * BigInt arithmetic takes a time that depends on the key. That is fine for recovering, which is
 * public, and for the demo wallet, whose keys everyone can compute; sign nothing else with it.
 */

import { concat, toHex, toInteger, word } from "./bytes.js";
import { keccak256 } from "./keccak.js";

/** @typedef {{x: bigint, y: bigint}} Point affine, never the point at infinity */
/** @typedef {[bigint, bigint, bigint]} Jacobian (X/Z², Y/Z³); Z = 0 is the point at infinity */

const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** @type {Point} */
const G = {
  x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
};
/** @type {Jacobian} */
const INFINITY = [1n, 1n, 0n];

/** @param {bigint} value @param {bigint} modulus */
function mod(value, modulus) {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** The inverse by Euclid. @param {bigint} value not 0 mod modulus @param {bigint} modulus */
function invert(value, modulus) {
  let [a, b] = [mod(value, modulus), modulus];
  let [u, v] = [1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [u, v] = [v - quotient * u, u];
  }
  return mod(u, modulus);
}

/** value^exponent mod P, four bits of the exponent a step. @param {bigint} value @param {bigint} exponent */
function power(value, exponent) {
  const powers = [1n];
  for (let at = 1; at < 16; at++) powers.push((powers[at - 1] * value) % P);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    result = (result * result) % P;
    result = (result * result) % P;
    result = (result * result) % P;
    result = (result * result) % P;
    if (digit !== "0") result = (result * powers[parseInt(digit, 16)]) % P;
  }
  return result;
}

/*
 * Coordinates may be negative: they lie between -P and P, and are made canonical only by `affine`.
 */

/** @param {Jacobian} point @returns {Jacobian} */
function double([x, y, z]) {
  const yy = (y * y) % P;
  const s = (4n * x * yy) % P;
  const m = 3n * x * x;
  const x2 = (m * m - 2n * s) % P;
  return [x2, (m * (s - x2) - 8n * yy * yy) % P, (2n * y * z) % P];
}

/** @param {Jacobian} point @param {Point} other @returns {Jacobian} */
function add([x, y, z], other) {
  if (z === 0n) return [other.x, other.y, 1n];
  const zz = (z * z) % P;
  const h = (other.x * zz - x) % P;
  const r = (((other.y * zz) % P) * z - y) % P;
  if (h === 0n) return r === 0n ? double([x, y, z]) : INFINITY;
  const hh = (h * h) % P;
  const hhh = (hh * h) % P;
  const v = (x * hh) % P;
  const x3 = (r * r - hhh - 2n * v) % P;
  return [x3, (r * (v - x3) - y * hhh) % P, (z * h) % P];
}

/** All points in affine form, with one inversion. @param {Jacobian[]} points none at infinity @returns {Point[]} */
function affine(points) {
  const products = [1n];
  for (const [, , z] of points) products.push((products[products.length - 1] * z) % P);
  let inverse = invert(products[points.length], P);
  /** @type {Point[]} */
  const result = new Array(points.length);
  for (let at = points.length - 1; at >= 0; at--) {
    const [x, y, z] = points[at];
    const iz = (inverse * products[at]) % P;
    inverse = (inverse * z) % P;
    const izz = (iz * iz) % P;
    result[at] = { x: mod(x * izz, P), y: mod(((y * izz) % P) * iz, P) };
  }
  return result;
}

/** @type {Point[][] | undefined} 1 to 15 times 16^i·G, for i from 0 to 63 */
let baseTable;

/** @returns {Point[][]} */
function makeBaseTable() {
  let base = G;
  const rows = [];
  for (let row = 0; row < 64; row++) {
    /** @type {Jacobian[]} */
    const multiples = [[base.x, base.y, 1n]];
    for (let times = 2; times <= 16; times++) multiples.push(add(multiples[times - 2], base));
    const points = affine(multiples);
    rows.push(points);
    base = points[15];
  }
  return rows;
}

/** scalar·G, added to a point. @param {bigint} scalar 0 ≤ scalar < N @param {Jacobian} [sum] @returns {Jacobian} */
function timesBase(scalar, sum = INFINITY) {
  baseTable ??= makeBaseTable();
  for (let row = 0, rest = scalar; rest > 0n; row++, rest >>= 4n) {
    const digit = Number(rest & 15n);
    if (digit) sum = add(sum, baseTable[row][digit - 1]);
  }
  return sum;
}

/*
 * On this curve LAMBDA·(x, y) = (BETA·x, y). So a scalar is split into two of half its length, and half of the
 * doublings are saved (Gallant, Lambert and Vanstone). (A1, B1) and (A2, A1) are short vectors with a + b·LAMBDA = 0 mod N.
 */
const BETA = 0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501een;
const A1 = 0x3086d221a7d46bcde86c90e49284eb15n;
const B1 = -0xe4437ed6010e88286f547fa90abfe4c3n;
const A2 = 0x114ca50f7a8e2f3f657c1108d9d44cfd8n;

/** @param {bigint} scalar @returns {[bigint, bigint]} k and l with scalar = k + l·LAMBDA mod N, either may be negative */
function halves(scalar) {
  const first = (A1 * scalar + N / 2n) / N;
  const second = (-B1 * scalar + N / 2n) / N;
  return [scalar - first * A1 - second * A2, -first * B1 - second * A1];
}

/** Digits from the lowest on: 0, or odd between -15 and 15. @param {bigint} scalar may be negative @returns {number[]} */
function digitsOf(scalar) {
  const digits = [];
  const sign = scalar < 0n ? -1 : 1;
  for (let rest = scalar < 0n ? -scalar : scalar; rest > 0n; rest >>= 1n) {
    let digit = rest & 1n ? Number(rest & 31n) : 0;
    if (digit > 15) digit -= 32;
    rest -= BigInt(digit);
    digits.push(sign * digit);
  }
  return digits;
}

/** scalar·point. @param {bigint} scalar 0 ≤ scalar < N @param {Point} point @returns {Jacobian} */
function times(scalar, point) {
  const twice = affine([double([point.x, point.y, 1n])])[0];
  /** @type {Jacobian[]} */
  const odd = [[point.x, point.y, 1n]];
  for (let at = 1; at < 8; at++) odd.push(add(odd[at - 1], twice));
  const table = affine(odd);
  const tables = [table, table.map(({ x, y }) => ({ x: (x * BETA) % P, y }))];
  const digits = halves(scalar).map(digitsOf);
  let sum = INFINITY;
  for (let at = Math.max(digits[0].length, digits[1].length) - 1; at >= 0; at--) {
    sum = double(sum);
    for (let half = 0; half < 2; half++) {
      const digit = digits[half][at];
      if (!digit) continue;
      const { x, y } = tables[half][(Math.abs(digit) - 1) / 2];
      sum = add(sum, digit > 0 ? { x, y } : { x, y: -y });
    }
  }
  return sum;
}

/** The address of a public key. @param {Point} point */
function addressOfPoint({ x, y }) {
  return toHex(keccak256(concat(word(x), word(y))).slice(12));
}

/** @param {Uint8Array} privateKey */
function scalarOf(privateKey) {
  const scalar = toInteger(privateKey);
  if (privateKey.length !== 32 || scalar === 0n || scalar >= N) throw new RangeError("This is no private key.");
  return scalar;
}

/**
 * @param {Uint8Array} privateKey 32 bytes
 * @returns {string} the address, lower-case
 */
export function addressOf(privateKey) {
  return addressOfPoint(affine([timesBase(scalarOf(privateKey))])[0]);
}

/** @param {Uint8Array<ArrayBuffer>} key @param {...Uint8Array} parts */
async function hmac(key, ...parts) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, concat(...parts)));
}

/** The nonces of RFC 6979, section 3.2. @param {Uint8Array} privateKey @param {Uint8Array} digest */
async function* nonces(privateKey, digest) {
  const seed = concat(privateKey, word(toInteger(digest) % N));
  let v = new Uint8Array(32).fill(1);
  let k = await hmac(new Uint8Array(32), v, Uint8Array.of(0), seed);
  v = await hmac(k, v);
  k = await hmac(k, v, Uint8Array.of(1), seed);
  v = await hmac(k, v);
  for (;;) {
    v = await hmac(k, v);
    yield toInteger(v);
    k = await hmac(k, v, Uint8Array.of(0));
    v = await hmac(k, v);
  }
}

/**
 * Sign a digest. The nonce follows RFC 6979, so equal inputs give equal bytes.
 * @param {Uint8Array} digest 32 bytes
 * @param {Uint8Array} privateKey 32 bytes
 * @returns {Promise<Uint8Array>} r‖s‖v, 65 bytes, s low, v 27 or 28
 */
export async function sign(digest, privateKey) {
  const key = scalarOf(privateKey);
  if (digest.length !== 32) throw new RangeError("A digest has 32 bytes.");
  for await (const nonce of nonces(privateKey, digest)) {
    if (nonce === 0n || nonce >= N) continue;
    const { x, y } = affine([timesBase(nonce)])[0];
    const r = x % N;
    const s = (invert(nonce, N) * (toInteger(digest) + r * key)) % N;
    if (r === 0n || s === 0n || r !== x) continue;
    const high = s > N / 2n;
    const odd = (y & 1n) === 1n;
    return concat(word(r), word(high ? N - s : s), Uint8Array.of(27 + Number(odd !== high)));
  }
  throw new Error("unreachable");
}

/**
 * Who signed a digest. Takes canonical signatures only: 65 bytes, v 27 or 28, s low.
 * @param {Uint8Array} digest 32 bytes
 * @param {Uint8Array} signature r‖s‖v
 * @returns {string} the address, lower-case
 * @throws {RangeError} for anything else
 */
export function recover(digest, signature) {
  const [r, s] = [toInteger(signature.slice(0, 32)), toInteger(signature.slice(32, 64))];
  const v = signature[64];
  const canonical = r > 0n && r < N && s > 0n && s <= N / 2n && (v === 27 || v === 28);
  if (digest.length !== 32 || signature.length !== 65 || !canonical) {
    throw new RangeError("This is no signature in canonical form.");
  }
  const square = (r * r * r + 7n) % P;
  const root = power(square, (P + 1n) / 4n);
  if ((root * root) % P !== square) throw new RangeError("No key can have made this signature.");
  const y = (root & 1n) === BigInt(v - 27) ? root : P - root;
  const inverse = invert(r, N);
  const fromPoint = times((s * inverse) % N, { x: r, y });
  const sum = timesBase(mod(-toInteger(digest) * inverse, N), fromPoint);
  if (sum[2] === 0n) throw new RangeError("No key can have made this signature.");
  return addressOfPoint(affine([sum])[0]);
}
