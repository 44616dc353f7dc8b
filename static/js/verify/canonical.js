/** Canonical JSON (RFC 8785) of what a record holds: null, truth, text, whole numbers, lists and objects. */

const DEEPEST = 64;

/**
 * @param {unknown} value as JSON.parse gives it
 * @returns {string}
 * @throws {TypeError} for what has no canonical form here
 */
export function canonical(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError("a record holds whole numbers only, up to 2^53 - 1");
    return String(value);
  }
  if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw new TypeError("a text has half of a surrogate pair");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const fields = /** @type {Record<string, unknown>} */ (value);
  return `{${Object.keys(fields).sort().map((name) => `${canonical(name)}:${canonical(fields[name])}`).join(",")}}`;
}

/** Whether JSON nests so deep that nothing here means it. @param {string} text */
function isTooDeep(text) {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isText) {
      if (letter === "\\") at++;
      else if (letter === '"') isText = false;
    } else if (letter === '"') isText = true;
    else if (letter === "{" || letter === "[") {
      if (++depth > DEEPEST) return true;
    } else if (letter === "}" || letter === "]") depth--;
  }
  return false;
}

/**
 * The value of a text that is canonical JSON.
 * @param {string} text
 * @returns {unknown}
 * @throws {Error} where it is not; the message says why
 */
export function parseCanonical(text) {
  if (isTooDeep(text)) throw new TypeError("it is nested too deeply");
  const value = JSON.parse(text);
  if (canonical(value) !== text) throw new TypeError("it is JSON, but not in canonical form");
  return value;
}
