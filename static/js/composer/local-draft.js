/**
 * A draft that stays in this browser: for readers who are not signed in.
 *
 * Events: `saved`; `newer` {content}, another tab went on from what stands here; `conflict` {theirs}, it did not.
 */

/** @typedef {import("./composition.js").Content} Content */
/** @typedef {{id: string, base: string, content: Content}} Kept */

export class LocalDraft extends EventTarget {
  /** @param {{rules: string}} page */
  constructor({ rules }) {
    super();
    this.key = `tpp-draft-${rules}`;
    this.id = "";
    window.addEventListener("storage", (event) => {
      if (event.key === this.key) this.hear(parse(event.newValue));
    });
  }

  /** @returns {Promise<Content | null>} */
  async load() {
    const kept = parse(localStorage.getItem(this.key));
    this.id = kept?.id ?? "";
    return kept?.content ?? null;
  }

  /** @param {Content} content */
  save(content) {
    const kept = { id: crypto.randomUUID(), base: this.id, content };
    this.id = kept.id;
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
      this.dispatchEvent(new CustomEvent("saved", { detail: { at: new Date().toISOString() } }));
    } catch {
      this.dispatchEvent(new CustomEvent("offline"));
    }
  }

  forget() {
    localStorage.removeItem(this.key);
    this.id = "";
  }

  /** What another tab has kept. @param {Kept | null} kept */
  hear(kept) {
    if (!kept || kept.id === this.id) return;
    if (kept.base === this.id) {
      this.id = kept.id;
      this.dispatchEvent(new CustomEvent("newer", { detail: { content: kept.content } }));
    } else this.dispatchEvent(new CustomEvent("conflict", { detail: { theirs: kept.content } }));
  }
}

/** @param {string | null} text @returns {Kept | null} */
function parse(text) {
  try {
    const kept = JSON.parse(text ?? "null");
    return kept?.content?.lines ? kept : null;
  } catch {
    return null;
  }
}
