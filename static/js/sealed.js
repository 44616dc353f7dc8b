/**
 * Sealed cycles in the voter's browser: the nonce that no server tells, and the receipt that nobody else is shown.
 */

/** @param {string} commitment 0x… */
const receiptKey = (commitment) => `tpp-receipt-${commitment}`;
/** @param {string} rules 0x… @param {string} voter 0x… */
const nonceKey = (rules, voter) => `tpp-nonce-${rules}-${voter}`;

/**
 * The nonce of a voter's next ballot in a sealed cycle. The server tells nobody who has voted, so it is the clock
 * [milliseconds], and above the last one that this browser knows of.
 * @param {{rules: string}} page @param {string} voter @returns {number}
 */
export function nextNonce(page, voter) {
  const last = Number(localStorage.getItem(nonceKey(page.rules, voter)) ?? 0);
  return Math.max(Date.now(), last + 1);
}

/**
 * Learn from a refusal `stale_nonce`, so that the next signature passes: a device whose clock is ahead voted before.
 * @param {{rules: string}} page @param {string} voter @param {string} words as the server said them
 */
export function learnNonce(page, voter, words) {
  const above = /above (\d{1,16})/.exec(words);
  if (above) localStorage.setItem(nonceKey(page.rules, voter), above[1]);
}

/**
 * Keep what the server answered to a sealed ballot, in this browser.
 * @param {{rules: string, receipts: string}} page
 * @param {{voter: string, nonce: number}} ballot
 * @param {{blind: string, receipt: {commitment: string}}} answer
 * @returns {string} the address of the receipt; what follows # stays in the browser and reaches no log
 */
export function keepReceipt(page, ballot, answer) {
  const commitment = answer.receipt.commitment;
  localStorage.setItem(receiptKey(commitment), JSON.stringify(answer));
  localStorage.setItem(nonceKey(page.rules, ballot.voter), String(ballot.nonce));
  return `${page.receipts.replace("0".repeat(64), commitment.slice(2))}#blind=${answer.blind}`;
}

/** @param {string} commitment 0x… @returns {string} the blind that this browser kept, or "" */
export function keptBlind(commitment) {
  const kept = localStorage.getItem(receiptKey(commitment));
  return kept ? (JSON.parse(kept).blind ?? "") : "";
}
