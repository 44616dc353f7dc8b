/**
 * One contest of the ballot: what may be done with its lines. No page.
 *
 * A state is never impossible: every share is a whole number of basis points from 0 to the line's largest, and
 * together they are at most the whole. What was asked for and cannot be is answered with a reason for that line.
 */

import { WHOLE, apportion, percentText, sum } from "./shares.js";

/**
 * @typedef {{typology: string, name: string, floor: number, largest: number, last?: number}} Option
 *   `largest` and `last` (its share of the last result) [basis points of what remains after the floors]
 * @typedef {{programme: string, name: string, budget: string | null, options: Option[]}} Contest
 * @typedef {{shares: number[], locked: boolean[]}} State in the order of the contest's options
 * @typedef {{state: State, whys: Map<number, string>, words: string}} Outcome `whys`: by the place of the line
 */

/** @param {Contest} contest @returns {State} */
export function emptyState(contest) {
  return { shares: contest.options.map(() => 0), locked: contest.options.map(() => false) };
}

/** @param {State} state */
export const remaining = (state) => WHOLE - sum(state.shares);

/** @param {Option} option */
const capWords = (option) => `At most ${percentText(option.largest)} % can go here by the programme's rules.`;

/** @param {State} state @param {number[]} shares @param {string} [words] @param {Map<number, string>} [whys] @returns {Outcome} */
function outcome(state, shares, words = "", whys = new Map()) {
  return { state: { ...state, shares }, words, whys };
}

/** Nothing changes, and why. @param {State} state @param {string} words @param {number} [place] @returns {Outcome} */
function refusal(state, words, place) {
  return outcome(state, state.shares, words, place === undefined ? new Map() : new Map([[place, words]]));
}

/**
 * Give one line a share: as much of it as its cap and the other lines leave.
 * @param {Contest} contest @param {State} state @param {number} place @param {number | null} wanted null: it was no percentage
 * @returns {Outcome}
 */
export function setShare(contest, state, place, wanted) {
  const option = contest.options[place];
  const before = state.shares[place];
  if (wanted === null) return refusal(state, "Write a percentage from 0 to 100 with at most two decimals.", place);
  if (state.locked[place] && wanted !== before) return refusal(state, "This line is locked. Unlock it to change it.", place);
  const free = remaining(state) + before;
  const share = Math.min(wanted, option.largest, free);
  const shares = state.shares.with(place, share);
  if (share === wanted) return outcome(state, shares);
  const reasons = wanted > option.largest ? [capWords(option)] : [];
  if (wanted > free && free < option.largest) reasons.push(`Only ${percentText(free)} % is left for this line.`);
  const words = reasons.join(" ");
  return outcome(state, shares, words, new Map([[place, words]]));
}

/**
 * Give one line a share and take what is missing from the other unlocked lines, in proportion to what they have.
 * @param {Contest} contest @param {State} state @param {number} place @param {number} wanted @returns {Outcome}
 */
export function takeFromOthers(contest, state, place, wanted) {
  const option = contest.options[place];
  const goal = Math.min(wanted, option.largest);
  const missing = goal - state.shares[place] - remaining(state);
  const others = state.shares.map((share, other) => (other === place || state.locked[other] ? 0 : share));
  const taken = apportion(others.map(BigInt), Math.max(0, Math.min(missing, sum(others))), others);
  const lowered = { ...state, shares: state.shares.map((share, other) => share - taken[other]) };
  const made = setShare(contest, lowered, place, goal);
  if (made.words) return made;
  return wanted > goal ? { ...made, words: capWords(option), whys: new Map([[place, capWords(option)]]) } : made;
}

/**
 * Give what is left in equal parts to the unlocked lines: to the empty ones if there are any, else to all.
 * @param {Contest} contest @param {State} state @returns {Outcome}
 */
export function spread(contest, state) {
  const rest = remaining(state);
  if (rest === 0) return refusal(state, "Nothing is left to give.");
  const room = state.shares.map((share, place) => (state.locked[place] ? 0 : contest.options[place].largest - share));
  const hasEmpty = state.shares.some((share, place) => share === 0 && room[place] > 0);
  const weights = state.shares.map((share, place) => (room[place] > 0 && (share === 0 || !hasEmpty) ? 1n : 0n));
  let added = apportion(weights, rest, room);
  if (sum(added) < rest) {
    // the empty lines are full: the others take what is over
    const more = apportion(room.map((free, place) => (free > added[place] ? 1n : 0n)), rest - sum(added), room.map((free, place) => free - added[place]));
    added = added.map((share, place) => share + more[place]);
  }
  if (sum(added) === 0) return refusal(state, "Every line is locked or at its cap: unlock one first.");
  return outcome(state, state.shares.map((share, place) => share + added[place]));
}

/**
 * Make the unlocked lines fill what the locked ones leave, in the proportions that they have.
 * @param {Contest} contest @param {State} state @returns {Outcome}
 */
export function scale(contest, state) {
  const fixed = state.shares.map((share, place) => (state.locked[place] ? share : 0));
  const weights = state.shares.map((share, place) => (state.locked[place] ? 0n : BigInt(share)));
  if (weights.every((weight) => weight === 0n)) {
    return refusal(state, "There is nothing to scale: give an unlocked line a share first.");
  }
  const scaled = apportion(weights, WHOLE - sum(fixed), contest.options.map((option) => option.largest));
  const shares = scaled.map((share, place) => share + fixed[place]);
  const rest = WHOLE - sum(shares);
  return outcome(state, shares, rest ? `${percentText(rest)} % is left: the other lines are at their caps.` : "");
}

/** Empty the unlocked lines. @param {Contest} contest @param {State} state @returns {Outcome} */
export function clear(contest, state) {
  const shares = state.shares.map((share, place) => (state.locked[place] ? share : 0));
  if (sum(shares) && sum(shares) === sum(state.shares)) return refusal(state, "What is left is locked.");
  return outcome(state, shares);
}

/** @param {State} state @param {number} place @returns {Outcome} */
export function toggleLock(state, place) {
  return { state: { ...state, locked: state.locked.with(place, !state.locked[place]) }, whys: new Map(), words: "" };
}

/** Equal parts for all lines. @param {Contest} contest @param {State} state @returns {Outcome} */
export function even(contest, state) {
  return weighted(contest, state, contest.options.map(() => 1n));
}

/**
 * Shares in proportion to weights, to exactly the whole where the caps allow. Locks do not hold: it starts anew.
 * @param {Contest} contest @param {State} state @param {bigint[]} weights @returns {Outcome}
 */
export function weighted(contest, state, weights) {
  const shares = apportion(weights, WHOLE, contest.options.map((option) => option.largest));
  const rest = WHOLE - sum(shares);
  const words = rest && rest < WHOLE ? `${percentText(rest)} % is left: the chosen lines are at their caps.` : "";
  return outcome(emptyState(contest), shares, words);
}

/**
 * Shares as they stand elsewhere (an earlier ballot, a result, a file), each cut to what is possible, with the reason.
 * @param {Contest} contest @param {State} state @param {number[]} wanted @returns {Outcome}
 */
export function startFrom(contest, state, wanted) {
  /** @type {Outcome} */
  let made = outcome(emptyState(contest), contest.options.map(() => 0));
  const whys = new Map();
  wanted.forEach((share, place) => {
    made = setShare(contest, made.state, place, share);
    for (const [line, why] of made.whys) whys.set(line, why);
  });
  return { ...made, whys, words: whys.size ? "Some shares were cut: the lines say why." : "" };
}

/**
 * @param {State} state
 * @returns {{words: string, mark: string, done: boolean, left: number}}
 */
export function standing(state) {
  const left = remaining(state);
  if (left === WHOLE) return { words: "left out", mark: "muted", done: false, left };
  if (left === 0) return { words: "complete", mark: "done-mark", done: true, left };
  return { words: `${percentText(left)} % left`, mark: "left-mark", done: false, left };
}
