/** The five rules, in exact fractions. docs/record.md, section 7, says them as formulas; equal to votes/tally. */

import { TallyError, WHOLE, checkBounds, largestLines, largestRemainder, residual } from "./amounts.js";
import { ONE, ZERO, compare, fraction, minus, over, plus, times } from "./fractions.js";

/** @typedef {import("./fractions.js").Fraction} Fraction */
/** @typedef {import("./amounts.js").Bounds} Bounds */
/** @typedef {import("./amounts.js").Expected} Expected */
/** @typedef {{levels: bigint[], powers: bigint[]}} Curve falling shares, ended by 0, and the power behind each or more */
/** @typedef {(power: bigint) => [bigint, bigint]} Reach a and b: at position t this power allows a share of (a + b·t) / W */
/** @typedef {{cells: Map<number, bigint>[], power: bigint}} Profile by option: the power behind each share */

const UNIT = BigInt(WHOLE);
const HALF = fraction(1n, 2n);

/** The first of 0 … size − 1 at which it holds, size where it never does; from there on it must hold. @param {number} size @param {(at: number) => boolean} holds */
function first(size, holds) {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** @param {Profile} profile @returns {Curve[]} */
function curvesOf({ cells, power }) {
  return cells.map((cell) => {
    const lines = [...cell.keys()].filter((line) => cell.get(line)).sort((a, b) => b - a);
    let above = 0n;
    const powers = lines.map((line) => (above += /** @type {bigint} */ (cell.get(line))));
    return { levels: [...lines.map(BigInt), 0n], powers: [...powers, power] };
  });
}

/** One hurdle for all options, moved until the shares sum to one. */
class Hurdle {
  /** @param {Curve[]} curves @param {bigint} power @param {Reach} reach */
  constructor(curves, power, reach) {
    this.curves = curves;
    this.power = power;
    this.reach = reach;
  }

  /** @param {bigint} power @param {Fraction} at */
  #reached(power, at) {
    const [constant, slope] = this.reach(power);
    return (constant * at.d + slope * at.n) * UNIT;
  }

  /** The highest level that its backing reaches, and the share [1 / (basis points · W · denominator)]. @param {Curve} curve @param {Fraction} at @returns {[number, bigint]} */
  #meet({ levels, powers }, at) {
    const unit = this.power * at.d;
    const met = first(levels.length, (k) => this.#reached(powers[k], at) >= levels[k] * unit);
    const share = levels[met] * unit;
    const above = met ? this.#reached(powers[met - 1], at) : share;
    return [met, above > share ? above : share];
  }

  /** @param {Fraction} at */
  shares(at) {
    return this.curves.map((curve) => fraction(this.#meet(curve, at)[1], UNIT * this.power * at.d));
  }

  /** @param {Fraction} at */
  total(at) {
    const all = this.curves.reduce((sum, curve) => sum + this.#meet(curve, at)[1], 0n);
    return fraction(all, UNIT * this.power * at.d);
  }

  /** How many bends a rising hurdle has yet to pass: two for each level above. @param {Curve} curve @param {Fraction} at */
  #bendsAhead(curve, at) {
    const [met, share] = this.#meet(curve, at);
    return share === curve.levels[met] * this.power * at.d ? 2 * met : 2 * met - 1;
  }

  /** @param {Curve} curve @param {number} number */
  #bend({ levels, powers }, number) {
    const [constant, slope] = this.reach(powers[(number - 1) >> 1]);
    return fraction(levels[number >> 1] * this.power - constant * UNIT, slope * UNIT);
  }

  /**
   * The smallest position at which the shares sum to one: below it at `low`, at one or above at `high`. The bends are
   * searched by halves until none lies between; one linear equation is left.
   * @param {Fraction} low @param {Fraction} high
   */
  settle(low, high) {
    for (const curve of this.curves) {
      let [last, next] = [this.#bendsAhead(curve, high), this.#bendsAhead(curve, low)];
      while (last < next) {
        const middle = (last + next + 1) >> 1;
        const at = this.#bend(curve, middle);
        if (compare(this.total(at), ONE) >= 0) [high, last] = [at, middle];
        else [low, next] = [at, middle - 1];
      }
    }
    const [least, most] = [this.total(low), this.total(high)];
    return plus(low, over(times(minus(ONE, least), minus(high, low)), minus(most, least)));
  }
}

/** @typedef {{shares: Fraction[], parameter: Fraction | null}} Split */
/** @typedef {(profile: Profile, curves: Curve[]) => Split} Rule */

/** @type {Rule} */
function mean({ cells, power }) {
  const shares = cells.map((cell) => {
    let all = 0n;
    for (const [line, backing] of cell) all += BigInt(line) * backing;
    return fraction(all, UNIT * power);
  });
  return { shares, parameter: null };
}

/** @type {Rule} */
function ladder({ power }, curves) {
  const hurdle = new Hurdle(curves, power, (backing) => [backing - power, power]);
  const at = hurdle.settle(ZERO, ONE);
  return { shares: hurdle.shares(at), parameter: minus(ONE, at) };
}

/** @type {Rule} */
function independentMarkets({ power }, curves) {
  const hurdle = new Hurdle(curves, power, (backing) => [0n, backing]);
  const at = hurdle.settle(ZERO, ONE);
  return { shares: hurdle.shares(at), parameter: at };
}

/** @type {Rule} */
function piecewiseUniform({ power }, curves) {
  const early = new Hurdle(curves, power, (backing) => [0n, 4n * backing - 2n * power]);
  const late = new Hurdle(curves, power, (backing) =>
    2n * backing < power ? [-backing, 2n * backing] : [3n * backing - 2n * power, 2n * power - 2n * backing]);
  const isEarly = compare(early.total(HALF), ONE) >= 0;
  const hurdle = isEarly ? early : late;
  const at = isEarly ? hurdle.settle(ZERO, HALF) : hurdle.settle(HALF, ONE);
  return { shares: hurdle.shares(at), parameter: at };
}

/** @type {Rule} */
function medianPhantoms({ power }, curves) {
  const supported = (/** @type {Curve} */ { levels, powers }, /** @type {bigint} */ threshold) => {
    const step = first(powers.length, (at) => powers[at] >= threshold);
    return step < levels.length ? levels[step] : 0n;
  };
  let [low, high] = [1n, power];
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (curves.reduce((all, curve) => all + supported(curve, middle), 0n) >= UNIT) low = middle;
    else high = middle - 1n;
  }
  const lows = curves.map((curve) => supported(curve, low + 1n));
  const highs = curves.map((curve) => supported(curve, low));
  const level = levelOf(lows, highs);
  const shares = lows.map((least, at) => {
    const [from, to] = [fraction(least, UNIT), fraction(highs[at], UNIT)];
    const raised = compare(level, from) < 0 ? from : level;
    return compare(raised, to) > 0 ? to : raised;
  });
  return { shares, parameter: fraction(low, power) };
}

/** The smallest level that, kept between low and high, sums to a whole. @param {bigint[]} lows @param {bigint[]} highs */
function levelOf(lows, highs) {
  const total = (/** @type {bigint} */ level) => lows.reduce((all, low, at) => {
    const raised = level < low ? low : level;
    return all + (raised > highs[at] ? highs[at] : raised);
  }, 0n);
  const ends = [...new Set([...lows, ...highs])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const step = first(ends.length, (at) => total(ends[at]) >= UNIT);
  const [below, above] = [ends[step - 1], ends[step]];
  const rise = fraction(UNIT - total(below), total(above) - total(below));
  return plus(fraction(below, UNIT), times(rise, fraction(above - below, UNIT)));
}

/** @type {Map<string, Rule>} in the order in which results list them */
export const RULES = new Map([
  ["mean", mean],
  ["ladder", ladder],
  ["median_phantoms", medianPhantoms],
  ["independent_markets", independentMarkets],
  ["piecewise_uniform", piecewiseUniform],
]);

/**
 * Tally one contest: floors come off the top, and the rule splits what remains.
 * @param {string} name of the rule @param {Profile} profile @param {Bounds[]} bounds @param {bigint} budget
 * @returns {Expected}
 */
export function tally(name, profile, bounds, budget) {
  checkBounds(bounds);
  const largest = largestLines(bounds);
  profile.cells.forEach((cell, option) => {
    for (const [line, power] of cell) {
      if (power && line > largest[option]) throw new TallyError(`option ${option + 1}: a counted line is over the cap`);
    }
  });
  const split = /** @type {Rule} */ (RULES.get(name))(profile, curvesOf(profile));
  const votable = fraction(BigInt(residual(bounds)));
  const shares = bounds.map(({ floor }, at) =>
    over(plus(fraction(BigInt(floor)), times(votable, split.shares[at])), fraction(UNIT)));
  return { outcome: "split", shares, amounts: largestRemainder(shares, budget), parameter: split.parameter, why: "" };
}
