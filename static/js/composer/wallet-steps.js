/**
 * Asking a wallet, with a way on at every moment: it may be switched, disconnected, or never answer.
 */

import { WalletError } from "../wallets.js";

/** @param {string} account */
export const short = (account) => `${account.slice(0, 6)}…${account.slice(-4)}`;

/** Hears what a wallet does while a ballot is on its way to it. */
export class WalletWatch {
  /** @param {import("../wallets.js").Provider} provider */
  constructor(provider) {
    this.provider = provider;
    this.account = "";
    /** @type {number | null} where the wallet said it moved to */
    this.chain = null;
    /** @type {WalletError | null} */
    this.trouble = null;
    this.interrupt = () => {};
    /** @type {Record<string, (value: any) => void>} */
    this.listeners = {
      accountsChanged: (accounts) => this.hearAccounts(accounts),
      chainChanged: (chainId) => (this.chain = Number(chainId)),
      disconnect: () => this.fail(new WalletError(4900, "Your wallet was disconnected, so nothing was sent. Connect it, then press the button again; your draft is kept.")),
    };
    for (const [event, listener] of Object.entries(this.listeners)) provider.on?.(event, listener);
  }

  /** @param {unknown} accounts */
  hearAccounts(accounts) {
    const now = String(/** @type {any} */ (accounts)?.[0] ?? "").toLowerCase();
    if (!this.account || now === this.account) return;
    this.fail(new WalletError(0, now
      ? `Your wallet switched from ${short(this.account)} to ${short(now)} meanwhile, so nothing was sent. Press the button again to vote as ${short(now)}, or switch back first.`
      : "Your wallet no longer gives this page an account, so nothing was sent. Press the button again to connect it."));
  }

  /** @param {WalletError} trouble */
  fail(trouble) {
    this.trouble ??= trouble;
    this.interrupt();
  }

  /** @param {number} chainId whether the wallet moved to another chain meanwhile */
  isElsewhere(chainId) {
    return this.chain !== null && this.chain !== chainId;
  }

  check() {
    if (this.trouble) throw this.trouble;
  }

  /**
   * What a request to the wallet gives, unless the wallet changes meanwhile or the reader stops waiting.
   * @template Result
   * @param {Promise<Result>} request @param {(stop: () => void) => void} offerStop
   * @returns {Promise<Result>}
   */
  async answer(request, offerStop) {
    const interrupted = new Promise((/** @type {(value: void) => void} */ resolve) => {
      this.interrupt = resolve;
      offerStop(() => this.fail(new WalletError(0, "Stopped waiting for your wallet; nothing was sent. If its window is still open, decline there, then press the button again.")));
    });
    request.catch(() => {}); // heard below, or nobody waits for it any more
    await Promise.race([request, interrupted]);
    this.check();
    return request;
  }

  end() {
    for (const [event, listener] of Object.entries(this.listeners)) this.provider.removeListener?.(event, listener);
  }
}
