/**
 * The whole ballot as it is being written: every contest's state, the reason, undo and redo. No page.
 */

import { basisPoints, percentText } from "./shares.js";
import { emptyState, setShare, standing } from "./contest.js";

/**
 * @typedef {import("./contest.js").Contest} Contest
 * @typedef {import("./contest.js").State} State
 * @typedef {{lines: Record<string, string>, locked: string[], reason: string}} Content a draft, as it is kept
 */

/** @param {Contest} contest @param {number} place @returns {string} how a draft names a line */
export const lineKey = (contest, place) => `${contest.programme}/${contest.options[place].typology}`;

/** Dispatches `change` after everything that changes it. */
export class Composition extends EventTarget {
  /** @param {Contest[]} contests */
  constructor(contests) {
    super();
    this.contests = contests;
    this.states = contests.map(emptyState);
    this.reason = "";
    /** @type {State[][]} */
    this.past = [];
    /** @type {State[][]} */
    this.future = [];
    this.step = "";
  }

  /**
   * Take over new states of some contests as one step that can be undone; steps of the same name in a row, such as
   * the keystrokes in one field, are one step.
   * @param {Map<number, State>} states by the contest's place @param {string} [step]
   */
  apply(states, step = "") {
    const next = this.states.map((state, place) => states.get(place) ?? state);
    if (JSON.stringify(next) === JSON.stringify(this.states)) return;
    if (!step || step !== this.step) {
      this.past.push(this.states);
      if (this.past.length > 200) this.past.shift();
    }
    this.step = step;
    this.future = [];
    this.states = next;
    this.tell();
  }

  /** What comes next is a step of its own. */
  endStep() {
    this.step = "";
  }

  /** @returns {boolean} whether there was something to undo */
  undo() {
    return this.move(this.past, this.future);
  }

  /** @returns {boolean} whether there was something to do again */
  redo() {
    return this.move(this.future, this.past);
  }

  /** @param {State[][]} from @param {State[][]} to */
  move(from, to) {
    const states = from.pop();
    if (!states) return false;
    to.push(this.states);
    this.states = states;
    this.step = "";
    this.tell();
    return true;
  }

  /** @param {string} reason */
  setReason(reason) {
    this.reason = reason;
    this.tell();
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }

  /** The lines to sign, in the order of the rules. @returns {import("../eip712.js").Line[]} */
  lines() {
    return this.contests.flatMap((contest, at) =>
      contest.options.flatMap(({ typology }, place) => {
        const share = this.states[at].shares[place];
        return share ? [{ programme: contest.programme, typology, basisPoints: share }] : [];
      }),
    );
  }

  /** Whether it can be signed: at least one contest is complete, and none is begun only. */
  get isReady() {
    const all = this.states.map(standing);
    return all.some(({ done }) => done) && all.every(({ done, words }) => done || words === "left out");
  }

  get isEmpty() {
    return !this.reason && this.states.every(({ shares, locked }) => shares.every((share) => !share) && !locked.includes(true));
  }

  /** @returns {Content} */
  content() {
    /** @type {Content} */
    const content = { lines: {}, locked: [], reason: this.reason };
    this.contests.forEach((contest, at) =>
      contest.options.forEach((_, place) => {
        const { shares, locked } = this.states[at];
        if (shares[place]) content.lines[lineKey(contest, place)] = percentText(shares[place]);
        if (locked[place]) content.locked.push(lineKey(contest, place));
      }),
    );
    return content;
  }

  /** Be what a draft says, as far as it is possible under the rules. @param {Partial<Content>} content */
  restore({ lines = {}, locked = [], reason = "" }) {
    const states = this.contests.map((contest) =>
      contest.options.reduce((state, _, place) => {
        const text = lines[lineKey(contest, place)];
        const points = text === undefined ? 0 : basisPoints(String(text));
        return points ? setShare(contest, state, place, points).state : state;
      }, emptyState(contest)),
    );
    this.contests.forEach((contest, at) => {
      states[at].locked = contest.options.map((_, place) => locked.includes(lineKey(contest, place)));
    });
    this.reason = String(reason);
    this.apply(new Map(states.entries()));
    this.tell();
  }
}
