// Giving the server a key and proving it (mail_seal's Keys mailbox): the certificate
// goes into that mailbox, the server answers by a message with a code, and who can
// read that sends the code back.

import { hasMark } from "./sealed.js";

// Crockford's base32, as mail_seal writes its codes
const CODES = /\bseal-[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}\b/gi;
// What is made here is gone again at once; the address leads nowhere (RFC 2606).
const messageId = () => `<${crypto.randomUUID()}@mail-seal.invalid>`;

function header(email, subject) {
  return [`From: <${email}>`, `To: <${email}>`, `Subject: ${subject}`,
          `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
          `Message-ID: ${messageId()}`, "MIME-Version: 1.0"];
}

function messageFile(lines) {
  return new File([[...lines, ""].join("\r\n")], "message.eml", { type: "message/rfc822" });
}

// The public key that is chosen for the identity. Thunderbird attaches it to a message
// to oneself, which waits in the outbox for a moment and is never sent.
export async function ownKey(identity) {
  const tab = await messenger.compose.beginNew({
    identityId: identity.id, to: [identity.email], subject: "mail_seal",
    isPlainText: true, plainTextBody: "mail_seal", attachPublicPGPKey: true,
    selectedEncryptionTechnology: {
      name: "OpenPGP", encryptBody: false, encryptSubject: false, signMessage: false },
  });
  const { messages: [message] } =
    await messenger.compose.sendMessage(tab.id, { mode: "sendLater" });
  try {
    const attachments = await messenger.messages.listAttachments(message.id);
    const { partName } = attachments.find(one => one.contentType == "application/pgp-keys");
    return await messenger.messages.getAttachmentFile(message.id, partName);
  } finally {
    await messenger.messages.delete([message.id], { deletePermanently: true });
  }
}

export async function keysFolder(accountId) {
  const { keysMailbox: name } = await messenger.storage.managed.get({ keysMailbox: "Keys" })
    .catch(() => ({ keysMailbox: "Keys" }));
  const { rootFolder } = await messenger.accounts.get(accountId, true);
  return rootFolder.subFolders.find(folder => folder.name == name) ??
    await messenger.folders.create(rootFolder.id, name);
}

// A message with the certificate attached
export async function certificateMessage(email, file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const base64 = btoa(String.fromCharCode(...bytes)).match(/.{1,76}/g) ?? [];
  const name = file.name.replace(/[^\w.-]/g, "_");
  const type = name.endsWith(".asc") ? "application/pgp-keys" : "application/octet-stream";
  return messageFile([
    ...header(email, "mail_seal"), `Content-Type: ${type}; name="${name}"`,
    `Content-Disposition: attachment; filename="${name}"`,
    "Content-Transfer-Encoding: base64", "", ...base64]);
}

export function putInto(folder, file) {
  return messenger.messages.import(file, folder.id, { read: true });
}

function textOf(part) {
  return [part.body ?? "", ...(part.parts ?? []).map(textOf)].join("\n");
}

// The codes in a challenge: the first agrees, a second one stops what is going on.
export async function findCodes(id) {
  const headers = await messenger.messages.getHeaders(id);
  if (!hasMark(headers) || !headers["auto-submitted"]?.[0].startsWith("auto-generated")) {
    return [];
  }
  return [...new Set(textOf(await messenger.messages.getFull(id)).match(CODES))];
}

// As Subject of a message that the owner saves: a draft, which is thrown away again.
export async function sendCode(accountId, code) {
  const { rootFolder } = await messenger.accounts.get(accountId, true);
  const drafts = rootFolder.subFolders.find(folder => folder.specialUse.includes("drafts"));
  const { email } = await messenger.identities.getDefault(accountId);
  const message = await putInto(drafts, messageFile([
    ...header(email, code), "Content-Type: text/plain", "", code]));
  await messenger.messages.delete([message.id], { deletePermanently: true });
}
