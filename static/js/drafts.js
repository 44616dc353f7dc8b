/**
 * The ballot's draft: first in this browser, then, for whoever is signed in, on the server.
 *
 * Nothing that was typed is lost: every change is in the browser at once and stays there until the server has it. On
 * the server nothing is overwritten that this page has not seen: a newer draft is shown as a conflict.
 *
 * Events of a draft (CustomEvent, what is below is `detail`):
 *
 * - `saved {at: string, where: "server" | "browser"}` what stands on the page is kept.
 * - `offline {}` the server cannot be reached; it is tried again by itself.
 * - `conflict {theirs: Saved | null}` it was changed elsewhere (null: forgotten there). Nothing is sent until
 *   `keepMine()` or `takeTheirs()`.
 * - `changed {content: Content | null}` another tab or device changed it and nothing here is unsaved. A page that
 *   shows it says so by `event.preventDefault()`; else the next change here meets a conflict.
 * - `signed-out {}` the session has ended; the draft is in this browser and is sent after signing in again.
 * - `refused {words: string}` the server does not keep it, and why; the browser does.
 */

import { csrfToken, read, RefusedError } from "./http.js";
import { CHANGED, isEmpty, PREFIX, readLocal, signedInWallet } from "./local-drafts.js";

/**
 * @typedef {import("./local-drafts.js").Content} Content
 * @typedef {import("./local-drafts.js").Local} Local
 * @typedef {{version: number, content: Content, saved_at: string, sent: boolean}} Saved as the server keeps it
 * @typedef {{rules: string, cycle: string, draft: string, closesAt: string}} Page what openDraft needs of `ballot-data`
 */

const PAUSE = 800; // ms from a change to sending it, with all that follow meanwhile
const LONGEST_WAIT = 30_000; // ms between tries while the server cannot be reached
const OUTLIVES_THE_PAGE = 20_000; // letters; browsers let 64 KiB be sent by a page that goes away

/** Whether two drafts say the same. @param {Content | null} a @param {Content | null} b */
export function same(a, b) {
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) && isEmpty(b);
  const key = (/** @type {any} */ c) => JSON.stringify([Object.entries(c.lines).sort(), [...c.locked].sort(), c.reason]);
  return key(a) === key(b);
}

/** @param {Page} page */
export function openDraft(page) {
  return new Draft(page);
}

export class Draft extends EventTarget {
  /** @type {Content | null} */
  #content = null;
  #base = 0; // the server's version that is on this page
  #unsaved = false;
  /** @type {Saved | null | undefined} undefined: there is no conflict */
  #theirs = undefined;
  /** @type {Content | null} what another tab wrote and this page shows */
  #adopted = null;
  /** @type {string | null} */
  #owner = null; // of what is in this browser
  #signedOut = false;
  #hasBegun = false;
  #isLoading = false; // nothing is sent before it is known what the server has
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;
  /** @type {Promise<void>} what is under way; one at a time */
  #sending = Promise.resolve();
  #failures = 0;
  #token = "";

  /** @param {Page} page */
  constructor(page) {
    super();
    this.page = page;
    this.key = PREFIX + page.rules;
    this.owner = signedInWallet();
    addEventListener("storage", (event) => event.key === this.key && this.#otherTabWrote());
    addEventListener("online", () => this.#unsaved && this.#schedule(0));
    addEventListener("pagehide", () => this.flush());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flush();
      else this.#look();
    });
  }

  /** Whether the server keeps it too. */
  get isOnServer() {
    return this.owner !== null && !this.#signedOut;
  }

  /** What this browser kept, at once, so that nobody types on an empty page before `load()` has answered. @returns {Content | null} */
  begin() {
    if (this.#hasBegun) return this.#content;
    this.#hasBegun = true;
    const local = this.#ownLocal();
    this.#owner = this.owner ?? local?.owner ?? null;
    this.#content = local?.content ?? null;
    this.#base = local?.base ?? 0;
    this.#unsaved = local?.unsaved ?? false;
    return this.#content;
  }

  /**
   * What was typed before, here or elsewhere; null where nothing was, or where it was signed. What is typed meanwhile
   * is sent afterwards, and never over what the server has and this page has not shown.
   * @returns {Promise<Content | null>}
   */
  async load() {
    this.begin();
    if (this.owner === null) return this.#content;
    this.#isLoading = true;
    try {
      const saved = await this.#fetchSaved();
      this.#isLoading = false;
      this.#meet(saved);
    } catch (error) {
      this.#isLoading = false;
      this.#failed(error);
    }
    return this.#content;
  }

  /** Keep what stands on the page now. @param {Content} content */
  save(content) {
    this.#content = structuredClone(content);
    this.#unsaved = true;
    this.#writeLocal();
    if (this.isOnServer && this.#theirs === undefined) this.#schedule(PAUSE);
    else if (this.owner === null) this.#tell("saved", { at: new Date().toISOString(), where: "browser" });
  }

  /** Send now what is not sent yet. */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#send();
  }

  /** It was signed, or is not wanted any more: nothing is left of it, neither here nor on the server. */
  async forget() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#content = null;
    this.#unsaved = false;
    this.#theirs = undefined;
    this.#removeLocal();
    await this.#sending;
    this.#base = 0;
    if (!this.isOnServer) return;
    try {
      await this.#request("DELETE");
    } catch (error) {
      if (!(error instanceof RefusedError) && !(error instanceof TypeError)) throw error;
    }
  }

  /** End a conflict: what stands here becomes the next version. */
  async keepMine() {
    if (this.#theirs === undefined) return;
    this.#base = this.#theirs?.version ?? 0;
    this.#theirs = undefined;
    this.#unsaved = true;
    this.#writeLocal();
    await this.flush();
  }

  /** End a conflict: what was saved elsewhere is taken. @returns {Content | null} what the page must show now */
  takeTheirs() {
    if (this.#theirs !== undefined) this.#adopt(this.#theirs);
    return this.#content;
  }

  /** @param {Saved | null} saved */
  #adopt(saved) {
    this.#theirs = undefined;
    this.#base = saved?.version ?? 0;
    this.#content = saved && !saved.sent ? saved.content : null;
    this.#unsaved = false;
    if (this.#content) this.#writeLocal(saved?.saved_at);
    else this.#removeLocal();
    if (this.#content && saved) this.#tell("saved", { at: saved.saved_at, where: "server" });
  }

  /** Bring together what is here and what is on the server. @param {Saved | null} saved */
  #meet(saved) {
    this.#failures = 0;
    const version = saved?.version ?? 0;
    const theirs = saved && !saved.sent ? saved.content : null;
    if (!this.#unsaved || same(this.#content, theirs)) {
      this.#adopt(saved);
    } else if (version === this.#base || isEmpty(theirs)) {
      this.#base = version;
      this.#schedule(0);
    } else {
      this.#conflict(saved);
    }
  }

  /** The server has something newer than this page's base. @param {Saved | null} saved */
  #meetNewer(saved) {
    const content = saved?.content ?? null;
    if (same(content, this.#content)) {
      this.#adopt(saved);
    } else if (saved && same(content, this.#adopted)) {
      this.#base = saved.version;
      this.#schedule(0);
    } else {
      this.#conflict(saved);
    }
  }

  /** @param {Saved | null} saved */
  #conflict(saved) {
    this.#theirs = saved;
    this.#tell("conflict", { theirs: saved });
  }

  /** Another tab of this browser wrote; what it wrote is as good as typed here, if the page shows it. */
  #otherTabWrote() {
    const local = readLocal(this.key);
    if (local && local.owner !== this.#owner) return; // of another wallet, or of a page that has signed in since
    const content = local?.content ?? null;
    if (this.#unsaved && this.owner !== null) {
      // what is typed here follows what that tab wrote, if this page shows it; else the server says what is newer
      if (local && same(content, this.#adopted)) this.#base = local.base;
    } else if (same(content, this.#content)) {
      this.#base = local?.base ?? 0;
    } else if (!this.#tell("changed", { content })) {
      this.#content = this.#adopted = content;
      this.#base = local?.base ?? 0;
      this.#unsaved = false; // the tab that wrote it sends it
    }
  }

  /** Back on this page after a while: is there something newer? */
  async #look() {
    if (this.owner === null || this.#theirs !== undefined) return;
    try {
      const saved = await this.#fetchSaved();
      this.#signedOut = false;
      if (this.#unsaved) {
        this.#schedule(0);
        return;
      }
      const content = saved && !saved.sent ? saved.content : null;
      if ((saved?.version ?? 0) === this.#base || same(content, this.#content)) {
        this.#base = saved?.version ?? 0;
      } else if (!this.#tell("changed", { content })) {
        this.#adopt(saved);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {number} pause [ms] */
  #schedule(pause) {
    if (this.#timer !== undefined && pause > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, pause);
  }

  /** Send what is unsaved, after what is under way. @returns {Promise<void>} */
  #send() {
    this.#sending = this.#sending.then(() => this.#sendOnce());
    return this.#sending;
  }

  /** @returns {Promise<void>} */
  async #sendOnce() {
    if (!this.#unsaved || !this.#content || this.#theirs !== undefined || this.#isLoading || !this.isOnServer) return;
    const content = this.#content;
    try {
      const saved = await this.#request("PUT", { base: this.#base, content });
      this.#failures = 0;
      this.#base = saved.version;
      if (this.#content === content) {
        this.#unsaved = false;
        this.#writeLocal(saved.saved_at);
        this.#tell("saved", { at: saved.saved_at, where: "server" });
      } else if (this.#content) {
        this.#writeLocal();
        this.#schedule(PAUSE);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {any} error */
  #failed(error) {
    const status = error instanceof RefusedError ? error.status : 0;
    if (status === 409 && error.refusal === "draft_changed") {
      this.#meetNewer(error.answer.draft);
    } else if (status === 401) {
      this.#signedOut = true;
      this.#tell("signed-out", {});
    } else if (status === 0 || status === 429 || status >= 500) {
      if (status === 0 && !(error instanceof TypeError)) throw error;
      this.#failures += 1;
      this.#tell("offline", {});
      this.#schedule(Math.min(LONGEST_WAIT, 1000 * 2 ** this.#failures));
    } else {
      this.#tell("refused", { words: error.words });
    }
  }

  #headers() {
    return { "Content-Type": "application/json", "X-CSRFToken": this.#token, "X-Wallet": this.owner ?? "" };
  }

  /** @returns {Promise<Saved | null>} */
  async #fetchSaved() {
    try {
      return await this.#request("GET");
    } catch (error) {
      if (error instanceof RefusedError && error.refusal === "no_draft") return null;
      throw error;
    }
  }

  /** @param {string} method @param {unknown} [body] @returns {Promise<any>} */
  async #request(method, body) {
    this.#token ||= await csrfToken();
    const ask = async () => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      const keepalive = (sent?.length ?? 0) < OUTLIVES_THE_PAGE;
      const options = { method, headers: this.#headers(), body: sent, keepalive };
      const answer = await fetch(this.page.draft, { ...options, cache: /** @type {const} */ ("no-store") });
      return answer.status === 204 ? null : read(answer);
    };
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RefusedError) || error.refusal !== "csrf_failed") throw error;
      this.#token = await csrfToken({ fresh: true }); // somebody signed in again in another tab
      return ask();
    }
  }

  /** This browser's copy, if it is this wallet's or nobody's; another wallet's is put aside. @returns {Local | null} */
  #ownLocal() {
    const local = readLocal(this.key);
    const aside = this.owner && readLocal(`${this.key}-${this.owner}`);
    if (local && local.owner !== null && this.owner !== null && local.owner !== this.owner) {
      if (local.unsaved) localStorage.setItem(`${this.key}-${local.owner}`, JSON.stringify(local));
      localStorage.removeItem(this.key);
    } else if (local) {
      return local;
    }
    if (!aside) return null;
    localStorage.removeItem(`${this.key}-${this.owner}`);
    return aside;
  }

  /** @param {string} [at] */
  #writeLocal(at = new Date().toISOString()) {
    if (!this.#content) return;
    /** @type {Local} */
    const local = {
      content: this.#content,
      base: this.#base,
      unsaved: this.#unsaved,
      owner: this.#owner,
      at,
      cycle: this.page.cycle,
      closesAt: this.page.closesAt,
    };
    try {
      localStorage.setItem(this.key, JSON.stringify(local));
    } catch {
      // the browser's store is full or forbidden; the server still has it
    }
    dispatchEvent(new CustomEvent(CHANGED, { detail: { typed: true } }));
  }

  #removeLocal() {
    localStorage.removeItem(this.key);
    dispatchEvent(new CustomEvent(CHANGED, { detail: { typed: false } }));
  }

  /** @param {string} name @param {object} detail @returns {boolean} false where a listener prevented the default */
  #tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: name === "changed" }));
  }
}
