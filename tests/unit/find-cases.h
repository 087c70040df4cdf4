/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef FIND_CASES_H
#define FIND_CASES_H

#include <stdint.h>

/* Messages with certificates, and without. */

/* Key ids of tests/unit/keys */
#define ALICE 0x8D8A5AAB28940619
#define TWO 0x3D3D5BE53A44DEE4
/* its newest subkey, which the older copy hasn't */
#define TWO_NEWER 0xD7E3BDF077643B00
#define SIGNER 1

#define NONE "there is no certificate in the message: take one that you " \
	"have sent with your key, or attach your public key"
#define SEVERAL "there are certificates of several keys in the message: " \
	"take one that has only yours"
#define SECRET "there is a secret key in the message, which others may have " \
	"seen now: make a new key, and send only its public part"
#define BROKEN "the message's Autocrypt field is broken or too large"
#define FOREIGN "the message's Autocrypt field isn't for the address in From"
#define FIELDS "the message has more than one Autocrypt field"
#define AUTOMATIC "the Autocrypt field of an automatic message doesn't count"
#define FORGED "the message's S/MIME signature isn't good"
#define DEEP "the message's parts are nested too deep"

#define FROM "From: Alice <alice@example.org>\nTo: bob@example.org\n" \
	"Subject: A message\nMIME-Version: 1.0\n"
#define PLAIN "Content-Type: text/plain; charset=utf-8\n\n"
#define AUTOCRYPT(key) "Autocrypt: addr=alice@example.org; " \
	"prefer-encrypt=mutual; keydata=\n {" key "}\n"
#define MIXED(parts) "Content-Type: multipart/mixed; boundary=b\n\n" \
	parts "--b--\n"
#define PART(head, body) "--b\n" head "\n" body "\n"
#define FILE_PART(type, name, body) \
	PART("Content-Type: " type "; name=\"" name "\"\n" \
	     "Content-Disposition: attachment; filename=\"" name "\"\n", body)
#define BASE64_PART(type, name, body) \
	PART("Content-Type: " type "\nContent-Transfer-Encoding: base64\n" \
	     "Content-Disposition: attachment; filename=\"" name "\"\n", body)

/* In a message {NAME} stands for one of the values below. */
static const struct {
	const char *name, *message;
	/* why there is none, or NULL */
	const char *error;
	/* the primary key, and the subkey that is chosen unless it is 0 */
	uint64_t key, chosen;
} cases[] = {
	/* Autocrypt */
	{ "as Thunderbird writes it", FROM AUTOCRYPT("alice64") PLAIN "Hi\n",
	  NULL, ALICE, 0 },
	{ "another case, attributes of the future, one behind the last",
	  "From: ALICE@Example.org\nAutoCrypt: ADDR=alice@example.org;\n"
	  "\t_new=1; keydata={alice64};\n" PLAIN "Hi\n", NULL, ALICE, 0 },
	{ "sealed", "X-Mail-Seal: v=1; keys=1\n" FROM AUTOCRYPT("alice64")
	  "Content-Type: multipart/encrypted; boundary=b;\n"
	  " protocol=\"application/pgp-encrypted\"\n\n"
	  PART("Content-Type: application/pgp-encrypted\n", "Version: 1")
	  FILE_PART("application/octet-stream", "encrypted.asc", "{older}")
	  "--b--\n", NULL, ALICE, 0 },
	{ "two fields", FROM AUTOCRYPT("alice64") AUTOCRYPT("alice64") PLAIN,
	  FIELDS, 0, 0 },
	{ "two fields, different", FROM AUTOCRYPT("alice64")
	  AUTOCRYPT("older64") PLAIN, FIELDS, 0, 0 },
	{ "another's beside it", FROM "Autocrypt: addr=bob@example.org; "
	  "keydata={older64}\n" AUTOCRYPT("alice64") PLAIN, NULL, ALICE, 0 },
	{ "a broken one beside it", FROM "Autocrypt: nothing\n"
	  AUTOCRYPT("alice64") PLAIN, NULL, ALICE, 0 },
	{ "another's", FROM "Autocrypt: addr=alice@example.com; "
	  "keydata={alice64}\n" PLAIN, FOREIGN, 0, 0 },
	{ "two senders", "From: alice@example.org, bob@example.org\n"
	  AUTOCRYPT("alice64") PLAIN, FOREIGN, 0, 0 },
	{ "no sender", AUTOCRYPT("alice64") PLAIN, FOREIGN, 0, 0 },
	{ "critical attribute", FROM "Autocrypt: addr=alice@example.org; "
	  "new=1; keydata={alice64}\n" PLAIN, BROKEN, 0, 0 },
	{ "empty", FROM "Autocrypt:\n" PLAIN, BROKEN, 0, 0 },
	{ "no key", FROM "Autocrypt: addr=alice@example.org; keydata=\n" PLAIN,
	  BROKEN, 0, 0 },
	{ "one character", FROM "Autocrypt: addr=alice@example.org; "
	  "keydata=;\n" PLAIN, BROKEN, 0, 0 },
	{ "no base64", FROM "Autocrypt: addr=alice@example.org; "
	  "keydata=!!!!!!!!\n" PLAIN, BROKEN, 0, 0 },
	{ "no certificate", FROM "Autocrypt: addr=alice@example.org; "
	  "keydata=SGVsbG8sIHdvcmxkLg==\n" PLAIN,
	  "there is no certificate in it", 0, 0 },
	{ "too large", FROM "Autocrypt: addr=alice@example.org; "
	  "_x={10kB}; keydata={alice64}\n" PLAIN, BROKEN, 0, 0 },
	{ "automatic", FROM "Auto-Submitted: auto-replied\n"
	  AUTOCRYPT("alice64") PLAIN, AUTOMATIC, 0, 0 },
	{ "not automatic", FROM "Auto-Submitted: no\n" AUTOCRYPT("alice64")
	  PLAIN, NULL, ALICE, 0 },
	{ "report", FROM AUTOCRYPT("alice64") "Content-Type: multipart/report;"
	  " boundary=b\n\n" PART(PLAIN, "x") "--b--\n", AUTOMATIC, 0, 0 },
	{ "secret", FROM "Autocrypt: addr=alice@example.org; "
	  "keydata={secret64}\n" PLAIN, SECRET, 0, 0 },

	/* files and text */
	{ "no certificate at all", FROM PLAIN "Hi\n", NONE, 0, 0 },
	{ "no header", "Hi\n", NONE, 0, 0 },
	{ "nothing", "", NONE, 0, 0 },
	{ "text", FROM PLAIN "This is my key:\n{alice}\n-- \nAlice\n", NULL,
	  ALICE, 0 },
	{ "text in base64", FROM "Content-Transfer-Encoding: base64\n" PLAIN
	  "{aliceBase64}\n", NULL, ALICE, 0 },
	{ "quoted text", FROM PLAIN "> -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	  "> \n> x\n", NONE, 0, 0 },
	{ "half a block", FROM PLAIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	  "\nmQENBF\n", "its ASCII armor is damaged", 0, 0 },
	{ "HTML beside it", FROM "Content-Type: multipart/alternative; "
	  "boundary=b\n\n" PART("Content-Type: text/plain\n", "{alice}")
	  PART("Content-Type: text/html\n", "<pre>{alice}</pre>") "--b--\n",
	  NULL, ALICE, 0 },
	{ "attached as Thunderbird does", FROM MIXED(PART(PLAIN, "Hi")
	  FILE_PART("application/pgp-keys", "OpenPGP_0x8D8A.asc", "{alice}")),
	  NULL, ALICE, 0 },
	{ "attached file", FROM MIXED(PART(PLAIN, "Hi")
	  FILE_PART("application/octet-stream", "KEY.ASC", "{alice}")), NULL,
	  ALICE, 0 },
	{ "binary file", FROM MIXED(BASE64_PART("application/octet-stream",
	  "key.gpg", "{alice64}")), NULL, ALICE, 0 },
	{ "root", FROM "Content-Type: application/pgp-keys\n\n{alice}", NULL,
	  ALICE, 0 },
	{ "another name", FROM MIXED(FILE_PART("application/octet-stream",
	  "key.bin", "{alice}")), NONE, 0, 0 },
	{ "signature, no certificate", FROM MIXED(FILE_PART(
	  "application/pgp-signature", "signature.asc",
	  "-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n")),
	  "there is no certificate in it", 0, 0 },
	{ "signed by OpenPGP", FROM "Content-Type: multipart/signed; "
	  "boundary=b; protocol=\"application/pgp-signature\"\n\n"
	  FILE_PART("application/pgp-keys", "a.asc", "{alice}")
	  FILE_PART("application/pgp-signature", "b.asc", "x") "--b--\n",
	  NULL, ALICE, 0 },
	{ "broken base64", FROM MIXED(BASE64_PART("application/pgp-keys",
	  "key.gpg", "!!!{older}")), "there is no certificate in it", 0, 0 },
	{ "no end of the message", FROM "Content-Type: multipart/mixed; "
	  "boundary=b\n\n" FILE_PART("application/pgp-keys", "a.asc",
				     "{alice}"), NULL, ALICE, 0 },
	{ "PEM in text", FROM PLAIN "{pem}", NULL, SIGNER, 0 },
	{ "empty PEM", FROM PLAIN "-----BEGIN CERTIFICATE-----\n"
	  "-----END CERTIFICATE-----\n", "it is no X.509 certificate", 0, 0 },
	{ "X.509 file", FROM MIXED(BASE64_PART("application/pkix-cert", "a",
	  "{der64}")), NULL, SIGNER, 0 },
	{ "X.509 file by name", FROM MIXED(BASE64_PART(
	  "application/octet-stream", "alice.cer", "{der64}")), NULL, SIGNER,
	  0 },
	{ "bundle", FROM MIXED(BASE64_PART("application/octet-stream",
	  "alice.p7b", "{bundle64}")), NULL, SIGNER, 0 },
	{ "bundle, certs-only", FROM "Content-Type: application/pkcs7-mime; "
	  "smime-type=certs-only; name=smime.p7c\n"
	  "Content-Transfer-Encoding: base64\n\n{bundle64}\n", NULL, SIGNER,
	  0 },

	/* more than one */
	{ "copies are one", FROM MIXED(PART(PLAIN, "{older}")
	  FILE_PART("application/pgp-keys", "a.asc", "{newer}")), NULL, TWO,
	  TWO_NEWER },
	{ "and the other way round", FROM AUTOCRYPT("newer64")
	  MIXED(PART(PLAIN, "{older}") FILE_PART("application/pgp-keys",
	  "a.asc", "{older}")), NULL, TWO, TWO_NEWER },
	{ "two people's", FROM MIXED(FILE_PART("application/pgp-keys", "a.asc",
	  "{alice}") FILE_PART("application/pgp-keys", "b.asc", "{older}")),
	  SEVERAL, 0, 0 },
	{ "two people's in one file", FROM MIXED(FILE_PART(
	  "application/pgp-keys", "a.asc", "{alice}{older}")), SEVERAL, 0,
	  0 },
	{ "the sender's and another's", FROM AUTOCRYPT("alice64") PLAIN
	  "{older}", SEVERAL, 0, 0 },
	{ "both kinds", FROM AUTOCRYPT("alice64") PLAIN "{pem}", SEVERAL, 0,
	  0 },
	{ "two people's X.509", FROM PLAIN "{pem}{bobPem}", SEVERAL, 0, 0 },
	{ "seventeen", FROM MIXED("{seventeen}"), "the message has too many "
	  "certificates in it", 0, 0 },
	{ "a broken one beside it", FROM AUTOCRYPT("alice64") PLAIN
	  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n", NULL, ALICE, 0 },

	/* what others have sent */
	{ "attached message", FROM MIXED(PART("Content-Type: message/rfc822\n",
	  FROM AUTOCRYPT("alice64") PLAIN "{alice}")), NONE, 0, 0 },
	{ "message beside it", FROM AUTOCRYPT("alice64") MIXED(PART(PLAIN, "x")
	  PART("Content-Type: message/rfc822\n", FROM AUTOCRYPT("older64")
	  PLAIN "{older}")), NULL, ALICE, 0 },
	{ "partial", FROM "Content-Type: message/partial; id=a; number=1\n\n"
	  FROM AUTOCRYPT("alice64") PLAIN, NONE, 0, 0 },

	/* secret keys */
	{ "secret in text", FROM AUTOCRYPT("alice64") PLAIN "{secret}", SECRET,
	  0, 0 },
	{ "secret quoted", FROM AUTOCRYPT("alice64") PLAIN
	  "> -----BEGIN RSA PRIVATE KEY-----\n", SECRET, 0, 0 },
	{ "secret attached", FROM MIXED(FILE_PART("application/pgp-keys",
	  "a.asc", "{alice}{secret}")), SECRET, 0, 0 },
	{ "secret, any name", FROM MIXED(FILE_PART("application/octet-stream",
	  "a.txt", "{secret}") FILE_PART("application/pgp-keys", "b.asc",
	  "{alice}")), SECRET, 0, 0 },
	{ "secret, binary", FROM MIXED(BASE64_PART("application/octet-stream",
	  "a.gpg", "{secret64}")), SECRET, 0, 0 },
	{ "PKCS #12", FROM MIXED(BASE64_PART("application/x-pkcs12", "a.p12",
	  "{p12}") BASE64_PART("application/pkix-cert", "a.cer", "{der64}")),
	  SECRET, 0, 0 },
	{ "secret in an attached message", FROM AUTOCRYPT("alice64")
	  MIXED(PART("Content-Type: message/rfc822\n", FROM PLAIN
	  "{secret}")), SECRET, 0, 0 },
	{ "HTML with it", FROM AUTOCRYPT("alice64") "Content-Type: text/html\n"
	  "\n<pre>\n{secret}</pre>", SECRET, 0, 0 },

	/* S/MIME */
	{ "signed", FROM "{signed}", NULL, SIGNER, 0 },
	{ "signed, CRLF", FROM "{signedCRLF}", NULL, SIGNER, 0 },
	{ "signed, old type", FROM "{signedX}", NULL, SIGNER, 0 },
	{ "signed, in a list's message", FROM MIXED(
	  PART("{signedPart}", "") PART(PLAIN, "-- \nfooter")), NULL, SIGNER,
	  0 },
	{ "signed, opaque", FROM "Content-Type: application/pkcs7-mime; "
	  "smime-type=signed-data; name=smime.p7m\n"
	  "Content-Transfer-Encoding: base64\n\n{opaque}\n", NULL, SIGNER, 0 },
	{ "forged", FROM "{forged}", FORGED, 0, 0 },
	{ "forged, opaque", FROM "Content-Type: application/pkcs7-mime; "
	  "name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
	  "{forgedOpaque}\n", FORGED, 0, 0 },
	{ "signed, and a key inside", FROM "{signedKey}", SEVERAL, 0, 0 },
	{ "encrypted", FROM "Content-Type: application/pkcs7-mime; "
	  "smime-type=enveloped-data; name=smime.p7m\n"
	  "Content-Transfer-Encoding: base64\n\n{enveloped}\n", NONE, 0, 0 },
	{ "encrypted, with Autocrypt", FROM AUTOCRYPT("alice64")
	  "Content-Type: application/pkcs7-mime; name=smime.p7m\n"
	  "Content-Transfer-Encoding: base64\n\n{enveloped}\n", NULL, ALICE,
	  0 },
	{ "no CMS", FROM "Content-Type: application/pkcs7-mime\n"
	  "Content-Transfer-Encoding: base64\n\n!!!!\n", NONE, 0, 0 }
};

#endif
