/**
 * Shares in whole basis points: reading, writing and dividing them. Integers only, no page.
 */

export const WHOLE = 10_000;

/**
 * @param {string} text a percentage such as 12.5, 12,5 or 12.5 %
 * @returns {number | null} basis points, possibly more than the whole; 0 for nothing; null if it is none
 */
export function basisPoints(text) {
  const trimmed = text.trim().replace(/\s*%$/, "").replace(",", ".");
  if (trimmed === "") return 0;
  const parts = /^(\d{0,9})(?:\.(\d{0,2}))?$/.exec(trimmed);
  if (!parts || trimmed === ".") return null;
  return Number(parts[1]) * 100 + Number((parts[2] ?? "").padEnd(2, "0"));
}

/** @param {number} points @returns {string} 12.5 */
export function percentText(points) {
  const [whole, rest] = [Math.trunc(points / 100), points % 100];
  if (rest === 0) return String(whole);
  return `${whole}.${String(rest).padStart(2, "0").replace(/0$/, "")}`;
}

/** @param {number[]} numbers */
export const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);

/**
 * Divide `total` in proportion to `weights`, into whole numbers none of which is above its `room`. What is over
 * at the end goes one by one to the largest remainders, ties to the first. Gives less only where there is no room.
 * @param {bigint[]} weights not negative
 * @param {number} total
 * @param {number[]} room
 * @returns {number[]}
 */
export function apportion(weights, total, room) {
  const given = weights.map(() => 0);
  let open = weights.map((_, place) => place).filter((place) => weights[place] > 0n && room[place] > 0);
  let rest = total;
  for (;;) {
    const whole = open.reduce((all, place) => all + weights[place], 0n);
    const [left, all] = [BigInt(rest), whole];
    const full = open.filter((place) => weights[place] * left >= BigInt(room[place]) * all);
    if (!open.length || !full.length) break;
    for (const place of full) {
      given[place] = Math.min(room[place], rest);
      rest -= given[place];
    }
    open = open.filter((place) => !full.includes(place));
  }
  if (!open.length) return given;
  const whole = open.reduce((all, place) => all + weights[place], 0n);
  const parts = open.map((place) => {
    const exact = weights[place] * BigInt(rest);
    return { place, floor: Number(exact / whole), remainder: exact % whole };
  });
  for (const { place, floor } of parts) given[place] = floor;
  let over = rest - sum(parts.map((part) => part.floor));
  const byRemainder = parts.sort((a, b) => (a.remainder === b.remainder ? a.place - b.place : a.remainder < b.remainder ? 1 : -1));
  for (const { place } of byRemainder) {
    if (over-- <= 0) break;
    given[place] += 1;
  }
  return given;
}

/**
 * The curves that make weights of a ranking, with the formula as the page shows it. `places` are 1 for the best.
 * @type {Record<string, {name: string, formula: string, weights: (places: number[]) => bigint[]}>}
 */
export const CURVES = {
  harmonic: {
    name: "steep",
    formula: "weight = 1 ÷ place: the second gets half of the first, the third a third",
    weights: (places) => {
      const common = places.filter(Boolean).map(BigInt).reduce(leastCommonMultiple, 1n);
      return places.map((place) => (place ? common / BigInt(place) : 0n));
    },
  },
  linear: {
    name: "even steps",
    formula: "weight = last place + 1 − place: of four places 4, 3, 2, 1",
    weights: (places) => {
      const last = Math.max(0, ...places);
      return places.map((place) => (place ? BigInt(last + 1 - place) : 0n));
    },
  },
  equal: {
    name: "all ranked alike",
    formula: "weight = 1 for every option with a place",
    weights: (places) => places.map((place) => (place ? 1n : 0n)),
  },
};

/** @param {bigint} a @param {bigint} b */
function leastCommonMultiple(a, b) {
  let [x, y] = [a, b];
  while (y) [x, y] = [y, x % y];
  return (a / x) * b;
}
