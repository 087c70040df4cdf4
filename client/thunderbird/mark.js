// The mark on a message that the server sealed: a label in its header, as
// Thunderbird's own panel says that the sender encrypted it. Others get none.

import { isSealed } from "./sealed.js";

const { messageDisplayAction } = messenger;

async function isMarked(messages) {
  try {
    return messages.length == 1 && await isSealed(messages[0].id);
  } catch {
    // The message has gone meanwhile.
    return false;
  }
}

export async function messagesShown(tab, { messages }) {
  const sealed = await isMarked(messages);
  const tabId = tab.id;
  await messageDisplayAction.setIcon({ tabId, path: sealed ? "icons/seal.svg" : "icons/none.svg" });
  await messageDisplayAction.setLabel({
    tabId, label: sealed ? messenger.i18n.getMessage("sealed") : "" });
  await messageDisplayAction.setTitle({
    tabId, title: messenger.i18n.getMessage(sealed ? "sealedTitle" : "name") });
  await (sealed ? messageDisplayAction.enable(tabId) : messageDisplayAction.disable(tabId));
}
