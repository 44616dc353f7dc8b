/**
 * The server's "no" for who reads it on the ballot page: what happened, and what to press. The API's own words are for
 * those who send ballots by other means; they stand wherever there is nothing to add.
 */

/** @type {Record<string, string>} */
const WORDS = {
  closed: "Voting closed before this ballot came in, so it is not counted. What you wrote stays in this browser; the page of cycles says when the next vote opens.",
  not_open_yet: "Voting has not opened yet. What you wrote is kept: come back after the opening, then press the button again.",
  unknown_rules: "The rules on this page are not those of the cycle. What you wrote is kept. Load the page again, then sign afresh.",
  bad_signature: "The signature is not the voter's over exactly this ballot. Press the button again and sign with the wallet whose ballot it is.",
  stale_nonce: "Another ballot of yours came in meanwhile, perhaps from another tab or device. What you wrote is kept: press the button again to have it replace that one.",
};

/**
 * The words for this page.
 * @param {import("../http.js").RefusedError} error
 */
export function refusalWords({ refusal, words }) {
  if (refusal === "malformed") return `${words} What you wrote is kept. Load the page again and sign afresh; if that does not help, tell who runs this site. (malformed)`;
  const said = WORDS[refusal] ?? words.replace("Load the ballot page again", "Load the page again; what you wrote is kept");
  return refusal ? `${said} (${refusal})` : said;
}
