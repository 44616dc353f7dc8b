/**
 * Making pieces of a page.
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] of the element; `aria-…` and `data-…` are set as attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(aria|data)-|^role$/.test(name)) made.setAttribute(name, String(value));
    else Object.assign(made, { [name]: value });
  }
  made.append(...children);
  return made;
}

/** @param {string} label @param {() => unknown} onclick @param {string} [className] */
export function button(label, onclick, className = "") {
  return element("button", { type: "button", className, onclick }, label);
}

/** @param {string} id @returns {HTMLElement} one that the page must have */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page lacks #${id}.`);
  return found;
}

let dialogs = 0;

/**
 * Show a dialog until it is closed; focus stays inside and returns afterwards.
 * @param {string} title
 * @param {(close: () => void) => (Node | string)[]} fill
 * @param {string} [className]
 * @returns {{dialog: HTMLDialogElement, closed: Promise<void>}}
 */
export function openDialog(title, fill, className = "") {
  const heading = element("h2", { id: `dialog-${++dialogs}`, tabIndex: -1 }, title);
  const dialog = element("dialog", { className, "aria-labelledby": heading.id }, heading);
  dialog.append(...fill(() => dialog.close()));
  heading.autofocus = !dialog.querySelector("[autofocus]");
  const closed = new Promise((/** @type {(value: void) => void} */ resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, closed };
}

/** Offer text as a file. @param {string} name @param {string} text @param {string} type */
export function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
