// What the label of a sealed message opens; on a challenge of the server's, also the
// buttons that send its code back, or the one that stops a change.

import { findCodes, sendCode } from "../enrol.js";

const element = id => document.getElementById(id);

async function shownMessage() {
  const [tab] = await messenger.tabs.query({ active: true, currentWindow: true });
  const { messages: [message] } = await messenger.messageDisplay.getDisplayedMessages(tab.id);
  return message;
}

function show(name, failed) {
  element("result").textContent = messenger.i18n.getMessage(name);
  element("result").classList.toggle("failed", failed);
  element("result").hidden = false;
}

async function answer(message, button, code) {
  // Firefox's rule: nothing may come before this in the click.
  if (!await messenger.permissions.request({ permissions: ["messagesImport", "messagesDelete"] })) {
    show("notAllowed", true);
    return;
  }
  button.disabled = true;
  try {
    await sendCode(message.folder.accountId, code);
    show("codeSent", false);
  } catch (error) {
    console.error(error);
    button.disabled = false;
    show("codeFailed", true);
  }
}

const message = await shownMessage();
const codes = message ? await findCodes(message.id) : [];
element("challenge").hidden = codes.length == 0;
for (const [i, button] of [element("agree"), element("stop")].entries()) {
  button.hidden = codes.length <= i;
  button.addEventListener("click", () => answer(message, button, codes[i]));
}
