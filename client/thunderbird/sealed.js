// Which messages the mail server sealed, and what is in them.

// The Content-Type of a sealed message, as mail_seal writes it.
const SEALED_TYPE = new RegExp(
  '^(multipart/encrypted;\\s*protocol="application/pgp-encrypted";\\s*boundary="' +
  '|application/pkcs7-mime;\\s*smime-type=enveloped-data;\\s*name="smime\\.p7m")');
const MARK = /^v=1;\s*keys=\w/;

// What Thunderbird itself writes above a message that it keeps in a local folder.
const ABOVE = new Set(["x-mozilla-status", "x-mozilla-status2", "x-mozilla-keys",
                       "x-account-key", "x-uidl"]);

const ARMOR = /-----\s*BEGIN\s+PGP\s+MESSAGE\s*-----/;
const ENCRYPTED_TYPES = new Set(["multipart/encrypted", "application/pgp-encrypted",
                                 "application/pkcs7-mime", "application/x-pkcs7-mime"]);

// The mark counts only as the first field of the message, once, and on the
// Content-Type that belongs to it: there no sender can write, because whoever
// receives a message adds fields above his. (A field whose name is a number comes
// first here, wherever it stands; then the message merely doesn't count as sealed.)
export function hasMark(headers) {
  const [first] = Object.keys(headers).filter(name => !ABOVE.has(name.toLowerCase()));
  const { "x-mail-seal": marks, "content-type": types } = headers;
  return first == "x-mail-seal" && marks.length == 1 && MARK.test(marks[0]) &&
    types?.length == 1 && SEALED_TYPE.test(types[0]);
}

export async function isSealed(messageId) {
  return hasMark(await messenger.messages.getHeaders(messageId));
}

// What a reader sees of a body part, with all its white space alike.
function textOf(part) {
  if (!part.body) {
    return "";
  }
  if (part.contentType?.toLowerCase() != "text/html") {
    return part.body;
  }
  const { body } = new DOMParser().parseFromString(part.body, "text/html");
  return `${part.body} ${body.textContent}`;
}

function partsBelow(part) {
  return (part.parts ?? []).flatMap(child => [child, ...partsBelow(child)]);
}

// Is something encrypted in the sealed message, which its sender encrypted?
// Thunderbird decrypts a block of text (RFC 4880 armor) into what it quotes. Where
// that can't be known the answer is yes.
export async function holdsEncrypted(messageId) {
  const root = await messenger.messages.getFull(messageId, { decrypt: true });
  if (root.decryptionStatus != "success") {
    return true;
  }
  const isEncrypted = part => ENCRYPTED_TYPES.has(part.contentType?.toLowerCase());
  const [outer, ...inside] = partsBelow(root);
  // The sealed message's own container may be there or not.
  const parts = outer && !isEncrypted(outer) ? [outer, ...inside] : inside;
  return parts.some(part => isEncrypted(part) || ARMOR.test(textOf(part)));
}
