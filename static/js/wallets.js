/**
 * Wallets in the browser: finding them (EIP-6963) and asking them (EIP-1193).
 */

import { fromHex, toHex, utf8 } from "./crypto/bytes.js";

/**
 * @typedef {object} Provider EIP-1193
 * @property {(request: {method: string, params?: unknown[]}) => Promise<any>} request
 * @property {(event: string, listener: (...args: any[]) => void) => unknown} [on]
 * @property {(event: string, listener: (...args: any[]) => void) => unknown} [removeListener]
 */
/**
 * @typedef {object} Wallet
 * @property {string} uuid
 * @property {string} name
 * @property {string} icon a data: URI of an image, or ""
 * @property {string} rdns such as "io.metamask", or ""
 * @property {Provider} provider
 */

const DEMO = "demo.tpp.local";

const WORDS = new Map([
  [4001, "You declined in your wallet; nothing was sent."],
  [4100, "Your wallet has not given this page that account. Connect it again."],
  [4200, "Your wallet cannot do this. Try another wallet."],
  [4900, "Your wallet has no connection. Check it, then try again."],
  [4901, "Your wallet is not connected to this network. Check it, then try again."],
  [5000, "You declined in your wallet; nothing was sent."],
  [-32002, "Your wallet is still asking you something. Open it and answer there first."],
  [-32602, "Your wallet did not understand the request. Try another wallet."],
]);

/** A wallet said no, in words for people. */
export class WalletError extends Error {
  /** @param {number} code of EIP-1193 or JSON-RPC, 0 if there is none @param {string} words */
  constructor(code, words) {
    super(words);
    this.name = "WalletError";
    this.code = code;
    this.words = words;
  }
}

/** Whatever a provider threw, with a code and in words. @param {any} error @returns {WalletError} */
export function walletError(error) {
  if (error instanceof WalletError) return error;
  const inner = error?.data?.originalError;
  const code = [inner?.code, error?.code].find((each) => Number.isInteger(each)) ?? 0;
  const said = String(inner?.message || error?.message || "").slice(0, 200);
  return new WalletError(
    code,
    WORDS.get(code) ?? (said ? `Your wallet answered: ${said}` : "Your wallet failed without saying why."),
  );
}

/** @type {Map<string, Wallet>} */
const announced = new Map();

if (typeof window !== "undefined") {
  window.addEventListener("eip6963:announceProvider", (event) => {
    const { info, provider } = /** @type {CustomEvent} */ (event).detail ?? {};
    if (typeof info?.uuid !== "string" || typeof provider?.request !== "function") return;
    const icon = String(info.icon ?? "");
    announced.set(info.uuid, {
      uuid: info.uuid,
      name: String(info.name || "Wallet without a name").slice(0, 60),
      icon: icon.startsWith("data:image/") ? icon : "",
      rdns: String(info.rdns ?? ""),
      provider,
    });
  });
}

/**
 * The wallets of this browser. One that only injects `window.ethereum` is listed as "Browser
 * wallet", unless another than the demo's has announced itself.
 * @param {{wait?: number}} [options] how long to wait for announcements [ms]
 * @returns {Promise<Wallet[]>}
 */
export async function discover({ wait = 100 } = {}) {
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  await new Promise((resolve) => setTimeout(resolve, wait));
  // the browser inside a wallet's own app may be late with its provider
  if (!announced.size && !(/** @type {any} */ (window).ethereum)) await initialized(wait * 10);
  const wallets = [...announced.values()];
  const legacy = /** @type {any} */ (window).ethereum;
  if (typeof legacy?.request === "function" && wallets.every((wallet) => wallet.rdns === DEMO)) {
    wallets.push({ uuid: "legacy", name: "Browser wallet", icon: "", rdns: "", provider: legacy });
  }
  return wallets;
}

/** Wait until a provider is injected, or for so long. @param {number} wait [ms] @returns {Promise<void>} */
function initialized(wait) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, wait);
    const hear = () => {
      clearTimeout(timer);
      resolve();
    };
    window.addEventListener("ethereum#initialized", hear, { once: true });
    window.addEventListener("eip6963:announceProvider", hear, { once: true });
  });
}

/** @param {Provider} provider @param {string} method @param {unknown[]} [params] @returns {Promise<any>} */
async function ask(provider, method, params) {
  try {
    return await provider.request(params ? { method, params } : { method });
  } catch (error) {
    throw walletError(error);
  }
}

/**
 * The account to act with. One that the wallet has already given this page is taken without
 * asking, unless `ask` is true: then the wallet may ask which one it shall be.
 * @param {Provider} provider
 * @param {{ask?: boolean}} [options]
 * @returns {Promise<string>} the address, lower-case
 */
export async function requestAccount(provider, { ask: always = false } = {}) {
  let accounts = always ? [] : await ask(provider, "eth_accounts");
  if (!accounts?.length) accounts = await ask(provider, "eth_requestAccounts");
  const [account] = accounts ?? [];
  if (!/^0x[0-9a-fA-F]{40}$/.test(account)) throw new WalletError(0, "Your wallet gave no account.");
  return account.toLowerCase();
}

/** @param {Provider} provider */
async function chainOf(provider) {
  return Number(await ask(provider, "eth_chainId"));
}

/**
 * Make the wallet use a chain; wallets sign typed data for their active chain only.
 * @param {Provider} provider
 * @param {number} chainId
 * @returns {Promise<void>}
 */
export async function ensureChain(provider, chainId) {
  if ((await chainOf(provider)) === chainId) return;
  try {
    await ask(provider, "wallet_switchEthereumChain", [{ chainId: "0x" + chainId.toString(16) }]);
  } catch (error) {
    const { code } = /** @type {WalletError} */ (error);
    if (code !== 4902) throw error;
    throw new WalletError(
      code,
      `Your wallet does not know the network with chain id ${chainId}. Add it in the wallet's settings, then try again.`,
    );
  }
  if ((await chainOf(provider)) !== chainId) {
    throw new WalletError(4901, `Your wallet stayed on another network. Switch it to chain id ${chainId}, then try again.`);
  }
}

/** The form that the server takes: lower-case, and v 27 or 28 where a wallet says 0 or 1. @param {any} signature */
function canonicalSignature(signature) {
  let bytes;
  try {
    bytes = fromHex(signature);
  } catch {
    throw new WalletError(0, "Your wallet gave no signature.");
  }
  if (bytes.length === 65 && bytes[64] < 2) bytes[64] += 27;
  return toHex(bytes);
}

/**
 * @param {Provider} provider
 * @param {string} address
 * @param {import("./eip712.js").TypedData} typedData
 * @returns {Promise<string>} the signature in hex
 */
export async function signTypedData(provider, address, typedData) {
  return canonicalSignature(await ask(provider, "eth_signTypedData_v4", [address, JSON.stringify(typedData)]));
}

/**
 * @param {Provider} provider
 * @param {string} address
 * @param {string} text
 * @returns {Promise<string>} the signature in hex
 */
export async function personalSign(provider, address, text) {
  return canonicalSignature(await ask(provider, "personal_sign", [toHex(utf8(text)), address]));
}
