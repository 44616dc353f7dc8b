/**
 * The keyboard: every deed of the composer without a mouse, and the list of the keys.
 */

import { button, element, openDialog } from "../dom.js";

const LIST = [
  ["↑ ↓", "1 % more, 1 % less"],
  ["Shift ↑ ↓", "5 % more or less"],
  ["Page up, Page down", "10 % more or less"],
  ["Enter, Shift Enter", "next line, line before"],
  ["L", "lock or unlock the line"],
  ["R", "give this line all that is left"],
  ["T", "take what this line lacks from the others"],
  ["E", "give the rest evenly"],
  ["S", "scale the unlocked lines to 100 %"],
  ["C", "clear the unlocked lines"],
  ["N, P", "next programme, programme before"],
  ["/", "find a line, where there are many"],
  ["Ctrl Z, Ctrl Shift Z", "undo, redo"],
  ["Ctrl Enter", "sign, when the ballot is ready"],
  ["?", "these keys"],
];

export function openHelp() {
  openDialog("Keys", (close) => [
    element("p", {}, "In a percentage field:"),
    element("dl", { className: "keys" }, ...LIST.flatMap(([keys, words]) => [element("dt", {}, keys), element("dd", {}, words)])),
    element("div", { className: "actions" }, button("Close", close)),
  ]);
}

/** By how much [basis points] a key changes a line. @param {KeyboardEvent} event */
function change({ key, shiftKey }) {
  const by = { ArrowUp: 100, ArrowDown: -100, PageUp: 1000, PageDown: -1000 }[key];
  return by && shiftKey && Math.abs(by) === 100 ? by * 5 : by;
}

/**
 * @param {import("./contest-view.js").ContestView[]} views
 * @param {{undo: () => void, redo: () => void, sign: () => void}} deeds
 */
export function listenToKeys(views, deeds) {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (document.querySelector("dialog[open]") || event.defaultPrevented || event.altKey || event.isComposing) return;
    const isField = target instanceof HTMLInputElement && target.classList.contains("pct");
    const isText = !isField && /^(TEXTAREA|INPUT|SELECT)$/.test(target.tagName);
    const did = event.ctrlKey || event.metaKey ? withControl(event) : isField ? inField(event, target) : !isText && anywhere(event);
    if (did) event.preventDefault();

    /** @param {KeyboardEvent} event */
    function withControl({ key, shiftKey }) {
      if (key === "Enter") {
        if (isField) target.blur();
        deeds.sign();
      } else if (isText) return false;
      else if (key.toLowerCase() === "z") shiftKey ? deeds.redo() : deeds.undo();
      else if (key.toLowerCase() === "y") deeds.redo();
      else return false;
      return true;
    }
  });

  /** @param {KeyboardEvent} event */
  function anywhere({ key }) {
    if (key !== "?") return false;
    openHelp();
    return true;
  }

  /** @param {KeyboardEvent} event @param {HTMLInputElement} input @returns {boolean} whether it was one of ours */
  function inField(event, input) {
    const view = views[Number(input.dataset.contest)];
    const place = Number(input.dataset.line);
    const by = change(event);
    if (by) return view.step(place, by), true;
    const tools = { e: 0, s: 1, c: 3 };
    const key = event.key.toLowerCase();
    const deed = {
      enter: () => go(input, event.shiftKey ? -1 : 1),
      l: () => view.toggleLock(place),
      r: () => view.fill(place),
      t: () => view.take(place),
      n: () => goToContest(view.at + 1),
      p: () => goToContest(view.at - 1),
      "/": () => view.filter?.focus(),
      "?": openHelp,
    }[key];
    const tool = /** @type {Record<string, number>} */ (tools)[key];
    if (deed) deed();
    else if (tool !== undefined) {
      view.settle(place);
      /** @type {HTMLElement} */ (view.section.querySelectorAll(".tools button")[tool]).click();
    } else return /^\p{L}$/u.test(event.key);
    if (document.activeElement === input) input.select();
    return true;
  }

  /** @param {HTMLInputElement} from @param {number} by lines */
  function go(from, by) {
    const fields = views.flatMap((view) => view.fields());
    const to = fields[fields.indexOf(from) + by];
    if (to) to.focus();
    else if (by > 0) document.getElementById("reason")?.focus();
  }

  /** @param {number} at */
  function goToContest(at) {
    views[at]?.fields()[0]?.focus();
  }
}
