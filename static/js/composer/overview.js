/**
 * What stands beside the contests: how far each is, whether it is sent, what a screen reader is told.
 */

import { byId } from "../dom.js";
import { WHOLE } from "./shares.js";
import { remaining, standing } from "./contest.js";

/** Tell a screen reader, once things are quiet: every keystroke would be too much. */
export function speaker() {
  const said = byId("said");
  let timer = 0;
  return (/** @type {string} */ words) => {
    clearTimeout(timer);
    timer = setTimeout(() => (said.textContent = words), 400);
  };
}

/** @param {string} words @param {string} [mark] */
export function showStatus(words, mark = "muted") {
  const status = byId("status");
  status.textContent = words;
  status.className = mark;
}

/** @param {import("./composition.js").Composition} composition */
export function showProgress(composition) {
  composition.states.forEach((state, at) => {
    const { words, mark } = standing(state);
    for (const place of document.querySelectorAll(`[data-standing="${at}"]`)) {
      place.textContent = words;
      place.className = mark;
    }
    document.querySelector(`[data-given="${at}"]`)?.setAttribute("width", `${(WHOLE - remaining(state)) / 100}%`);
  });
}

/** What stands in the way of signing, in a sentence. @param {import("./composition.js").Composition} composition */
export function whatIsMissing(composition) {
  const begun = composition.contests.filter((_, at) => standing(composition.states[at]).mark === "left-mark");
  if (begun.length) return `Not complete: ${begun.map(({ name }) => name).join(", ")}. Give each its 100 %, or clear it.`;
  return composition.isReady ? "Ready to sign." : "Give at least one programme its 100 %.";
}
