/**
 * One contest on the page: a field, steppers and a lock on every line, the split bar, what may be done with all lines.
 */

import { button, byId, element } from "../dom.js";
import { WHOLE, basisPoints, percentText, sum } from "./shares.js";
import * as rules from "./contest.js";
import { shuffled } from "./order.js";

/**
 * @typedef {import("./contest.js").Contest} Contest
 * @typedef {import("./contest.js").Outcome} Outcome
 * @typedef {{row: HTMLElement, input: HTMLInputElement, lock: HTMLButtonElement, amount: HTMLElement, why: HTMLElement}} Line
 * @typedef {{symbol: string, decimals: number}} Token
 */

const MANY = 12; // options, from which on a filter helps
const TYPED = { spread: "Give the rest evenly", scale: "Scale to 100 %", clear: "Clear" };

export class ContestView {
  /**
   * @param {import("./composition.js").Composition} composition @param {number} at the contest's place
   * @param {Token} token @param {(words: string) => void} say tells a screen reader
   */
  constructor(composition, at, token, say) {
    this.composition = composition;
    this.at = at;
    this.contest = composition.contests[at];
    this.token = token;
    this.say = say;
    this.section = byId(`contest-${this.contest.programme}`);
    this.list = /** @type {HTMLElement} */ (this.section.querySelector(".lines"));
    this.bars = [...this.section.querySelectorAll(".split rect:not(.rest)")];
    this.floors = sum(this.contest.options.map(({ floor }) => floor));
    /** @type {Map<number, string>} */
    this.whys = new Map();
    this.lines = [...this.list.children].map((row, place) => this.build(/** @type {HTMLElement} */ (row), place));
    this.order = this.lines.map((_, place) => place);
    this.standing = element("b", {});
    this.addTools();
  }

  get state() {
    return this.composition.states[this.at];
  }

  /** @param {HTMLElement} row @param {number} place @returns {Line} */
  build(row, place) {
    const { name } = this.contest.options[place];
    const about = /** @type {HTMLElement} */ (row.querySelector("small"));
    const id = about.id.replace("-about", "");
    const plain = /** @type {HTMLElement} */ (row.querySelector(".option"));
    plain.replaceWith(element("label", { htmlFor: id }, ...plain.childNodes));
    const why = element("p", { id: `${id}-why`, className: "why", hidden: true });
    const amount = element("span", { className: "amount" });
    const input = element("input", {
      id, className: "pct", inputMode: "decimal", enterKeyHint: "next", placeholder: "0", maxLength: 12,
      "aria-describedby": `${about.id} ${why.id}`, "data-line": place, "data-contest": this.at,
    });
    const step = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ words) =>
      element("button", { type: "button", className: "step", tabIndex: -1, "aria-label": `${words} for ${name}`, onclick: () => this.step(place, by) }, sign);
    const lock = element("button", { type: "button", className: "quiet lock", "aria-pressed": false, "aria-label": `Lock ${name}`, onclick: () => this.toggleLock(place) }, "lock");
    input.addEventListener("input", () => this.type(place));
    input.addEventListener("change", () => this.settle(place));
    input.addEventListener("focus", () => input.select());
    row.append(element("span", { className: "give" }, step(-100, "−", "Less"), input, element("span", { "aria-hidden": true }, "%"), step(100, "+", "More"), lock), why);
    about.prepend(amount);
    row.append(about, why);
    return { row, input, lock, amount, why };
  }

  addTools() {
    const run = (/** @type {(contest: Contest, state: rules.State) => Outcome} */ act) => () => this.run(act(this.contest, this.state));
    const tools = element("div", { className: "tools" },
      button(TYPED.spread, run(rules.spread), "quiet"), button(TYPED.scale, run(rules.scale), "quiet"),
      button("Rank instead…", () => this.rank(), "quiet"), button(TYPED.clear, run(rules.clear), "quiet"), this.standing);
    this.list.after(tools);
    this.told = element("p", { className: "why", hidden: true });
    tools.after(this.told);
    if (this.lines.length <= MANY) return;
    const filter = element("input", { type: "search", id: `filter-${this.at}`, className: "filter", autocomplete: "off" });
    this.filter = filter;
    this.found = element("small", { role: "status" });
    filter.addEventListener("input", () => this.narrow());
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") filter.value = "";
      if (event.key === "Escape") this.narrow();
      if (event.key === "Enter" || event.key === "ArrowDown") this.fields()[0]?.focus();
      if (["Enter", "Escape", "ArrowDown"].includes(event.key)) event.preventDefault();
    });
    this.list.before(element("p", { className: "filter-line" }, element("label", { htmlFor: filter.id }, `Find among ${this.lines.length}`), " ", filter, " ", this.found));
  }

  async rank() {
    const { openRanking } = await import("./ranking.js");
    openRanking(this.contest, (weights) => this.run(rules.weighted(this.contest, this.state, weights)));
  }

  narrow() {
    const words = (this.filter?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    this.lines.forEach(({ row }, place) => {
      const { name, typology } = this.contest.options[place];
      row.hidden = !words.every((word) => `${name} ${typology}`.toLowerCase().includes(word));
    });
    const shown = this.lines.filter(({ row }) => !row.hidden).length;
    if (this.found) this.found.textContent = words.length ? `${shown} of ${this.lines.length} shown` : "";
  }

  /** Show the options in the order of a seed, or of the ballot. @param {string | null} seed @param {string} hash of the rules */
  arrange(seed, hash) {
    const names = this.contest.options.map(({ typology }) => `${this.contest.programme}/${typology}`);
    this.order = seed === null ? names.map((_, place) => place) : shuffled(names, seed, hash);
    this.list.append(...this.order.map((place) => this.lines[place].row));
    this.show();
  }

  /** The fields as they are seen. @returns {HTMLInputElement[]} */
  fields() {
    return this.order.map((place) => this.lines[place]).filter(({ row }) => !row.hidden).map(({ input }) => input);
  }

  /** Take over what came of a deed. @param {Outcome} outcome @param {string} [step] */
  run(outcome, step = "") {
    this.whys = outcome.whys;
    this.asked = undefined;
    this.tell(outcome.whys.size ? "" : outcome.words);
    this.composition.apply(new Map([[this.at, outcome.state]]), step);
    this.show();
    this.say(outcome.words || this.standingWords());
  }

  forgetWhys() {
    this.whys = new Map();
    this.asked = undefined;
    this.typing = undefined;
    this.tell("");
  }

  /** @param {string} words about the contest as a whole */
  tell(words) {
    if (!this.told) return;
    this.told.textContent = words;
    this.told.hidden = !words;
  }

  /** @param {number} place */
  type(place) {
    this.typing = place;
    const points = basisPoints(this.lines[place].input.value);
    const outcome = rules.setShare(this.contest, this.state, place, points);
    this.run(outcome, `type ${this.at}/${place}`);
    const goal = Math.min(points ?? 0, this.contest.options[place].largest);
    if (goal > this.state.shares[place] && !this.state.locked[place]) this.offer(place, goal);
  }

  /** Beside the reason why a line got less than was typed: take the rest from the others. @param {number} place @param {number} goal */
  offer(place, goal) {
    this.asked = { place, goal };
    this.lines[place].why.append(" ", button(`Give it ${percentText(goal)} % and lower the others`, () => this.take(place), "quiet"));
  }

  /** The field is left: it says what the line has. The reason, if there is one, stays. @param {number} place */
  settle(place) {
    this.typing = undefined;
    this.composition.endStep();
    this.show();
    this.say(this.standingWords());
  }

  /** What a screen reader is told: what remains. */
  standingWords() {
    return `${this.contest.name}: ${rules.standing(this.state).words}.${this.composition.isReady ? " Ready to sign." : ""}`;
  }

  /** @param {number} place @param {number} by basis points */
  step(place, by) {
    const share = this.state.shares[place];
    if (by < 0 && share === 0) return;
    this.typing = undefined;
    this.run(rules.setShare(this.contest, this.state, place, Math.max(0, share + by)), `step ${this.at}/${place}`);
  }

  /** @param {number} place */
  toggleLock(place) {
    this.run(rules.toggleLock(this.state, place));
    this.say(`${this.contest.options[place].name} ${this.state.locked[place] ? "locked" : "unlocked"}`);
  }

  /** Take what a line lacks of what was typed from the others. @param {number} place */
  take(place) {
    if (this.asked?.place !== place) return;
    const { goal } = this.asked;
    this.typing = undefined;
    this.run(rules.takeFromOthers(this.contest, this.state, place, goal));
  }

  /** Give a line all that is left. @param {number} place */
  fill(place) {
    this.typing = undefined;
    const room = this.contest.options[place].largest;
    this.run(rules.setShare(this.contest, this.state, place, Math.min(room, this.state.shares[place] + rules.remaining(this.state))));
  }

  /** @param {number} place */
  text(place) {
    const share = this.state.shares[place];
    return share || this.state.locked[place] ? percentText(share) : "";
  }

  show() {
    const { shares, locked } = this.state;
    const given = sum(shares);
    let start = 0;
    this.lines.forEach(({ row, input, lock, amount, why }, place) => {
      const words = this.whys.get(place) ?? "";
      if (place !== this.typing) input.value = this.text(place);
      input.setAttribute("aria-invalid", String(Boolean(words)));
      input.readOnly = locked[place];
      lock.setAttribute("aria-pressed", String(locked[place]));
      lock.textContent = locked[place] ? "locked" : "lock";
      row.classList.toggle("is-locked", locked[place]);
      if (why.dataset.words !== words || !this.asked) {
        why.dataset.words = words;
        why.replaceChildren(words);
        why.hidden = !words;
      }
      amount.textContent = given ? `${this.amountWords(place)} · ` : "";
    });
    for (const place of this.order) {
      this.bars[place].setAttribute("x", `${start / 100}%`);
      this.bars[place].setAttribute("width", `${shares[place] / 100}%`);
      start += shares[place];
    }
    const { words, mark } = rules.standing(this.state);
    this.standing.textContent = words;
    this.standing.className = mark;
  }

  /** What a line comes to; without tokens where the vote over all programmes decides the budget. @param {number} place */
  amountWords(place) {
    const total = this.contest.options[place].floor * WHOLE + (WHOLE - this.floors) * this.state.shares[place];
    const thousandths = Math.round(total / 100_000);
    const share = `${thousandths % 10 ? (thousandths / 10).toFixed(1) : thousandths / 10} % of the budget`;
    if (this.contest.budget === null) return share;
    const amount = (BigInt(this.contest.budget) * BigInt(total)) / BigInt(WHOLE * WHOLE) / 10n ** BigInt(this.token.decimals);
    const words = `${amount.toLocaleString("en")} ${this.token.symbol}`;
    return this.floors ? `${words}, ${share}` : words;
  }
}
