/** Checks digests and signatures of the batches that it is sent, in a thread of its own. */

import { checkBatch, digester } from "./digests.js";

/** @type {ReturnType<typeof digester>} */
let digestOf;
let isImport = false;

addEventListener("message", ({ data }) => {
  if (data.terms) {
    digestOf = digester(data.terms);
    isImport = data.terms.isImport;
  } else postMessage(checkBatch(digestOf, data.batch, isImport));
});
