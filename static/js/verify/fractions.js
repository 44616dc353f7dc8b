/** Exact fractions in lowest terms, the denominator above 0. */

/** @typedef {{n: bigint, d: bigint}} Fraction */

/** @param {bigint} a @param {bigint} b */
function gcd(a, b) {
  while (b) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

/** @param {bigint} n @param {bigint} [d] @returns {Fraction} */
export function fraction(n, d = 1n) {
  const common = d < 0n ? -gcd(n, d) : gcd(n, d);
  return { n: n / common, d: d / common };
}

export const ZERO = fraction(0n);
export const ONE = fraction(1n);

/** @param {Fraction} a @param {Fraction} b */
export const plus = (a, b) => fraction(a.n * b.d + b.n * a.d, a.d * b.d);
/** @param {Fraction} a @param {Fraction} b */
export const minus = (a, b) => fraction(a.n * b.d - b.n * a.d, a.d * b.d);
/** @param {Fraction} a @param {Fraction} b */
export const times = (a, b) => fraction(a.n * b.n, a.d * b.d);
/** @param {Fraction} a @param {Fraction} b not 0 */
export const over = (a, b) => fraction(a.n * b.d, a.d * b.n);
/** Below 0, 0 or above 0 as a is below, at or above b. @param {Fraction} a @param {Fraction} b */
export function compare(a, b) {
  const left = a.n * b.d;
  const right = b.n * a.d;
  return left < right ? -1 : left > right ? 1 : 0;
}
/** @param {Fraction[]} all */
export const sum = (all) => all.reduce(plus, ZERO);
/** @param {Fraction} value */
export const text = ({ n, d }) => (d === 1n ? `${n}` : `${n}/${d}`);

/** @param {string} written n or n/d @returns {Fraction} */
export function parseFraction(written) {
  const found = /^([0-9]+)(?:\/([0-9]*[1-9][0-9]*))?$/.exec(written);
  if (!found) throw new TypeError(`${written} is no fraction`);
  return fraction(BigInt(found[1]), BigInt(found[2] ?? 1));
}
