/** Floors, caps, fall-backs and rounding: from shares to whole amounts. Options stand in the order of their contest. */

import { ONE, ZERO, compare, fraction, sum } from "./fractions.js";

/** @typedef {import("./fractions.js").Fraction} Fraction */
/** @typedef {{floor: number, cap: number}} Bounds [basis points] */
/** @typedef {{outcome: string, shares: Fraction[], amounts: bigint[], parameter: Fraction | null, why: string}} Expected */

export const WHOLE = 10_000; // basis points

/** What was asked cannot be tallied. */
export class TallyError extends Error {}

/** What the floors leave [basis points]. @param {Bounds[]} bounds */
export const residual = (bounds) => WHOLE - bounds.reduce((all, { floor }) => all + floor, 0);

/** The largest line of every option that is not over its cap [basis points of what the floors leave]. @param {Bounds[]} bounds */
export function largestLines(bounds) {
  const left = residual(bounds);
  return bounds.map(({ floor, cap }) => Math.min(WHOLE, Math.floor(((cap - floor) * WHOLE) / left)));
}

/** Refuse bounds under which a contest can't be announced. @param {Bounds[]} bounds */
export function checkBounds(bounds) {
  const arePossible = bounds.every(({ floor, cap }) =>
    Number.isInteger(floor) && Number.isInteger(cap) && floor >= 0 && floor <= cap && cap <= WHOLE);
  const add = (/** @type {number[]} */ all) => all.reduce((a, b) => a + b, 0);
  if (!bounds.length || !arePossible || residual(bounds) <= 0 || add(largestLines(bounds)) < WHOLE) {
    throw new TallyError("floors and caps under which no ballot is possible");
  }
}

/**
 * Split a total by shares that sum to one: leftover units go to the largest remainders, ties to the option listed first.
 * @param {Fraction[]} shares @param {bigint} total @returns {bigint[]}
 */
export function largestRemainder(shares, total) {
  if (compare(sum(shares), ONE) !== 0) throw new TallyError("shares are not negative and sum to one");
  const amounts = shares.map(({ n, d }) => (n * total) / d);
  const remainders = shares.map(({ n, d }) => fraction((n * total) % d, d));
  const order = shares.map((_, option) => option).sort((a, b) => compare(remainders[b], remainders[a]));
  const left = Number(total - amounts.reduce((a, b) => a + b, 0n));
  for (const option of order.slice(0, left)) amounts[option]++;
  return amounts;
}

/** Nothing for any option. @param {string} outcome @param {number} options @param {string} [why] @returns {Expected} */
export const nothing = (outcome, options, why = "") =>
  ({ outcome, shares: Array(options).fill(ZERO), amounts: Array(options).fill(0n), parameter: null, why });

/** @param {Bounds[]} bounds */
function equalShares(bounds) {
  const part = fraction(BigInt(residual(bounds)), BigInt(bounds.length));
  return bounds.map(({ floor }) => fraction(BigInt(floor) * part.d + part.n, part.d * BigInt(WHOLE)));
}

/**
 * What becomes of a budget whose contest stays below its quorum.
 * @param {{fallback: string, options: (Bounds & {typology: string})[], lastSplit: Map<string, Fraction> | null}} contest
 * @param {bigint} budget
 * @returns {Expected}
 */
export function fallBack({ fallback, options, lastSplit }, budget) {
  const returned = (why = "") => nothing("return_to_reserve", options.length, why);
  if (fallback === "return_to_reserve") return returned();
  let shares;
  let why = "An equal split would go over a cap.";
  if (fallback === "equal_split") shares = equalShares(options);
  else if (fallback === "repeat_last_split") {
    if (!lastSplit) return returned("There is no earlier split to repeat.");
    const isTheirs = lastSplit.size === options.length && options.every(({ typology }) => lastSplit.has(typology));
    if (!isTheirs) return returned("The options are not those of the last split.");
    shares = options.map(({ typology }) => /** @type {Fraction} */ (lastSplit.get(typology)));
    why = "The last split would break a floor or a cap of today.";
  } else throw new TallyError(`unknown fall-back ${fallback}`);
  const isWithin = options.every(({ floor, cap }, at) => {
    const points = shares[at].n * BigInt(WHOLE);
    return BigInt(floor) * shares[at].d <= points && points <= BigInt(cap) * shares[at].d;
  });
  if (!isWithin) return returned(why);
  return { outcome: fallback, shares, amounts: largestRemainder(shares, budget), parameter: null, why: "" };
}
