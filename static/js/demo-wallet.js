/**
 * The demo's wallet: announced like any other (EIP-6963), asks like any other, but its keys are
 * derived from people's labels, so everyone can act as everyone. Load it in demos only:
 *
 *   <script type="application/json" id="demo-people">[{"label": "river", "name": …, "note": …}]</script>
 *   <script type="module" src="…/demo-wallet.js" data-chain-id="324"></script>
 */

import { fromHex, toHex, utf8 } from "./crypto/bytes.js";
import { keccak256 } from "./crypto/keccak.js";
import { addressOf, sign } from "./crypto/secp256k1.js";
import { personalDigest, typedDataDigest } from "./eip712.js";

/** @typedef {{label: string, name: string, note?: string}} Person */
/** @typedef {import("./eip712.js").TypedData} TypedData */
/** @typedef {import("./eip712.js").Field} Field */

const STORE = "tpp-demo-wallet";
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#385"/>
<path d="M7 11h18v12H7zM7 15h18" fill="none" stroke="#fff" stroke-width="2.5"/></svg>`;

/** An answer that a wallet gives instead of a result. */
class Refusal extends Error {
  /** @param {number} code of EIP-1193 or JSON-RPC @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * The private key of a demo person; equal to chain/signing/keys.py's `demo_key`.
 * @param {string} label
 * @returns {Uint8Array}
 */
export function demoKey(label) {
  return keccak256(utf8("TPP demo wallet: " + label));
}

/* Dialogs */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** @param {string} label @param {() => void} onclick @param {string} [className] */
function button(label, onclick, className = "") {
  return element("button", { type: "button", className, onclick }, label);
}

/** @param {...HTMLButtonElement} buttons */
function actions(...buttons) {
  return element("div", { className: "demo-wallet-actions" }, ...buttons);
}

/**
 * Show a dialog until it is answered. Focus stays inside and returns afterwards; Escape answers nothing.
 * @template Answer
 * @param {string} title
 * @param {(finish: (answer?: Answer) => void) => Node[]} fill
 * @returns {Promise<Answer | undefined>}
 */
function show(title, fill) {
  return new Promise((resolve) => {
    /** @type {Answer | undefined} */
    let given;
    const heading = element("h2", { id: "demo-wallet-title", tabIndex: -1 }, title);
    const dialog = element("dialog", { className: "demo-wallet" }, heading);
    dialog.setAttribute("aria-labelledby", heading.id);
    dialog.append(
      ...fill((answer) => {
        given = answer;
        dialog.close();
      }),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(given);
    });
    heading.autofocus = !dialog.querySelector("[autofocus]");
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** @param {Person} person @param {boolean} current @param {() => void} onclick */
function personButton(person, current, onclick) {
  const choice = button("", onclick);
  choice.append(element("strong", {}, person.name), " ", element("small", {}, person.note ?? ""));
  if (current) choice.setAttribute("aria-current", "true");
  return choice;
}

/** Whether every word of the filter occurs. @param {Person} person @param {string} filter */
function matches({ label, name, note = "" }, filter) {
  const text = `${name} ${label} ${note}`.toLowerCase();
  const parts = filter.toLowerCase().split(/\s+/);
  return parts.every((part) => text.includes(part));
}

/**
 * @param {Person[]} people
 * @param {Person} [current] whom the wallet acted as before; comes first
 * @returns {Promise<Person | undefined>}
 */
function choosePerson(people, current) {
  const sorted = current ? [current, ...people.filter((person) => person !== current)] : people;
  return show("Act as whom?", (finish) => {
    const items = sorted.map((person) => {
      const choice = personButton(person, person === current, () => finish(person));
      return { person, choice, item: element("li", {}, choice) };
    });
    const filter = element("input", { type: "search", id: "demo-wallet-filter", autofocus: true, autocomplete: "off" });
    const count = element("p", { className: "demo-wallet-count" });
    count.setAttribute("role", "status");
    const list = element("ul", { className: "demo-wallet-list" }, ...items.map(({ item }) => item));
    const narrow = () => {
      for (const { person, item } of items) item.hidden = !matches(person, filter.value);
      count.textContent = `${items.filter(({ item }) => !item.hidden).length} of ${items.length} people`;
    };
    filter.addEventListener("input", narrow);
    narrow();
    const body = element("div", {}, element("label", { htmlFor: filter.id }, "Filter"), filter, count, list);
    body.addEventListener("keydown", (event) =>
      walkList(event, filter, items.filter(({ item }) => !item.hidden).map(({ choice }) => choice)),
    );
    return [
      element("p", {}, "Demo wallet: these people are made up, and everyone can act as each of them."),
      body,
      actions(button("Cancel", () => finish())),
    ];
  });
}

/**
 * The arrow keys walk through filter and people. Enter in the filter takes the first person found,
 * or with nothing typed the one of before.
 * @param {KeyboardEvent} event
 * @param {HTMLInputElement} filter
 * @param {HTMLButtonElement[]} choices
 */
function walkList(event, filter, choices) {
  const stops = [filter, ...choices];
  const at = stops.indexOf(/** @type {any} */ (event.target));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (to !== undefined) {
    stops[Math.max(0, Math.min(to, stops.length - 1))].focus();
    event.preventDefault();
  } else if (event.key === "Enter" && at === 0) {
    event.preventDefault();
    if (filter.value || choices[0]?.hasAttribute("aria-current")) choices[0]?.click();
  }
}

/** @param {string} title @param {string} who @param {Node[]} content @returns {Promise<boolean>} */
async function approve(title, who, content) {
  const signed = await show(title, (finish) => [
    element("p", {}, `Demo wallet, acting as ${who}`),
    ...content,
    actions(button("Sign", () => finish(true), "primary"), button("Decline", () => finish(false))),
  ]);
  return signed === true;
}

/* What is signed, in readable form */

/** "basisPoints" as "Basis points". @param {string} name */
function caption(name) {
  const spaced = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** @param {Field} field @param {unknown} value */
function readable({ name }, value) {
  if (name !== "basisPoints") return typeof value === "object" ? JSON.stringify(value) : String(value);
  const points = Number(value);
  return `${Math.floor(points / 100)}.${String(points % 100).padStart(2, "0")} %`;
}

/** @param {string} title @param {Field[]} fields @param {Record<string, unknown>[]} rows */
function table(title, fields, rows) {
  const head = fields.map((field) =>
    element("th", { scope: "col" }, field.name === "basisPoints" ? "Share" : caption(field.name)),
  );
  const body = rows.map((row) =>
    element("tr", {}, ...fields.map((field) => element("td", {}, readable(field, row[field.name])))),
  );
  const made = element("table", {}, element("caption", {}, title));
  made.append(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
  return made;
}

/** @param {TypedData} typedData @param {Uint8Array} digest @returns {Node[]} */
function describe({ types, primaryType, domain, message }, digest) {
  const list = element("dl");
  const tables = [];
  const entry = (/** @type {string} */ name, /** @type {string} */ value) =>
    list.append(element("dt", {}, name), element("dd", {}, value.includes("\n") ? element("pre", {}, value) : value));
  for (const field of types[primaryType]) {
    const value = /** @type {any} */ (message[field.name]);
    const row = field.type.endsWith("[]") && types[field.type.slice(0, -2)];
    if (!row) entry(caption(field.name), readable(field, value) || "(empty)");
    else if (value.length) tables.push(table(caption(field.name), row, value));
    else entry(caption(field.name), primaryType === "Ballot" ? "None: this withdraws the ballot." : "None");
  }
  entry("For", `${domain.name}, version ${domain.version}, chain ${domain.chainId}`);
  if (domain.salt) entry("Deployment", String(domain.salt));
  entry("Digest", toHex(digest));
  return [...tables, list];
}

/** @param {string} message hex, or else text as it is @returns {{bytes: Uint8Array, text: string}} */
function readMessage(message) {
  const bytes = /^0x([0-9a-fA-F]{2})*$/.test(message) ? fromHex(message) : utf8(message);
  try {
    return { bytes, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { bytes, text: toHex(bytes) };
  }
}

/** @template Result @param {() => Result} read @returns {Result} */
function reading(read) {
  try {
    return read();
  } catch (error) {
    throw new Refusal(-32602, `The request cannot be read: ${/** @type {Error} */ (error).message}`);
  }
}

/* The provider */

/** An EIP-1193 provider with one account: that of the person chosen in this tab. */
export class DemoProvider {
  /** @param {Person[]} people @param {number} chainId */
  constructor(people, chainId) {
    this.people = people;
    this.chainId = chainId;
    this.busy = false;
    /** @type {Map<string, Set<(...args: any[]) => void>>} */
    this.listeners = new Map();
  }

  /** @param {string} event @param {(...args: any[]) => void} listener */
  on(event, listener) {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
    return this;
  }

  /** @param {string} event @param {(...args: any[]) => void} listener */
  removeListener(event, listener) {
    this.listeners.get(event)?.delete(listener);
    return this;
  }

  /** @param {string} event @param {unknown} value */
  emit(event, value) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(value);
  }

  /** @param {{method: string, params?: any}} request @returns {Promise<any>} */
  async request({ method, params = [] }) {
    switch (method) {
      case "eth_requestAccounts":
        return this.alone(() => this.connect());
      case "eth_accounts":
        return this.accounts();
      case "eth_chainId":
        return "0x" + this.chainId.toString(16);
      case "wallet_switchEthereumChain":
      case "wallet_addEthereumChain":
        return this.switchChain(params[0]?.chainId);
      case "wallet_revokePermissions":
        return this.choose(undefined);
      case "personal_sign":
        return this.alone(() => this.signText(params[0], params[1]));
      case "eth_signTypedData_v4":
        return this.alone(() => this.signData(params[0], params[1]));
      default:
        throw new Refusal(4200, `The demo wallet does not know ${method}.`);
    }
  }

  /** One dialog at a time. @template Result @param {() => Promise<Result>} act @returns {Promise<Result>} */
  async alone(act) {
    if (this.busy) throw new Refusal(-32002, "The demo wallet is still asking something.");
    this.busy = true;
    try {
      return await act();
    } finally {
      this.busy = false;
    }
  }

  /** @returns {Person | undefined} */
  person() {
    const label = sessionStorage.getItem(STORE);
    return this.people.find((person) => person.label === label);
  }

  accounts() {
    const person = this.person();
    return person ? [addressOf(demoKey(person.label))] : [];
  }

  /** @param {Person | undefined} person */
  choose(person) {
    const before = this.accounts();
    if (person) sessionStorage.setItem(STORE, person.label);
    else sessionStorage.removeItem(STORE);
    const accounts = this.accounts();
    if (accounts[0] !== before[0]) this.emit("accountsChanged", accounts);
    return null;
  }

  async connect() {
    const person = await choosePerson(this.people, this.person());
    if (!person) throw new Refusal(4001, "Nobody was chosen.");
    this.choose(person);
    return this.accounts();
  }

  /** @param {unknown} chainId in hex */
  switchChain(chainId) {
    if (typeof chainId !== "string" || !/^0x[1-9a-f][0-9a-f]{0,12}$/i.test(chainId)) {
      throw new Refusal(-32602, "A chain id is written in hex.");
    }
    const changed = Number(chainId) !== this.chainId;
    this.chainId = Number(chainId);
    if (changed) this.emit("chainChanged", "0x" + this.chainId.toString(16));
    return null;
  }

  /** @param {unknown} address whose signature is asked for @returns {Person} */
  signer(address) {
    const person = this.person();
    if (!person || this.accounts()[0] !== String(address).toLowerCase()) {
      throw new Refusal(4100, "The demo wallet does not act as this account.");
    }
    return person;
  }

  /** @param {unknown} message @param {unknown} address */
  async signText(message, address) {
    const person = this.signer(address);
    const { bytes, text } = reading(() => readMessage(String(message)));
    return this.sign(person, "Sign this message?", [element("pre", {}, text)], personalDigest(bytes));
  }

  /** @param {unknown} address @param {unknown} data typed data, or its JSON */
  async signData(address, data) {
    const person = this.signer(address);
    const [typedData, digest] = reading(() => {
      const read = /** @type {TypedData} */ (typeof data === "string" ? JSON.parse(data) : data);
      return [read, typedDataDigest(read)];
    });
    if (Number(typedData.domain.chainId ?? this.chainId) !== this.chainId) {
      throw new Refusal(-32602, `The data is for chain ${typedData.domain.chainId}, active is ${this.chainId}.`);
    }
    const title = `Sign this ${caption(typedData.primaryType).toLowerCase()}?`;
    return this.sign(person, title, describe(typedData, digest), digest);
  }

  /** @param {Person} person @param {string} title @param {Node[]} content @param {Uint8Array} digest */
  async sign(person, title, content, digest) {
    const key = demoKey(person.label);
    if (!(await approve(title, `${person.name}, ${addressOf(key)}`, content))) {
      throw new Refusal(4001, "The signature was declined.");
    }
    return toHex(await sign(digest, key));
  }
}

function announce() {
  const people = document.getElementById("demo-people");
  if (!people) return;
  const script = /** @type {HTMLElement | null} */ (document.querySelector('script[src*="demo-wallet"]'));
  const provider = new DemoProvider(JSON.parse(people.textContent ?? "[]"), Number(script?.dataset.chainId ?? 1));
  const icon = "data:image/svg+xml," + encodeURIComponent(SVG);
  const info = Object.freeze({ uuid: crypto.randomUUID(), name: "Demo wallet", icon, rdns: "demo.tpp.local" });
  const detail = Object.freeze({ info, provider });
  const tell = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", tell);
  tell();
}

announce();
