/** A verification in a thread of its own, so that the page stays quick: told what to read, it tells what it finds. */

import { readHeads, readReceipts } from "./receipts.js";
import { verify } from "./run.js";

/**
 * @typedef {object} Task
 * @property {string} [address] of a record on this site
 * @property {File} [file] or one of this device, which may be packed with gzip
 * @property {File[]} receipts
 * @property {File[]} heads
 * @property {number} threads
 */

const OFTEN = 100; // milliseconds between two words on progress

/** @param {Task} task @returns {Promise<ReadableStream<Uint8Array>>} */
async function open({ address, file }) {
  if (!file) {
    const answer = await fetch(/** @type {string} */ (address));
    if (!answer.ok || !answer.body) throw new Error(`the site answered ${answer.status} instead of the record`);
    return answer.body;
  }
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isPacked = first === 0x1f && second === 0x8b;
  return isPacked ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
}

/** @template T @param {File[]} files @param {(where: string, text: string) => T[]} read @returns {Promise<T[]>} */
async function all(files, read) {
  const found = await Promise.all(files.map(async (file) => read(file.name, await file.text())));
  return found.flat();
}

/** @param {Task} task */
async function work(task) {
  let told = 0;
  const [receipts, heads] = [await all(task.receipts, readReceipts), await all(task.heads, readHeads)];
  const verdict = await verify(await open(task), {
    receipts,
    heads,
    threads: typeof Worker === "undefined" ? 0 : task.threads,
    tell: (outcome) => postMessage({ outcome }),
    progress: (progress) => {
      if (performance.now() - told < OFTEN) return;
      told = performance.now();
      postMessage({ progress });
    },
  });
  postMessage({ verdict });
}

addEventListener("message", ({ data }) => {
  work(data).catch((error) => postMessage({ error: error.message }));
});
