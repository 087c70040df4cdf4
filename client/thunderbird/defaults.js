// What an identity has for new messages: encryption, signature, technology. No
// interface tells, so it is learned from each new message that the user begins,
// or asked by opening one for a moment. It holds until account settings are open.

const MAIL_TABS = new Set(["mail", "messageDisplay", "messageCompose", "addressBook",
                           "calendar", "calendarEvent", "calendarTask", "chat", "tasks"]);

const { session } = messenger.storage;

async function get(key, otherwise) {
  return (await session.get({ [key]: otherwise }))[key];
}

// Anything else may be the account settings.
export async function tabOpened(tab) {
  if (!MAIL_TABS.has(tab.type)) {
    await session.set({ others: [...await get("others", []), tab.id], learned: {} });
  }
}

export async function tabClosed(tabId) {
  const others = await get("others", []);
  if (others.includes(tabId)) {
    await session.set({ others: others.filter(id => id != tabId), learned: {} });
  }
}

export async function learn(details) {
  const state = details.selectedEncryptionTechnology;
  if (state) {
    const learned = await get("learned", {});
    await session.set({ learned: { ...learned, [details.identityId]: state } });
  }
  return state;
}

async function ask(identityId) {
  const tab = await messenger.compose.beginNew({ identityId });
  try {
    return await learn(await messenger.compose.getComposeDetails(tab.id));
  } finally {
    await messenger.tabs.remove(tab.id);
  }
}

export async function defaultsOf(identityId) {
  const { [identityId]: known } = await get("learned", {});
  const settingsOpen = (await get("others", [])).length > 0;
  return known && !settingsOpen ? known : ask(identityId);
}
