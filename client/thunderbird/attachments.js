// Messages that are forwarded as attachments: sealed ones are opened, because nobody
// but their owner could read them.

import { hasMark, holdsEncrypted } from "./sealed.js";

// The mark, and what Thunderbird has put above it
const FIRST =
  /^(?:(?:X-Mail-Seal|X-Mozilla-[\w-]+|X-Account-Key|X-UIDL):[^\n]*\n(?:[ \t][^\n]*\n)*)+/i;
const MESSAGE_ID = /^Message-ID:\s*<([^>]*)>/im;

// Bytes as characters, so that none is lost on the way.
async function read(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return text;
}

const lf = text => text.replaceAll("\r\n", "\n").trimEnd();

// The message in Thunderbird's folders that this file is a copy of.
async function findMessage(text) {
  const [, headerMessageId] = MESSAGE_ID.exec(text.split(/\r?\n\r?\n/, 1)[0]) ?? [];
  if (!headerMessageId) {
    return undefined;
  }
  const { messages } = await messenger.messages.query({ headerMessageId });
  for (const { id } of messages) {
    const raw = await messenger.messages.getRaw(id, { decrypt: false, data_format: "File" });
    if (lf(await read(raw)) == lf(text) && hasMark(await messenger.messages.getHeaders(id))) {
      return id;
    }
  }
  return undefined;
}

async function opened(messageId, name) {
  const raw = await messenger.messages.getRaw(messageId, { decrypt: true, data_format: "File" });
  const text = (await read(raw)).replace(FIRST, "");
  const bytes = Uint8Array.from(text, character => character.charCodeAt(0));
  return new File([bytes], name, { type: "message/rfc822" });
}

// Replaces what is sealed. Returns whether there was any and nothing that its sender
// encrypted.
export async function openAttachments(tabId) {
  let sealed = 0;
  let encrypted = 0;
  for (const { id, name } of await messenger.compose.listAttachments(tabId)) {
    if (!name.toLowerCase().endsWith(".eml")) {
      continue;
    }
    const text = await read(await messenger.compose.getAttachmentFile(id));
    const messageId = await findMessage(text);
    if (messageId) {
      sealed++;
      encrypted += await holdsEncrypted(messageId);
      const file = await opened(messageId, name);
      await messenger.compose.updateAttachment(tabId, id, { file, name });
    } else {
      encrypted += /multipart\/encrypted|pkcs7-mime|-----BEGIN PGP MESSAGE/i.test(text);
    }
  }
  return sealed > 0 && encrypted == 0;
}
