/**
 * Where a ballot can start from: the voter's last one, the last result, equal parts.
 */

import { chooseWallet } from "../choose-wallet.js";
import { getJson, RefusedError } from "../http.js";
import { requestAccount } from "../wallets.js";
import { even, startFrom } from "./contest.js";

/**
 * @typedef {import("./composition.js").Composition} Composition
 * @typedef {import("./contest.js").Outcome} Outcome
 * @typedef {{outcomes: Map<number, Outcome>, words: string}} Start
 */

/** @param {Composition} composition @returns {Start} */
export function fromEven({ contests, states }) {
  return { outcomes: new Map(contests.map((contest, at) => [at, even(contest, states[at])])), words: "Every line has the same share." };
}

/** @param {Composition} composition @returns {Start} */
export function fromLastResult({ contests, states }) {
  const outcomes = new Map();
  contests.forEach((contest, at) => {
    const wanted = contest.options.map(({ last }) => last ?? 0);
    if (wanted.some(Boolean)) outcomes.set(at, startFrom(contest, states[at], wanted));
  });
  const words = outcomes.size ? "Every line has its share of the last result." : "No earlier result has these programmes.";
  return { outcomes, words };
}

/** Who votes, as the wallet says. @returns {Promise<string | null>} null where no wallet was chosen */
export async function voterOf() {
  const wallet = await chooseWallet();
  return wallet && requestAccount(wallet.provider);
}

/**
 * @param {Composition} composition
 * @param {{voter: string | null, earlier: {cycle: string, voters: string, ballot: string}[]}} page
 * @returns {Promise<Start | null>} null where no wallet was chosen
 */
export async function fromLastBallot({ contests, states }, page) {
  const voter = page.voter ?? (await voterOf());
  if (!voter) return null;
  for (const { cycle, voters, ballot } of page.earlier) {
    const digest = await newestOf(voters.replace("0x" + "0".repeat(40), voter));
    if (!digest) continue;
    const { lines } = await getJson(ballot.replace("0".repeat(64), digest.slice(2)));
    if (!lines?.length) continue;
    return { ...fromLines(contests, states, lines), words: `As in your ballot of cycle ${cycle}.` };
  }
  return { outcomes: new Map(), words: `There is no earlier ballot of ${voter.slice(0, 8)}… to start from.` };
}

/** @param {string} address of a voter in a cycle @returns {Promise<string | null>} the digest of their newest ballot */
async function newestOf(address) {
  try {
    return (await getJson(address)).newest?.digest ?? null;
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404) return null;
    throw error;
  }
}

/** @param {import("./contest.js").Contest[]} contests @param {import("./contest.js").State[]} states @param {import("../eip712.js").Line[]} lines */
function fromLines(contests, states, lines) {
  const outcomes = new Map();
  contests.forEach((contest, at) => {
    const wanted = contest.options.map(
      ({ typology }) => lines.find((line) => line.programme === contest.programme && line.typology === typology)?.basisPoints ?? 0,
    );
    if (wanted.some(Boolean)) outcomes.set(at, startFrom(contest, states[at], wanted));
  });
  return { outcomes };
}
