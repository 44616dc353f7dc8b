/**
 * Talking to this site: JSON in, JSON out, and a "no" in words.
 */

/** The server said no and why. */
export class RefusedError extends Error {
  /** @param {number} status @param {string} name @param {string} words @param {any} [answer] all that was answered */
  constructor(status, name, words, answer = {}) {
    super(words);
    this.answer = answer;
    this.status = status;
    this.refusal = name;
    this.words = words;
  }
}

/** @param {Document} page @returns {string | null} */
const tokenOf = (page) => page.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? null;

/**
 * The token that protects from forged requests. Pages that all see alike carry none; the sign-in page gives one.
 * @param {{fresh?: boolean}} [options] fresh: the page's own was refused, another is needed
 */
export async function csrfToken({ fresh = false } = {}) {
  const here = fresh ? null : tokenOf(document);
  if (here) return here;
  const page = await (await fetch("/sign-in/")).text();
  return tokenOf(new DOMParser().parseFromString(page, "text/html")) ?? "";
}

/**
 * @param {string} address
 * @param {unknown} body what is sent; a string is sent as it is
 * @returns {Promise<any>}
 * @throws {RefusedError} where the server refused; TypeError where it could not be reached
 */
export async function postJson(address, body) {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": await csrfToken() },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return read(response);
}

/** @param {string} address @returns {Promise<any>} */
export async function getJson(address) {
  return read(await fetch(address, { headers: { Accept: "application/json" } }));
}

/**
 * The answer as JSON. @param {Response} response @returns {Promise<any>} @throws {RefusedError}
 */
export async function read(response) {
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new RefusedError(
    response.status,
    answer.refusal ?? "",
    answer.words ?? `The server answered ${response.status}. Try again in a moment.`,
    answer,
  );
}
