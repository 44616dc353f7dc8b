/**
 * Columns from a spreadsheet, and back: option and percentage, with the programme before them where need be.
 */

import { basisPoints, percentText } from "./shares.js";

/**
 * @typedef {import("./contest.js").Contest} Contest
 * @typedef {import("./contest.js").State} State
 * @typedef {{line: number, words: string}} Fault `line` counts from 1
 */

/** @param {string} text */
const plain = (text) => text.trim().toLowerCase().normalize("NFC");

/** The columns of a line; quotes as spreadsheets write them. @param {string} line @param {string} separator */
export function columns(line, separator) {
  const found = [];
  let [field, quoted] = ["", false];
  for (let at = 0; at < line.length; at++) {
    const sign = line[at];
    if (quoted && sign === '"' && line[at + 1] === '"') field += line[++at];
    else if (sign === '"' && (quoted || field.trim() === "")) quoted = !quoted;
    else if (sign === separator && !quoted) {
      found.push(field.trim());
      field = "";
    } else field += sign;
  }
  return [...found, field.trim()];
}

/**
 * What a text of two or three columns asks for.
 * @param {string} text
 * @param {Contest[]} contests that it may speak of
 * @returns {{wanted: Map<number, number[]>, faults: Fault[]}} basis points by the contest's place
 */
export function readSheet(text, contests) {
  const rows = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const separator = ["\t", ";"].find((sign) => text.includes(sign)) ?? ",";
  /** @type {Map<number, number[]>} */
  const wanted = new Map();
  /** @type {Fault[]} */
  const faults = [];
  const seen = new Set();
  rows.forEach((row, at) => {
    if (!row.trim()) return;
    const found = readRow(columns(row, separator), contests, separator);
    if (typeof found === "string") {
      if (faults.length || wanted.size || !isHeading(row, separator)) faults.push({ line: at + 1, words: found });
      return;
    }
    const [contest, place, points] = found;
    const key = `${contest}/${place}`;
    if (seen.has(key)) faults.push({ line: at + 1, words: `“${contests[contest].options[place].name}” stands here twice.` });
    seen.add(key);
    const shares = wanted.get(contest) ?? contests[contest].options.map(() => 0);
    shares[place] = points;
    wanted.set(contest, shares);
  });
  if (!wanted.size && !faults.length) faults.push({ line: 1, words: "There is nothing here: paste an option and a number on each line." });
  return { wanted, faults };
}

/** @param {string} row @param {string} separator whether it names the columns */
function isHeading(row, separator) {
  const last = columns(row, separator).at(-1) ?? "";
  return !/\d/.test(last);
}

/** @param {string[]} found @param {Contest[]} contests @param {string} separator @returns {[number, number, number] | string} */
function readRow(found, contests, separator) {
  if (found.length < 2) return "This line has one column: write an option, then a number.";
  if (found.length > 3 || (found.length === 3 && separator === "," && /^\d+$/.test(found[1]) && /^\d{1,2}$/.test(found[2]))) {
    return "Too many columns. Write 12.5 with a point, or separate the columns with tabs or semicolons.";
  }
  const [number, name, programme] = found.toReversed();
  const points = basisPoints(number);
  const matches = contests.flatMap((contest, at) => {
    if (programme !== undefined && ![contest.programme, contest.name].map(plain).includes(plain(programme))) return [];
    return contest.options.flatMap((option, place) =>
      [option.typology, option.name].map(plain).includes(plain(name)) ? [/** @type {[number, number]} */ ([at, place])] : [],
    );
  });
  if (matches.length === 0) return `“${name}” is no option${programme === undefined ? "" : ` of “${programme}”`} here.`;
  if (matches.length > 1) return `“${name}” stands in more than one programme: add a first column with the programme.`;
  if (number.startsWith("-") || number.startsWith("−")) return `${number} is below zero.`;
  if (points === null || number === "") return `“${number}” is no number with at most two decimals.`;
  return [...matches[0], points];
}

/** @param {string} text @param {string} separator */
const quote = (text, separator) => (/["\n\r]/.test(text) || text.includes(separator) || /^[=+\-@\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * The ballot as CSV: programme, option, percent; what `readSheet` reads back.
 * @param {Contest[]} contests @param {State[]} states
 */
export function writeSheet(contests, states) {
  const rows = contests.flatMap((contest, at) =>
    contest.options.map((option, place) => [contest.programme, option.typology, percentText(states[at].shares[place])]),
  );
  return [["programme", "option", "percent"], ...rows].map((row) => row.map((field) => quote(field, ",")).join(",") + "\r\n").join("");
}
