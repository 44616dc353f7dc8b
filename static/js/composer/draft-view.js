/**
 * What becomes of the draft, on the page: kept where, saved when, and two versions side by side where there are two.
 */

import { button, byId, element } from "../dom.js";

/** @typedef {import("./composition.js").Content} Content */
/** @typedef {import("./composition.js").Composition} Composition */

/** @param {string} words */
export function showKept(words) {
  for (const place of document.querySelectorAll("[data-kept]")) place.textContent = words;
}

/** A line above the contests. @param {string} words @param {...Node} deeds */
export function notify(words, ...deeds) {
  const notice = element("p", { className: "notice warn", role: "status" }, words, " ", ...deeds);
  byId("draft-notice").replaceChildren(...(words ? [notice] : []));
}

/**
 * Two versions of the draft, the lines that differ side by side, and a choice; nothing is overwritten before it.
 * @param {Composition} composition @param {Content} theirs
 * @param {(chosen: "mine" | "theirs") => void} choose
 */
export function showConflict(composition, theirs, choose) {
  const mine = composition.content();
  const rows = composition.contests.flatMap((contest) =>
    contest.options.flatMap(({ typology, name }) => {
      const key = `${contest.programme}/${typology}`;
      const [here, there] = [mine.lines[key] ?? "0", theirs.lines[key] ?? "0"];
      if (here === there) return [];
      return [element("tr", {}, element("th", { scope: "row" }, `${contest.name}: ${name}`), element("td", { className: "n" }, `${here} %`), element("td", { className: "n" }, `${there} %`))];
    }),
  );
  if (mine.reason !== (theirs.reason ?? "")) {
    rows.push(element("tr", {}, element("th", { scope: "row" }, "Reason"), element("td", {}, mine.reason || "(empty)"), element("td", {}, theirs.reason || "(empty)")));
  }
  const end = (/** @type {"mine" | "theirs"} */ chosen) => () => {
    byId("draft-notice").replaceChildren();
    choose(chosen);
  };
  if (!rows.length) return end("theirs")();
  const head = ["Line", "Here", "There"].map((name) => element("th", { scope: "col" }, name));
  byId("draft-notice").replaceChildren(
    element("section", { className: "sheet conflict", role: "alert", "aria-labelledby": "conflict-title" },
      element("h2", { id: "conflict-title" }, "This draft was changed in another place"),
      element("p", {}, "Both versions are kept until you choose. Nothing has been sent."),
      element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)),
      element("div", { className: "actions" }, button("Keep what is here", end("mine")), button("Take the other", end("theirs")))),
  );
  byId("draft-notice").scrollIntoView({ block: "center" }); // it stands far above whoever types further down
}
