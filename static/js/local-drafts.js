/**
 * Drafts as this browser keeps them, and the banner that says that one was not sent.
 */

/**
 * @typedef {{lines: Record<string, string>, locked: string[], reason: string}} Content as the page shows it
 * @typedef {{content: Content, base: number, unsaved: boolean, owner: string | null, at: string,
 *   cycle: string, closesAt: string}} Local `base`: the server's version that it is made on; `owner`: whose it is,
 *   null where nobody was signed in
 */

export const PREFIX = "tpp-draft-";
export const CHANGED = "tpp-draft-changed"; // what a window hears when its draft was kept or forgotten

/** @returns {string | null} the address that is signed in on this page */
export function signedInWallet() {
  return /** @type {HTMLElement | null} */ (document.querySelector("[data-wallet]"))?.dataset.wallet ?? null;
}

/** @param {string} key @returns {Local | null} */
export function readLocal(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    return kept?.content?.lines ? kept : null;
  } catch {
    return null;
  }
}

/** @param {Content | null} content */
export function isEmpty(content) {
  return !content || (Object.keys(content.lines).length === 0 && content.reason.trim() === "");
}

/** Every draft in this browser, by its key. @returns {[string, Local][]} */
function all() {
  const found = [];
  try {
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
      const local = readLocal(key);
      if (local) found.push(/** @type {[string, Local]} */ ([key, local]));
    }
  } catch {
    // this browser keeps nothing for us
  }
  return found;
}

/** Whether the reader of this page may see it: their own, or nobody's, or there is nobody. @param {Local} local */
function isMine(local) {
  const reader = signedInWallet();
  return local.owner === null || reader === null || local.owner === reader;
}

/**
 * Show the banner if a draft in this browser was not sent; the server shows it by itself for a draft that it has.
 * @param {number} now the server's clock [ms]
 */
export function showNotSent(now) {
  const banner = document.getElementById("not-sent");
  if (!banner) return;
  for (const [key, local] of all()) {
    if (Date.parse(local.closesAt) <= now) localStorage.removeItem(key); // too late to send it
  }
  const [, draft] = all().find(([, local]) => isMine(local) && !isEmpty(local.content)) ?? [];
  const isOnServer = banner.dataset.cycle !== undefined;
  // of a draft that is on the server, the server knows whether it was signed elsewhere
  const counts = draft && (draft.unsaved || signedInWallet() === null || banner.dataset.typed !== undefined);
  if (!counts) {
    if (!isOnServer || banner.dataset.forgotten !== undefined) banner.hidden = true;
    return;
  }
  if (!isOnServer) {
    const link = /** @type {HTMLAnchorElement} */ (banner.querySelector("a"));
    link.href = `/cycles/${draft.cycle}/ballot/`;
    link.textContent = `Go to the ballot of cycle ${draft.cycle}`;
    const left = /** @type {HTMLElement} */ (banner.querySelector("[data-left]"));
    left.dataset.countdown = draft.closesAt;
  }
  banner.hidden = false;
}

/** The reader signs out: what the server has too is not left behind for the next person at this browser. */
export function leaveNothingBehind() {
  for (const [key, local] of all()) if (local.owner !== null && !local.unsaved) localStorage.removeItem(key);
}
