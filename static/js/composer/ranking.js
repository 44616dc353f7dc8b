/**
 * A ranking turned into shares by an open formula: places in, weights out.
 */

import { button, element, openDialog } from "../dom.js";
import { CURVES, WHOLE, apportion, percentText } from "./shares.js";

/**
 * @param {import("./contest.js").Contest} contest
 * @param {(weights: bigint[]) => void} take
 */
export function openRanking(contest, take) {
  const preview = contest.options.map(() => element("output", {}));
  const fields = contest.options.map(({ name }, place) =>
    element("input", { id: `rank-${place}`, className: "place", inputMode: "numeric", maxLength: 3, "aria-label": `Place of ${name}` }),
  );
  const choice = element("select", { id: "rank-curve" }, ...Object.entries(CURVES).map(([value, { name }]) => element("option", { value }, name)));
  const formula = element("small", {});
  const use = element("button", { className: "primary" }, "Use these shares");
  const places = () => fields.map(({ value }) => (/^[1-9][0-9]{0,2}$/.test(value.trim()) ? Number(value) : 0));
  const weights = () => CURVES[choice.value].weights(places());
  const show = () => {
    const shares = apportion(weights(), WHOLE, contest.options.map(({ largest }) => largest));
    shares.forEach((share, place) => (preview[place].textContent = share ? `${percentText(share)} %` : "–"));
    formula.textContent = `${CURVES[choice.value].formula}; share = weight ÷ all weights, rounded to 0.01 %, within the caps.`;
    use.disabled = places().every((place) => !place);
  };
  const { dialog } = openDialog(`Rank ${contest.name}`, (close) => {
    const finish = () => {
      const chosen = weights();
      close();
      take(chosen);
    };
    const rows = contest.options.map(({ name }, place) => element("li", {}, element("span", {}, name), fields[place], preview[place]));
    const form = element("form", { method: "dialog", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); if (!use.disabled) finish(); } },
      element("p", {}, "Write 1 beside the best, 2 beside the next, and so on. Two may share a place; without a place a line gets nothing."),
      element("ol", { className: "ranks" }, ...rows),
      element("label", { htmlFor: choice.id }, "Curve "), choice, element("p", {}, formula),
      element("div", { className: "actions" }, button("Cancel", close), use),
    );
    return [form];
  });
  dialog.addEventListener("input", show);
  fields[0].focus();
  show();
}
