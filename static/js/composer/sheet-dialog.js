/**
 * A spreadsheet as the way in and out: paste columns, open a file, save one.
 */

import { button, download, element, openDialog } from "../dom.js";
import { startFrom, weighted } from "./contest.js";
import { WHOLE, percentText, sum } from "./shares.js";
import { readSheet, writeSheet } from "./sheet-text.js";

/**
 * @param {import("./composition.js").Composition} composition
 * @param {string} name of the file
 * @param {(outcomes: Map<number, import("./contest.js").Outcome>) => void} take by the contest's place
 */
export function openSheet(composition, name, take) {
  const text = element("textarea", { id: "sheet-text", rows: 8, spellcheck: false, placeholder: "lending\t35\nexchanges\t65" });
  const file = element("input", { type: "file", id: "sheet-file", accept: ".csv,.tsv,.txt,text/csv,text/plain" });
  const weights = element("input", { type: "checkbox", id: "sheet-weights" });
  const faults = element("ul", { className: "why plain", id: "sheet-faults" });
  text.setAttribute("aria-describedby", faults.id);
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (chosen) text.value = chosen.size > 1_000_000 ? "" : await chosen.text();
  });
  openDialog("From a spreadsheet", (close) => {
    const use = () => {
      const read = readSheet(text.value, composition.contests);
      const outcomes = new Map();
      for (const [at, wanted] of read.wanted) {
        const contest = composition.contests[at];
        const total = sum(wanted);
        const asWeights = weights.checked && total > 0;
        if (!asWeights && total > WHOLE) {
          read.faults.push({ line: 0, words: `${contest.name} adds up to ${percentText(total)} %. Make it 100 %, or tick “scale”.` });
        }
        const state = composition.states[at];
        outcomes.set(at, asWeights ? weighted(contest, state, wanted.map(BigInt)) : startFrom(contest, state, wanted));
      }
      faults.replaceChildren(...read.faults.map(({ line, words }) => element("li", {}, line ? `Line ${line}: ${words}` : words)));
      if (read.faults.length) return;
      close();
      take(outcomes);
    };
    return [
      element("p", {}, "Two columns: the option and its percentage, separated by tab, semicolon or comma. Where an option's name stands in several programmes, put the programme before it. Contests that are not named stay as they are."),
      element("label", { htmlFor: text.id }, "Paste here"), text,
      element("p", {}, element("label", { htmlFor: file.id }, "or open a CSV file "), file),
      element("p", { className: "tick" }, weights, element("label", { htmlFor: weights.id }, "scale each programme's numbers to 100 %")),
      element("div", { role: "alert" }, faults),
      element("div", { className: "actions" },
        button("Save this ballot as CSV", () => download(name, writeSheet(composition.contests, composition.states), "text/csv")),
        button("Cancel", close), button("Use these numbers", use, "primary")),
    ];
  });
  text.focus();
}
