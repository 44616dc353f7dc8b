/**
 * What the ballot would change, where results are live: by the contest's own rule, as the server counts it.
 */

import { button, element } from "../dom.js";
import { postJson, RefusedError } from "../http.js";
import { standing } from "./contest.js";

const PAUSE = 700; // ms without a change before the server is asked

/**
 * @typedef {{typology: string, now: string, then: string, difference: string, basis_points: string}} Moved
 * @typedef {{programme: string, options: Moved[]}} Effect
 */

/** A fraction of basis points as points of a percentage. @param {string} fraction such as 125/3 @returns {string} +0.42 */
export function points(fraction) {
  const [above, below] = fraction.split("/").map(BigInt);
  const negative = above < 0n;
  const size = negative ? -above : above;
  const hundredths = (2n * size + (below ?? 1n)) / (2n * (below ?? 1n)); // of a per cent, rounded half up
  return `${negative ? "−" : "+"}${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}

export class EffectPanel {
  /**
   * @param {{effect: string, symbol: string, decimals: number}} page
   * @param {import("./composition.js").Composition} composition
   * @param {import("./contest-view.js").ContestView[]} views
   * @param {() => Promise<string | null>} askVoter whose ballot it is
   */
  constructor(page, composition, views, askVoter) {
    this.page = page;
    this.composition = composition;
    this.askVoter = askVoter;
    this.voter = /** @type {string | null} */ (null);
    this.places = views.map((view) => {
      const place = element("div", { className: "effect" });
      view.section.querySelector("details")?.before(place);
      return place;
    });
    this.asked = 0;
    composition.addEventListener("change", () => this.soon());
  }

  /** @param {string | null} voter */
  start(voter) {
    this.voter = voter;
    this.soon();
  }

  soon() {
    clearTimeout(this.timer);
    this.places.forEach((place, at) => {
      if (!standing(this.composition.states[at]).done) place.replaceChildren();
      else if (!this.voter) place.replaceChildren(button("What would it change?", () => this.ask(), "quiet"));
    });
    if (this.voter && this.composition.states.some((state) => standing(state).done)) this.timer = setTimeout(() => this.look(), PAUSE);
  }

  async ask() {
    this.start(await this.askVoter().catch(() => null));
  }

  async look() {
    const asked = ++this.asked;
    const done = new Set(this.composition.contests.filter((_, at) => standing(this.composition.states[at]).done).map(({ programme }) => programme));
    const lines = this.composition.lines().filter(({ programme }) => done.has(programme));
    try {
      const { contests } = await postJson(this.page.effect, { voter: this.voter, lines });
      if (asked === this.asked) this.show(contests);
    } catch (error) {
      if (asked !== this.asked) return;
      const words = error instanceof RefusedError ? error.words : "";
      for (const place of this.places) place.replaceChildren(...(words && place.childNodes.length ? [element("small", {}, words)] : []));
    }
  }

  /** @param {Effect[]} effects */
  show(effects) {
    this.composition.contests.forEach((contest, at) => {
      const effect = effects.find(({ programme }) => programme === contest.programme);
      if (!effect || !standing(this.composition.states[at]).done) return this.places[at].replaceChildren();
      const isOpen = this.places[at].querySelector("details")?.open ?? false;
      this.places[at].replaceChildren(this.tableOf(contest, effect, isOpen));
    });
  }

  /** @param {import("./contest.js").Contest} contest @param {Effect} effect @param {boolean} open */
  tableOf(contest, effect, open) {
    const name = (/** @type {string} */ key) => contest.options.find(({ typology }) => typology === key)?.name ?? key;
    const moved = effect.options.filter(({ difference }) => difference !== "0");
    const size = (/** @type {Moved} */ { difference }) => (BigInt(difference) < 0n ? -BigInt(difference) : BigInt(difference));
    const largest = moved.toSorted((a, b) => (size(a) < size(b) ? 1 : -1))[0];
    const sentence = largest
      ? `What it would change: ${name(largest.typology)} ${this.amount(largest.difference, true)} ${this.page.symbol}`
      : "What it would change: nothing";
    const head = ["option", "now", "with yours", "change", "points"].map((words, at) => element("th", { scope: "col", className: at ? "n" : "" }, words));
    const rows = effect.options.map((option) => element("tr", {},
      element("th", { scope: "row" }, name(option.typology)),
      ...[this.amount(option.now), this.amount(option.then), this.amount(option.difference, true), points(option.basis_points)].map((words) => element("td", { className: "n" }, words)),
    ));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    return element("details", { open }, element("summary", {}, sentence),
      element("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": `What your ballot would change in ${contest.name}` }, table),
      element("small", {}, `In ${this.page.symbol}, and in points of the budget, if voting ended now. Every ballot that comes in later changes it.`));
  }

  /** @param {string} baseUnits @param {boolean} [signed] whole tokens; parts of one where there is less than a thousand */
  amount(baseUnits, signed = false) {
    const units = BigInt(baseUnits);
    const size = units < 0n ? -units : units;
    const unit = 10n ** BigInt(this.page.decimals);
    const cents = size < 1000n * unit && this.page.decimals >= 2 ? `.${String((size * 100n) / unit % 100n).padStart(2, "0")}` : "";
    const sign = units < 0n ? "−" : signed ? "+" : "";
    return `${sign}${(size / unit).toLocaleString("en")}${cents}`;
  }
}
