// Windows in which a message is written: answers to sealed mail open as answers to
// plaintext mail do.

import { openAttachments } from "./attachments.js";
import { defaultsOf, learn } from "./defaults.js";
import { holdsEncrypted, hasMark } from "./sealed.js";

// Thunderbird switches encryption on some time after the window is there. Nobody
// switches by hand within this, milliseconds.
const LATE = 1500;
const STEP = 50;
// How many drafts are remembered
const DRAFTS = 500;

const sleep = time => new Promise(resolve => setTimeout(resolve, time));

const draftKey = headerMessageId => `draft ${headerMessageId}`;
const subjectKey = tabId => `subject ${tabId}`;

// The state that the window should open in, or nothing if Thunderbird knows better.
async function wantedState(details) {
  const messageId = details.relatedMessageId;
  const headers = await messenger.messages.getHeaders(messageId);
  if (details.type == "draft") {
    // Thunderbird's own note of the state, in OpenPGP drafts
    if (headers["x-enigmail-draft-status"]) {
      return undefined;
    }
    const { headerMessageId } = await messenger.messages.get(messageId);
    const key = draftKey(headerMessageId);
    const { [key]: saved } = await messenger.storage.local.get(key);
    if (saved) {
      return saved.state;
    }
  }
  return !hasMark(headers) || await holdsEncrypted(messageId) ? undefined :
    defaultsOf(details.identityId);
}

// The interface can't switch encryption off and leave the subject's alone.
async function switchOff(tabId, state, wanted) {
  const off = { ...wanted, encryptBody: false };
  if ("encryptSubject" in off) {
    off.encryptSubject = false;
  }
  if (state.encryptSubject) {
    await messenger.storage.session.set({ [subjectKey(tabId)]: true });
  }
  await messenger.compose.setComposeDetails(tabId, { selectedEncryptionTechnology: off });
}

// Sets it, again if Thunderbird is late.
async function keepState(tabId, wanted) {
  for (let rest = LATE; rest > 0; rest -= STEP) {
    const { selectedEncryptionTechnology: state } =
      await messenger.compose.getComposeDetails(tabId);
    if (state?.encryptBody && !wanted.encryptBody) {
      await switchOff(tabId, state, wanted);
    } else if (wanted.encryptBody && !state?.encryptBody) {
      await messenger.compose.setComposeDetails(tabId, { selectedEncryptionTechnology: wanted });
    }
    await sleep(STEP);
  }
}

export async function composeOpened(tab) {
  const details = await messenger.compose.getComposeDetails(tab.id);
  if (details.type == "new" && !details.relatedMessageId) {
    await learn(details);
    return;
  }
  const wanted = details.type == "forward" && await openAttachments(tab.id) ?
    await defaultsOf(details.identityId) :
    details.relatedMessageId && await wantedState(details);
  // For who encrypts by default an answer is left as it is.
  if (wanted && (details.type == "draft" || !wanted.encryptBody)) {
    await keepState(tab.id, wanted);
  }
}

// S/MIME drafts have no note of their state.
export async function draftSaved(tab, saveInfo) {
  const state = saveInfo.details?.selectedEncryptionTechnology;
  if (!state || state.name != "S/MIME") {
    return;
  }
  const { local } = messenger.storage;
  const added = saveInfo.messages.map(
    message => [draftKey(message.headerMessageId), { state, time: Date.now() }]);
  await local.set(Object.fromEntries(added));
  const all = Object.entries(await local.get()).filter(([key]) => key.startsWith("draft "));
  const old = all.sort(([, a], [, b]) => b.time - a.time).slice(DRAFTS);
  await local.remove(old.map(([key]) => key));
}

// Encryption was switched off with the subject's, and the user switched it on again.
async function withSubject(tabId, state) {
  const key = subjectKey(tabId);
  const { [key]: encryptSubject } = await messenger.storage.session.get(key);
  return encryptSubject && "encryptSubject" in state ?
    { details: { selectedEncryptionTechnology: { ...state, encryptSubject } } } : {};
}

// Thunderbird can't encrypt without a key, and doesn't say what to do.
export async function messageIsSent(tab, details) {
  const state = details.selectedEncryptionTechnology;
  if (!state?.encryptBody) {
    return {};
  }
  const identity = await messenger.identities.get(details.identityId);
  if (Object.values(identity.encryptionCapabilities).some(one => one.canEncrypt)) {
    return withSubject(tab.id, state);
  }
  await messenger.windows.create({
    type: "popup", width: 520, height: 320, allowScriptsToClose: true,
    url: `pages/no-key.html?${encodeURIComponent(identity.email)}`,
  });
  return { cancel: true };
}
