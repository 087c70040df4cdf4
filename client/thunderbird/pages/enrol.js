// The page on which a user gives the server his key, step by step.

import { certificateMessage, keysFolder, ownKey, putInto } from "../enrol.js";

const PERMISSIONS = ["accountsFolders", "messagesImport", "messagesDelete", "compose.send"];

const element = id => document.getElementById(id);
const identities = new Map((await messenger.identities.list()).map(one => [one.id, one]));

function step(name, ...values) {
  const item = document.createElement("li");
  item.textContent = messenger.i18n.getMessage(name, values);
  element("steps").append(item);
  return item;
}

// make: gives the File of the certificate
async function give(make) {
  element("steps").replaceChildren();
  // Firefox's rule: nothing may come before this in the click.
  if (!await messenger.permissions.request({ permissions: PERMISSIONS })) {
    step("notAllowed").classList.add("failed");
    return;
  }
  const identity = identities.get(element("identity").value);
  try {
    const file = await make(identity);
    step("stepKey", file.name);
    const folder = await keysFolder(identity.accountId);
    step("stepFolder", folder.name);
    await putInto(folder, await certificateMessage(identity.email, file));
    step("stepGiven");
    step("stepCode");
  } catch (error) {
    console.error(error);
    step("stepFailed", error.message).classList.add("failed");
  }
}

function chosen() {
  const { encryptionCapabilities } = identities.get(element("identity").value);
  const hasKey = encryptionCapabilities.OpenPGP.canEncrypt;
  element("own").disabled = !hasKey;
  element("noOwn").hidden = hasKey;
}

for (const { id, name, email } of identities.values()) {
  element("identity").append(new Option(name ? `${name} <${email}>` : email, id));
}
element("identity").addEventListener("change", chosen);
element("own").addEventListener("click", () => give(ownKey));
element("giveFile").addEventListener("click", () => {
  const [file] = element("file").files;
  if (file) {
    give(() => file);
  }
});
element("giveFile").disabled = false;
chosen();
