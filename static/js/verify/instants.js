/** Instants as canonical text: UTC, microseconds always, `Z`. As text they sort like time. */

const END = Date.UTC(10_000, 0);
const FORM = /^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$/;

/** @param {unknown} value @returns {value is string} */
export function isInstant(value) {
  if (typeof value !== "string" || !FORM.test(value)) return false;
  const at = Date.parse(`${value.slice(0, 19)}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 19) === value.slice(0, 19);
}

/** Microseconds since 1970. @param {string} instant @returns {bigint} */
export function microseconds(instant) {
  return BigInt(Date.parse(`${instant.slice(0, 19)}Z`)) * 1000n + BigInt(instant.slice(20, 26));
}

/** Some seconds later, null after the last instant that there is a text for. @param {string} instant @param {number} seconds */
export function later(instant, seconds) {
  const at = new Date(Date.parse(`${instant.slice(0, 19)}Z`) + 1000 * seconds);
  return at.getTime() >= END ? null : at.toISOString().slice(0, 19) + instant.slice(19);
}
