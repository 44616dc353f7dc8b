/**
 * The ballot page: puts the composer's parts together.
 */

import { button, byId, element } from "./dom.js";
import { openDraft, same } from "./drafts.js";
import { RefusedError } from "./http.js";
import { signedInWallet } from "./local-drafts.js";
import { showTrouble } from "./page.js";
import { walletError, WalletError } from "./wallets.js";
import { Composition } from "./composer/composition.js";
import { ContestView } from "./composer/contest-view.js";
import { notify, showConflict, showKept } from "./composer/draft-view.js";
import { listenToKeys, openHelp } from "./composer/keys.js";
import { rememberBallotOrder, seedOf, wantsBallotOrder } from "./composer/order.js";
import { showProgress, showStatus, speaker, whatIsMissing } from "./composer/overview.js";
import { refusalWords } from "./composer/refusals.js";
import { Outbox } from "./composer/sending.js";
import { fromEven, fromLastBallot, fromLastResult, voterOf } from "./composer/starts.js";

const page = JSON.parse(byId("ballot-data").textContent ?? "null");
page.voter = signedInWallet();
const form = /** @type {HTMLFormElement} */ (byId("ballot"));
const signButton = /** @type {HTMLButtonElement} */ (byId("sign"));
const reason = /** @type {HTMLTextAreaElement} */ (byId("reason"));

const say = speaker();
const composition = new Composition(page.contests);
const views = composition.contests.map((_, at) => new ContestView(composition, at, page, say));
const outbox = new Outbox(page);
const draft = openDraft(page);
let isBusy = false;
let isRestoring = false;

/* What stands on the page */

function show() {
  for (const view of views) view.show();
  showProgress(composition);
  undoButton.disabled = !composition.past.length;
  redoButton.disabled = !composition.future.length;
  if (document.activeElement !== reason && reason.value !== composition.reason) reason.value = composition.reason;
  const over = new TextEncoder().encode(composition.reason.normalize("NFC")).length - page.reasonBytes;
  byId("reason-why").hidden = over <= 0;
  byId("reason-why").textContent = over > 0 ? `Too long by ${over} bytes; the rules allow ${page.reasonBytes.toLocaleString("en")}. Shorten it.` : "";
  if (isBusy) return;
  const missing = whatIsMissing(composition);
  signButton.disabled = outbox.kept ? false : !composition.isReady || over > 0;
  signButton.textContent = outbox.kept ? "Send it again" : "Sign and send";
  showStatus(missing, composition.isReady ? "done-mark" : "muted");
}

/** @param {Map<number, import("./composer/contest.js").Outcome>} outcomes by the contest's place */
function take(outcomes) {
  composition.apply(new Map([...outcomes].map(([at, { state }]) => [at, state])));
  for (const [at, { whys, words }] of outcomes) {
    views[at].whys = whys;
    views[at].tell(words);
  }
  show();
}

function undo() {
  for (const view of views) view.forgetWhys();
  say(composition.undo() ? "Undone." : "Nothing to undo.");
}

function redo() {
  for (const view of views) view.forgetWhys();
  say(composition.redo() ? "Done again." : "Nothing to do again.");
}

/** @param {() => import("./composer/starts.js").Start | null | Promise<import("./composer/starts.js").Start | null>} begin */
async function start(begin) {
  showTrouble("");
  try {
    const found = await begin();
    if (!found) return;
    take(found.outcomes);
    notify(found.words, ...(found.outcomes.size ? [button("Undo", undo, "quiet")] : []));
  } catch (error) {
    showTrouble(explain(error));
  }
}

async function spreadsheet() {
  const { openSheet } = await import("./composer/sheet-dialog.js");
  openSheet(composition, `ballot-cycle-${page.cycle}.csv`, take);
}

function arrange() {
  const seed = wantsBallotOrder() ? null : seedOf(page.voter ?? null);
  for (const view of views) view.arrange(seed, page.rules);
}

const undoButton = button("Undo", undo, "quiet");
const redoButton = button("Redo", redo, "quiet");
const order = element("input", { type: "checkbox", id: "ballot-order", checked: wantsBallotOrder() });
order.addEventListener("change", () => {
  rememberBallotOrder(order.checked);
  arrange();
});
byId("toolbar").append(
  element("span", {}, "Start from"),
  button("my last ballot", () => start(() => fromLastBallot(composition, page)), "quiet"),
  ...(page.contests.some((/** @type {any} */ contest) => contest.options.some((/** @type {any} */ option) => option.last)) ? [button("last result", () => start(() => fromLastResult(composition)), "quiet")] : []),
  button("even shares", () => start(() => fromEven(composition)), "quiet"),
  button("a spreadsheet…", spreadsheet, "quiet"),
  element("span", { className: "apart" }, undoButton, redoButton, button("Keys", openHelp, "quiet wide")),
  element("label", { className: "tick", title: "Without it, the options of each programme stand in an order by chance, the same for you every time." }, order, " ballot order"),
);

/* The draft */

const NOTHING = { lines: {}, locked: [], reason: "" };
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** Show a draft without saving it again. @param {import("./composer/composition.js").Content | null} content */
function restore(content) {
  isRestoring = true;
  for (const view of views) view.forgetWhys();
  composition.restore(content ?? NOTHING);
  isRestoring = false;
}

/** What an event of the draft tells. @param {string} name @param {(detail: any, event: Event) => void} hear */
function onDraft(name, hear) {
  draft.addEventListener(name, (event) => hear(/** @type {CustomEvent} */ (event).detail, event));
}

composition.addEventListener("change", () => {
  show();
  if (!isRestoring) draft.save(composition.content());
});
onDraft("saved", ({ at, where }) => showKept(where === "server"
  ? `Saved at ${clock.format(new Date(at))}, for you alone, on every device on which you sign in. Not sent: nothing counts until you sign.`
  : "Kept in this browser alone, because you are not signed in. Not sent: nothing counts until you sign."));
onDraft("offline", () => showKept("No connection: kept in this browser, and saved again as soon as there is one. Not sent."));
onDraft("signed-out", () => showKept("You are signed out: kept in this browser. You can sign and send it all the same. Not sent yet."));
onDraft("refused", ({ words }) => showKept(`Kept in this browser; the server does not keep it: ${words} Not sent.`));
onDraft("changed", ({ content }, event) => {
  event.preventDefault();
  restore(content);
  notify("Taken over from another tab or device.", button("Undo", undo, "quiet"));
});
onDraft("conflict", ({ theirs }) =>
  showConflict(composition, theirs && !theirs.sent ? theirs.content : NOTHING, (chosen) => {
    if (chosen === "mine") draft.keepMine();
    else restore(draft.takeTheirs());
  }));

/* Signing and sending */

/** @param {any} error */
function explain(error) {
  if (error instanceof RefusedError) return refusalWords(error);
  if (error instanceof WalletError) return error.words;
  if (error instanceof TypeError) {
    return outbox.kept
      ? "The server could not be reached. Your signed ballot is kept in this browser and is sent again as soon as there is a connection, or when you press the button. It is the very same ballot: it cannot count twice."
      : "The server could not be reached. Nothing was signed or sent; your draft is kept. Try again in a moment.";
  }
  return walletError(error).words;
}

/** @param {string} bytes */
async function send(bytes) {
  showStatus("Sending.");
  const receipt = await outbox.send(bytes);
  await draft.forget();
  location.assign(receipt);
}

/** Do something that ends in a sent ballot, or in words why not. @param {() => Promise<unknown>} act */
async function busy(act) {
  if (isBusy) return;
  isBusy = true;
  form.classList.add("busy");
  signButton.disabled = true;
  showTrouble("");
  try {
    await act();
  } catch (error) {
    showTrouble(explain(error));
  } finally {
    isBusy = false;
    form.classList.remove("busy");
    stopPlace.replaceChildren();
    show();
  }
}

const stopPlace = element("span", {});
byId("status").after(stopPlace);

/** @param {string} words @param {() => void} [stop] */
function showStep(words, stop) {
  showStatus(words);
  say(words);
  stopPlace.replaceChildren(...(stop ? [button("Stop waiting", stop, "quiet")] : []));
}

/** @param {import("./eip712.js").Line[]} lines @param {string} words */
function sign(lines, words) {
  return busy(async () => {
    if (outbox.kept) return send(outbox.kept);
    const { signWithWallet } = await import("./composer/signing.js");
    const signed = await signWithWallet(page, { lines, reason: words, contests: composition.contests }, showStep);
    if (signed) await send(JSON.stringify(signed));
  });
}

const signDraft = () => signButton.disabled || sign(composition.lines(), composition.reason);

async function elsewhere() {
  if (!composition.isReady) return showTrouble(whatIsMissing(composition));
  const { openElsewhere } = await import("./composer/elsewhere.js");
  openElsewhere(page, { lines: composition.lines(), reason: composition.reason }, (ballot, signature) =>
    busy(() => send(JSON.stringify({ ballot, signature }))),
  );
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  signDraft();
});
reason.addEventListener("input", () => composition.setReason(reason.value));
window.addEventListener("online", () => outbox.kept && busy(() => send(String(outbox.kept))));
byId("other-ways").append(
  button("Sign in another place…", elsewhere, "quiet"),
  button("Withdraw my ballot…", () => sign([], ""), "quiet"),
);
listenToKeys(views, { undo, redo, sign: signDraft });

arrange();
const here = draft.begin();
if (here) restore(here);
else show();
byId("after-lines").hidden = false;
signButton.hidden = false;
const loading = draft.load().then((kept) => same(kept, composition.content()) || restore(kept));
if (page.effect) {
  const { EffectPanel } = await import("./composer/effect.js");
  const panel = new EffectPanel(page, composition, views, voterOf);
  panel.start(page.voter);
}
await loading;
if (outbox.kept) showTrouble("A ballot that you signed has not reached the server yet. Press “Send it again”: it is the very same ballot and cannot count twice.");
