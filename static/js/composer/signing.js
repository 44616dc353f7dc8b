/**
 * Signing and sending: wallet, account, review, network, signature, server; the draft survives every "no".
 */

import { chooseWallet } from "../choose-wallet.js";
import { fromHex } from "../crypto/bytes.js";
import { recover } from "../crypto/secp256k1.js";
import { ballotTypedData, typedDataDigest } from "../eip712.js";
import { getJson, RefusedError } from "../http.js";
import { nextNonce } from "../sealed.js";
import { ensureChain, requestAccount, signTypedData, walletError, WalletError } from "../wallets.js";
import { review } from "./review.js";
import { canonicalReason } from "./sending.js";
import { short, WalletWatch } from "./wallet-steps.js";

/** @typedef {import("../eip712.js").Ballot} Ballot */
/** @typedef {{cycle: string, rules: string, chainId: number, salt: string, voters: string, sealed?: boolean}} Page */
/** @typedef {(words: string, stop?: () => void) => void} Show */

/**
 * The ballot of a voter, with the next nonce.
 * @param {Page} page @param {string} voter @param {import("../eip712.js").Line[]} lines @param {string} reason
 * @returns {Promise<Ballot>}
 * @throws {RefusedError} where the voter has no power in this cycle
 */
export async function prepare(page, voter, lines, reason) {
  const known = await getJson(page.voters.replace("0x" + "0".repeat(40), voter));
  if (known.power === "0") {
    throw new RefusedError(422, "no_power_at_snapshot", `The account ${short(voter)} had no voting power when power was frozen for this cycle. Choose another account.`);
  }
  const nonce = page.sealed ? nextNonce(page, voter) : (known.newest?.nonce ?? 0) + 1;
  return { cycle: page.cycle, rules: page.rules, voter, nonce, reason: canonicalReason(reason), lines };
}

/** Who made a 65-byte signature of a ballot; "" if nobody can have. @param {Ballot} ballot @param {string} signature @param {Page} page */
export function signerOf(ballot, signature, { chainId, salt }) {
  try {
    return recover(typedDataDigest(ballotTypedData(ballot, chainId, salt)), fromHex(signature));
  } catch {
    return "";
  }
}

/**
 * Have a wallet sign a ballot.
 * @param {Page} page
 * @param {{lines: import("../eip712.js").Line[], reason: string, contests: import("./contest.js").Contest[]}} composed
 * @param {Show} show
 * @returns {Promise<{ballot: Ballot, signature: string} | null>} null where the reader went back
 */
export async function signWithWallet(page, { lines, reason, contests }, show) {
  const wallet = await chooseWallet();
  if (!wallet) return null;
  const watch = new WalletWatch(wallet.provider);
  const waiting = (/** @type {string} */ words, /** @type {Promise<any>} */ request) => watch.answer(request, (stop) => show(words, stop));
  try {
    const voter = await waiting("Your wallet asks which account may vote.", requestAccount(wallet.provider));
    watch.account = voter;
    show("Looking up your voting power.");
    const ballot = await prepare(page, voter, lines, reason);
    show("Check what you sign.");
    const goesOn = await review(ballot, contests, page.chainId, (close) => (watch.interrupt = close));
    watch.check();
    if (!goesOn) return null;
    await waiting("Your wallet asks to switch to the right network.", ensureChain(wallet.provider, page.chainId));
    const signing = signTypedData(wallet.provider, voter, ballotTypedData(ballot, page.chainId, page.salt));
    const signature = await waiting("Your wallet asks you to sign.", signing);
    await checkSigner(wallet.provider, ballot, signature, page);
    return { ballot, signature };
  } catch (error) {
    if (error instanceof RefusedError || error instanceof TypeError) throw error;
    const trouble = walletError(error);
    throw trouble.code !== 4001 && watch.isElsewhere(page.chainId) ? wrongChain(page.chainId) : trouble;
  } finally {
    watch.end();
  }
}

/** @param {number} chainId */
const wrongChain = (chainId) =>
  new WalletError(4901, `Your wallet moved to another network meanwhile, so nothing was sent. Switch it to chain id ${chainId}, then press the button again.`);

/** A wallet that was switched may have signed as another account. @param {import("../wallets.js").Provider} provider @param {Ballot} ballot @param {string} signature @param {Page} page */
async function checkSigner(provider, ballot, signature, page) {
  const signer = signerOf(ballot, signature, page);
  if (!signer || signer === ballot.voter) return;
  if ((await requestAccount(provider)) === ballot.voter) return; // a contract wallet, whose owner signs: the server asks the contract
  throw new WalletError(0, `Your wallet signed as ${short(signer)}, but the ballot is of ${short(ballot.voter)}, so nothing was sent. Press the button again.`);
}
