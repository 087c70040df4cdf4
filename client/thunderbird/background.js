// What the add-on listens to. It is an event page: Thunderbird ends it when it
// has nothing to do and starts it again for an event, so nothing is kept here.

import { composeOpened, draftSaved, messageIsSent } from "./answer.js";
import { tabClosed, tabOpened } from "./defaults.js";
import { messagesShown } from "./mark.js";

messenger.tabs.onCreated.addListener(async tab => {
  await tabOpened(tab);
  if (tab.type == "messageCompose") {
    await composeOpened(tab);
  }
});
messenger.tabs.onRemoved.addListener(tabClosed);
messenger.compose.onAfterSave.addListener(draftSaved);
messenger.compose.onBeforeSend.addListener(messageIsSent);
messenger.messageDisplay.onMessagesDisplayed.addListener(messagesShown);
