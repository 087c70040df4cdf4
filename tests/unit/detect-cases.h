/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DETECT_CASES_H
#define DETECT_CASES_H

#include <stdbool.h>

/* Messages that are encrypted already and many that only seem so, for
   test-detect. See detect.h for the rules. */

/* A message of a session key packet (tag 1) and an encrypted packet (tag 18),
   as short as they get, and its checksum */
#define ARMOR_BODY "wQMDqrvSBQERIjNE\n"
#define ARMOR_SUM "=G7rI\n"
#define ARMOR \
	"-----BEGIN PGP MESSAGE-----\n\n" ARMOR_BODY ARMOR_SUM \
	"-----END PGP MESSAGE-----\n"
#define ARMOR_OF(body) \
	"-----BEGIN PGP MESSAGE-----\n\n" body "-----END PGP MESSAGE-----\n"

#define ENCRYPTED \
	"Content-Type: multipart/encrypted; boundary=b;\n" \
	"\tprotocol=\"application/pgp-encrypted\"\n\n"
#define VERSION_PART \
	"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
#define CIPHER_PART \
	"--b\nContent-Type: application/octet-stream\n\n" ARMOR "\n"
#define CLOSE "--b--\n"

#define PGP_MIME VERSION_PART CIPHER_PART CLOSE
/* a body part with these header fields */
#define PART(fields, body) "--b\n" fields "\n" body "\n"
#define BASE64 "Content-Transfer-Encoding: base64\n"
#define QP "Content-Transfer-Encoding: quoted-printable\n"
#define ARMOR_BASE64 \
	"LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgp3UU1EcXJ2U0JRRVJJak5FCj1HN3JJCi0tLS0t\n" \
	"RU5EIFBHUCBNRVNTQUdFLS0tLS0K\n"
#define ARMOR_TEXT_BASE64 \
	"LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgp3UU1EcXJ2U0JRRVJJak5FCj1HN3JJCi0tLS0t\n" \
	"RU5EIFBHUCBNRVNTQUdFLS0tLS0Kc2VjcmV0Cg==\n"
#define ARMOR_QP \
	"-----BEGIN PGP MESS=\nAGE-----\n\nwQMDqrvSBQERIjNE\n=3DG7rI\n" \
	"-----END PGP MESSAGE-----\n"
#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

/* ContentInfo with what RFC 5652 section 6.1 asks for, as short as it gets */
#define CMS_ENVELOPED "MDMGCSqGSIb3DQEHA6AmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_SIGNED "MDMGCSqGSIb3DQEHAqAmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_AUTH_ENVELOPED \
	"MDoGCyqGSIb3DQEJEAEXoCswKQIBADEFMAMCAQAwGAYJKoZIhvcNAQcBMAUGA1UEA4AEAQIDBAQDbWFj"
#define CMS_INDEFINITE \
	"MIAGCSqGSIb3DQEHA6CAMIACAQAxBTADAgEAMIAGCSqGSIb3DQEHATAFBgNVBAOg" \
	"gAQEMTIzNAAAAAAAAAAAAAA="
#define CMS_WITHOUT_RECIPIENT "MC4GCSqGSIb3DQEHA6AhMB8CAQAxADAYBgkqhkiG9w0BBwEwBQYDVQQDgAQBAgME"
#define CMS_ENCRYPTED_DATA "MDMGCSqGSIb3DQEHBqAmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_COMPRESSED \
	"MDoGCyqGSIb3DQEJEAEJoCswKQIBADEFMAMCAQAwGAYJKoZIhvcNAQcBMAUGA1UEA4AEAQIDBAQDbWFj"
#define CMS_CUT "MDMGCSqGSIb3DQEHA6AmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAEC"
#define CMS_AND_MORE \
	"MDMGCSqGSIb3DQEHA6AmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwRzZWNyZXQ="
/* the type of enveloped-data, and text behind it */
#define CMS_TEXT \
	"MIAGCSqGSIb3DQEHAyBhbmQgdGhlbiBhbGwgdGhlIHRleHQgb25lIGxpa2Vz" \
	"LCBmb3Igbm9ib2R5IGxvb2tz"
#define CMS(type) \
	"Content-Type: " type "\nContent-Transfer-Encoding: base64\n\n"

#define SETUP_HEADER \
	"Autocrypt-Setup-Message: v1\n" \
	"Content-Type: multipart/mixed; boundary=b\n\n"
#define SETUP_TEXT "--b\nContent-Type: text/plain\n\nThis message...\n\n"
#define SETUP_ARMOR \
	"-----BEGIN PGP MESSAGE-----\nPassphrase-Format: numeric9x4\n" \
	"Passphrase-Begin: 17\n\n" \
	"wwMEqrvSBQERIjNE\n" \
	"=Cf8J\n" \
	"-----END PGP MESSAGE-----\n"
#define SETUP_PART \
	"--b\nContent-Type: application/autocrypt-setup\n\n" \
	"<html><body>\n<pre>\n" SETUP_ARMOR "</pre></body></html>\n"

static const struct {
	const char *name;
	bool encrypted;
	const char *message;
} tests[] = {
	/* PGP/MIME */
	{ "PGP/MIME", true, ENCRYPTED VERSION_PART CIPHER_PART CLOSE },
	{ "with the usual preamble", true,
	  ENCRYPTED "This is an OpenPGP/MIME encrypted message "
	  "(RFC 4880 and 3156)\n" VERSION_PART CIPHER_PART CLOSE },
	{ "with empty lines after it", true,
	  ENCRYPTED VERSION_PART CIPHER_PART CLOSE "\n \n\n" },
	{ "close without a line end", true,
	  ENCRYPTED VERSION_PART CIPHER_PART "--b--" },
	{ "without protocol", true,
	  "Content-Type: multipart/encrypted; boundary=b\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "with another protocol", false,
	  "Content-Type: multipart/encrypted; boundary=b; protocol=\"a/b\"\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "armor with header fields", true,
	  ENCRYPTED VERSION_PART
	  "--b\nContent-Type: application/octet-stream\n\n"
	  "-----BEGIN PGP MESSAGE-----\nVersion: X\nComment: y\n\n" ARMOR_BODY
	  "-----END PGP MESSAGE-----\n" CLOSE },
	{ "armor without its end", false,
	  ENCRYPTED VERSION_PART "--b\n\n-----BEGIN PGP MESSAGE-----\n\n"
	  ARMOR_BODY CLOSE },
	{ "no armor", false, ENCRYPTED VERSION_PART
	  "--b\nContent-Type: application/octet-stream\n\nsecret\n" CLOSE },
	{ "base64 in it that isn't OpenPGP", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("c2VjcmV0IHNlY3JldCBzZWNyZXQ=\n") CLOSE },
	{ "a compressed packet in it", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("owJ4nJvAy8zAxTi1wDU1rTg9NTUlKbEEAA==\n") CLOSE },
	{ "a second container in it", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF("wQMDqrvSBQERIjNE0gUBESIzRA==\n") CLOSE },
	{ "cut short", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF("wQMDqrvSBQERIjM=\n") CLOSE },
	{ "text in base64 in it", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF("wQMDqrvSBQERIjNEaGVsbG8gd29ybGQsIHRoaXMgaXMgdGV4dA==\n") CLOSE },
	{ "words in it that are base64", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("wQMDqrvS\nDearAlice/this/is/secret\n") CLOSE },
	{ "wrong checksum", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF(ARMOR_BODY "=AAAA\n")
	  CLOSE },
	{ "data behind padding", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("wQMDqrvSBQERIjNE\nAA==\nAAAA\n") CLOSE },
	{ "a field for people in a part", false,
	  ENCRYPTED "--b\nContent-Type: application/pgp-encrypted\n"
	  "X-Secret: text\n\nVersion: 1\n\n" CIPHER_PART CLOSE },
	{ "text in a part's header", false,
	  ENCRYPTED "--b\nContent-Type: application/pgp-encrypted\n"
	  "secret text\n\nVersion: 1\n\n" CIPHER_PART CLOSE },
	{ "preamble of IMP", true,
	  ENCRYPTED "This message is in MIME format and has been PGP "
	  "encrypted.\n" VERSION_PART CIPHER_PART CLOSE },
	{ "container of plaintext parts", false,
	  ENCRYPTED "--b\nContent-Type: text/plain\n\nsecret\n"
	  "--b\nContent-Type: text/html\n\nsecret\n" CLOSE },
	{ "a third part", false,
	  ENCRYPTED VERSION_PART CIPHER_PART
	  "--b\nContent-Type: text/plain\n\nfooter\n" CLOSE },
	{ "two ciphertexts", false,
	  ENCRYPTED VERSION_PART CIPHER_PART CIPHER_PART CLOSE },
	{ "one part", false, ENCRYPTED VERSION_PART CLOSE },
	{ "no part", false, ENCRYPTED CLOSE },
	{ "without the close", false, ENCRYPTED VERSION_PART CIPHER_PART },
	{ "text in the version part", false,
	  ENCRYPTED "--b\nContent-Type: application/pgp-encrypted\n\n"
	  "Version: 1\nsecret\n" CIPHER_PART CLOSE },
	{ "text in front", false,
	  ENCRYPTED "secret\n" VERSION_PART CIPHER_PART CLOSE },
	{ "long text in front", false,
	  ENCRYPTED "This is a secret.\n"
	  "0123456789012345678901234567890123456789012345678901234567890123\n"
	  "0123456789012345678901234567890123456789012345678901234567890123\n"
	  "0123456789012345678901234567890123456789012345678901234567890123\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "text behind", false,
	  ENCRYPTED VERSION_PART CIPHER_PART CLOSE "secret\n" },
	{ "text behind the armor", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR "secret\n" CLOSE },
	{ "base64 armor", true,
	  ENCRYPTED VERSION_PART "--b\nContent-Transfer-Encoding: base64\n\n"
	  "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgp3UU1EcXJ2U0JRRVJJak5FCj1H\n"
	  "N3JJCi0tLS0tRU5EIFBHUCBNRVNTQUdFLS0tLS0K\n" CLOSE },
	{ "base64 armor and text", false,
	  ENCRYPTED VERSION_PART "--b\nContent-Transfer-Encoding: base64\n\n"
	  "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgp3UU1EcXJ2U0JRRVJJak5FCj1H\n"
	  "N3JJCi0tLS0tRU5EIFBHUCBNRVNTQUdFLS0tLS0K\n\n!! secret !!\n" CLOSE },
	{ "no boundary", false, "Content-Type: multipart/encrypted\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "two Content-Types", false,
	  "Content-Type: text/html\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE },
	{ "nested in a mixed", false,
	  "Content-Type: multipart/mixed; boundary=c\n\n--c\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE "--c--\n" },
	{ "base64 of the multipart itself", false,
	  "Content-Transfer-Encoding: base64\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE },

	/* what is in the armor (RFC 9580 section 10.3) */
	{ "for a password", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wwMECQPSBQERIjNE\n")) CLOSE },
	{ "a container alone", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("0gUBESIzRA==\n")) CLOSE },
	{ "without integrity protection", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrvJBQERIjNE\n")) CLOSE },
	{ "packets of the legacy format", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("hAMDqrukBQERIjNE\n")) CLOSE },
	{ "GnuPG's OCB container", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrvUBQERIjNE\n")) CLOSE },
	{ "a marker first", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("ygNQR1DBAwOqu9IFAREiM0Q=\n")) CLOSE },
	{ "literal data", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("ywxiAAAAAABzZWNyZXQ=\n")) CLOSE },
	{ "signed data", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("xAMDAAHLDGIAAAAAAHNlY3JldA==\n")) CLOSE },
	{ "literal data with a session key", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrvLDGIAAAAAAHNlY3JldA==\n")) CLOSE },
	{ "a session key alone", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrs=\n")) CLOSE },
	{ "session key last", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("0gUBESIzRMEDA6q7\n")) CLOSE },
	{ "a public key", false, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" ARMOR_BODY
	       "-----END PGP PUBLIC KEY BLOCK-----\n") CLOSE },
	{ "a signature", false, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP SIGNATURE-----\n\n" ARMOR_BODY
	       "-----END PGP SIGNATURE-----\n") CLOSE },

	/* how its parts are written */
	{ "base64 armor in lines", true, ENCRYPTED VERSION_PART
	  PART(BASE64, ARMOR_BASE64) CLOSE },
	{ "base64 of armor and text", false, ENCRYPTED VERSION_PART
	  PART(BASE64, ARMOR_TEXT_BASE64) CLOSE },
	{ "base64 without armor", false, ENCRYPTED VERSION_PART
	  PART(BASE64, ARMOR_BODY) CLOSE },
	{ "quoted-printable armor", true, ENCRYPTED VERSION_PART
	  PART(QP, ARMOR_QP) CLOSE },
	{ "quoted-printable armor and text", false, ENCRYPTED VERSION_PART
	  PART(QP, ARMOR_QP "=73ecret\n") CLOSE },
	{ "uuencoded", false, ENCRYPTED VERSION_PART
	  PART("Content-Transfer-Encoding: x-uuencode\n", ARMOR) CLOSE },
	{ "text and two armored blocks", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR "secret\n" ARMOR) CLOSE },
	{ "two armored blocks", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR ARMOR) CLOSE },
	{ "parts the other way round", false,
	  ENCRYPTED CIPHER_PART VERSION_PART CLOSE },
	{ "two versions", false,
	  ENCRYPTED VERSION_PART VERSION_PART CIPHER_PART CLOSE },
	{ "a version of another type", false, ENCRYPTED
	  PART("Content-Type: text/plain\n", "Version: 1\n") CIPHER_PART
	  CLOSE },
	{ "an empty third part", false, ENCRYPTED VERSION_PART CIPHER_PART
	  PART("Content-Type: text/plain\n", "") CLOSE },
	{ "ciphertext that is a message", false, ENCRYPTED VERSION_PART
	  PART("Content-Type: message/rfc822\n", "\n" ARMOR) CLOSE },
	{ "nested in itself", false, ENCRYPTED VERSION_PART
	  "--b\nContent-Type: multipart/encrypted; boundary=c\n\n"
	  "--c\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
	  "--c\n\n" ARMOR "\n--c--\n" CLOSE },
	{ "two Content-Types in a part", false, ENCRYPTED VERSION_PART
	  PART("Content-Type: application/octet-stream\n"
	       "Content-Type: text/plain\n", ARMOR) CLOSE },

	/* how its header and delimiters are written */
	{ "in capitals, folded", true,
	  "CONTENT-TYPE: MULTIPART/ENCRYPTED;\n BOUNDARY=\"b\";\n"
	  "\tPROTOCOL=\"APPLICATION/PGP-ENCRYPTED\"\n\n" PGP_MIME },
	{ "with other fields around", true,
	  "Subject: ...\nMIME-Version: 1.0\n" ENCRYPTED PGP_MIME },
	{ "behind an mbox From_ line", true,
	  "From a Mon Feb  3 10:11:12 2025\n" ENCRYPTED PGP_MIME },
	{ "Content-Type twice the same", false,
	  "Content-Type: multipart/encrypted; boundary=b\n" ENCRYPTED
	  PGP_MIME },
	{ "white space after delimiters", true,
	  "Content-Type: multipart/encrypted; boundary=b\n\n"
	  "--b \nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
	  "--b\t\n\n" ARMOR "--b-- \n" },
	{ "a longer delimiter in it", false, ENCRYPTED VERSION_PART
	  "--bb\n\n" ARMOR "--bb--\n" CLOSE },
	{ "an empty boundary", false,
	  "Content-Type: multipart/encrypted; boundary=\"\"\n\n" PGP_MIME },
	{ "another type in the header", false,
	  "Content-Type: multipart/alternative; boundary=b;\n"
	  "\tprotocol=\"application/pgp-encrypted\"\n\n" PGP_MIME },

	/* in or beside something else */
	{ "signed around it", false,
	  "Content-Type: multipart/signed; boundary=c\n\n--c\n" ENCRYPTED
	  PGP_MIME "\n--c\nContent-Type: application/pgp-signature\n\nx\n"
	  "--c--\n" },
	{ "with a list's footer", false,
	  "Content-Type: multipart/mixed; boundary=c\n\n--c\n" ENCRYPTED
	  PGP_MIME "\n--c\nContent-Type: text/plain\n\nfooter\n--c--\n" },
	{ "ciphertext or plaintext", false,
	  "Content-Type: multipart/alternative; boundary=b\n\n"
	  PART("Content-Type: text/plain\n", "secret\n") CIPHER_PART CLOSE },
	{ "ciphertext, then plaintext", false, MIXED CIPHER_PART
	  PART("Content-Type: text/plain\n", "secret\n") CLOSE },
	{ "an armored file", false, MIXED
	  PART("Content-Type: text/plain\n", "see file\n")
	  PART("Content-Type: text/plain; name=a.asc\n"
	       "Content-Disposition: attachment\n", ARMOR) CLOSE },
	{ "only armored files", false, MIXED CIPHER_PART CIPHER_PART CLOSE },
	{ "an armored text in a mixed", false, MIXED
	  PART("Content-Type: text/plain\n", ARMOR) CLOSE },
	{ "the ciphertext alone", false,
	  "Content-Type: application/octet-stream\n\n" ARMOR },
	{ "the version alone", false,
	  "Content-Type: application/pgp-encrypted\n\nVersion: 1\n" },
	{ "in a bounce", false,
	  "Content-Type: multipart/report; boundary=c\n\n"
	  "--c\nContent-Type: message/rfc822\n\n" ENCRYPTED PGP_MIME
	  "\n--c--\n" },

	/* as Exchange mangles it */
	{ "mangled", true, "Content-Type: multipart/mixed; boundary=b\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, with an empty text", true,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, with a text", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\nsecret\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "ciphertext attached", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\nsee file\n" CIPHER_PART CLOSE },
	{ "ciphertext without a version", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n" CIPHER_PART CLOSE },
	{ "mangled, with an empty HTML", false, MIXED
	  PART("Content-Type: text/html\n", "") VERSION_PART CIPHER_PART
	  CLOSE },
	{ "mangled, with a file", false, MIXED VERSION_PART CIPHER_PART
	  PART("Content-Type: text/plain\n", "secret\n") CLOSE },
	{ "mangled, base64 armor", true, MIXED VERSION_PART
	  PART(BASE64, ARMOR_BASE64) CLOSE },
	{ "mangled, plaintext in the ciphertext's place", false,
	  MIXED VERSION_PART
	  PART("Content-Type: text/plain\n", "secret\n") CLOSE },

	/* inline */
	{ "inline", true, "Content-Type: text/plain\n\n" ARMOR },
	{ "inline without Content-Type", true, "Subject: x\n\n" ARMOR },
	{ "inline with empty lines around", true,
	  "Subject: x\n\n\n\n" ARMOR "\n\n" },
	{ "inline with CRLF", true,
	  "Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n"
	  "wQMDqrvSBQERIjNE\r\n-----END PGP MESSAGE-----\r\n" },
	{ "text before", false, "Subject: x\n\nHello\n" ARMOR },
	{ "text behind", false, "Subject: x\n\n" ARMOR "-- \nme\n" },
	{ "quoted", false, "Subject: x\n\n> -----BEGIN PGP MESSAGE-----\n" },
	{ "two blocks", false, "Subject: x\n\n" ARMOR ARMOR },
	{ "no end", false, "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\n"
	  ARMOR_BODY },
	{ "no data", false, "Subject: x\n\n" ARMOR_OF("") },
	{ "text in the armor", false, "Subject: x\n\n"
	  ARMOR_OF(ARMOR_BODY "this is secret text\n") },
	{ "long text in the armor's header", false,
	  "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "\n" ARMOR_BODY "-----END PGP MESSAGE-----\n" },
	{ "clearsigned", false,
	  "Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\n" },
	{ "in HTML", false, "Content-Type: text/html\n\n" ARMOR },
	{ "quoted-printable", true,
	  "Content-Transfer-Encoding: quoted-printable\n\n"
	  "-----BEGIN PGP MESSAGE-----\n\nwQMDqrvSBQERIjNE\n=3DG7rI\n"
	  "-----END PGP MESSAGE-----\n" },
	{ "inline base64", true, BASE64 "\n" ARMOR_BASE64 },
	{ "inline base64, text behind the armor", false,
	  BASE64 "\n" ARMOR_TEXT_BASE64 },
	{ "inline base64, text behind it", false,
	  BASE64 "\n" ARMOR_BASE64 "-- \nfooter!\n" },
	{ "inline quoted-printable, text behind", false,
	  QP "\n" ARMOR_QP "secret\n" },
	{ "inline, flowed", true,
	  "Content-Type: text/plain; charset=utf-8; format=flowed\n\n"
	  ARMOR },
	{ "quoted in a reply", false,
	  "Subject: x\n\nYou wrote:\n> -----BEGIN PGP MESSAGE-----\n>\n"
	  "> wQMDqrvSBQERIjNE\n> -----END PGP MESSAGE-----\n" },
	{ "quoted and nothing else", false,
	  "Subject: x\n\n> -----BEGIN PGP MESSAGE-----\n>\n"
	  "> wQMDqrvSBQERIjNE\n> -----END PGP MESSAGE-----\n" },
	{ "indented", false,
	  "Subject: x\n\n  -----BEGIN PGP MESSAGE-----\n\n"
	  "  wQMDqrvSBQERIjNE\n  -----END PGP MESSAGE-----\n" },
	{ "a block, text behind it, a block", false,
	  "Subject: x\n\n" ARMOR "secret\n" ARMOR },
	{ "text on the line of the armor", false,
	  "Subject: x\n\nsecret -----BEGIN PGP MESSAGE-----\n\n"
	  ARMOR_BODY "-----END PGP MESSAGE-----\n" },
	{ "text behind, on the armor's last line", false,
	  "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\n"
	  ARMOR_BODY "-----END PGP MESSAGE----- secret\n" },
	{ "inline literal data", false,
	  "Subject: x\n\n" ARMOR_OF("ywxiAAAAAABzZWNyZXQ=\n") },
	{ "inline signed data", false, "Subject: x\n\n"
	  ARMOR_OF("xAMDAAHLDGIAAAAAAHNlY3JldA==\n") },
	{ "inline public key", false, "Subject: x\n\n"
	  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" ARMOR_BODY
	  "-----END PGP PUBLIC KEY BLOCK-----\n" },
	{ "a part of several", false, "Subject: x\n\n"
	  "-----BEGIN PGP MESSAGE, PART 01/02-----\n\n" ARMOR_BODY
	  "-----END PGP MESSAGE, PART 01/02-----\n" },
	{ "another end", false, "Subject: x\n\n"
	  "-----BEGIN PGP MESSAGE-----\n\n" ARMOR_BODY
	  "-----END PGP SIGNATURE-----\n" },
	{ "armor in the header section", false,
	  "Subject: x\n-----BEGIN PGP MESSAGE-----\n\n" ARMOR_BODY
	  "-----END PGP MESSAGE-----\n" },

	/* S/MIME */
	{ "enveloped", true, CMS("application/pkcs7-mime; "
	  "smime-type=enveloped-data") CMS_ENVELOPED "\n" },
	{ "x-pkcs7-mime", true,
	  CMS("application/x-pkcs7-mime") CMS_ENVELOPED "\n" },
	{ "says signed-data", true, CMS("application/pkcs7-mime; "
	  "smime-type=signed-data") CMS_ENVELOPED "\n" },
	{ "authenticated", true,
	  CMS("application/pkcs7-mime") CMS_AUTH_ENVELOPED "\n" },
	{ "of unknown length", true,
	  CMS("application/pkcs7-mime") CMS_INDEFINITE "\n" },
	{ "signed, says enveloped", false, CMS("application/pkcs7-mime; "
	  "smime-type=enveloped-data") CMS_SIGNED "\n" },
	{ "without recipients", false,
	  CMS("application/pkcs7-mime") CMS_WITHOUT_RECIPIENT "\n" },
	{ "text in place of the envelope", false,
	  CMS("application/pkcs7-mime") CMS_TEXT "\n" },
	{ "not in base64", false,
	  "Content-Type: application/pkcs7-mime\n\n" CMS_ENVELOPED "\n" },
	{ "not CMS", false,
	  CMS("application/pkcs7-mime") "c2VjcmV0IHNlY3JldA==\n" },
	{ "text behind CMS", false,
	  CMS("application/pkcs7-mime") CMS_ENVELOPED "\n-- \nfooter\n" },
	{ "words behind CMS", false,
	  CMS("application/pkcs7-mime") CMS_ENVELOPED "\nsecrettext\n" },
	{ "octet-stream named .p7m", false,
	  CMS("application/octet-stream; name=smime.p7m") CMS_ENVELOPED },
	{ "empty", false, CMS("application/pkcs7-mime") },
	{ "in capitals", true,
	  CMS("APPLICATION/PKCS7-MIME; NAME=\"smime.p7m\"") CMS_ENVELOPED "\n" },
	{ "in short lines", true, CMS("application/pkcs7-mime")
	  "MDMGCSqGSIb3DQEHA6AmMCQCAQAx\nBTADAgEAMBgGCSqGSIb3DQEHATAFBgNV\n"
	  "BAOABAECAwQ=\n\n" },
	{ "says certs-only", true, CMS("application/pkcs7-mime; "
	  "smime-type=certs-only; name=smime.p7c") CMS_ENVELOPED "\n" },
	{ "signed-data, says nothing", false,
	  CMS("application/pkcs7-mime; name=smime.p7m") CMS_SIGNED "\n" },
	{ "compressed, says enveloped", false, CMS("application/pkcs7-mime; "
	  "smime-type=enveloped-data") CMS_COMPRESSED "\n" },
	{ "encrypted-data, for nobody", false,
	  CMS("application/pkcs7-mime") CMS_ENCRYPTED_DATA "\n" },
	{ "CMS cut short", false,
	  CMS("application/pkcs7-mime; smime-type=enveloped-data") CMS_CUT "\n" },
	{ "bytes behind CMS", false,
	  CMS("application/pkcs7-mime") CMS_AND_MORE "\n" },
	{ "twice, one behind the other", false,
	  CMS("application/pkcs7-mime") CMS_ENVELOPED "\n" CMS_ENVELOPED "\n" },
	{ "in PEM", false, CMS("application/pkcs7-mime")
	  "-----BEGIN PKCS7-----\n" CMS_ENVELOPED "\n-----END PKCS7-----\n" },
	{ "CMS in quoted-printable", false,
	  "Content-Type: application/pkcs7-mime\n" QP "\n" CMS_ENVELOPED "\n" },
	{ "CMS of a type of its own", false,
	  CMS("application/cms") CMS_ENVELOPED "\n" },
	{ "a signature's type", false,
	  CMS("application/pkcs7-signature") CMS_ENVELOPED "\n" },
	{ "CMS with a list's footer", false, MIXED
	  PART(CMS("application/pkcs7-mime"), CMS_ENVELOPED)
	  PART("Content-Type: text/plain\n", "footer\n") CLOSE },
	{ "CMS alone in a mixed", false, MIXED
	  PART(CMS("application/pkcs7-mime"), CMS_ENVELOPED) CLOSE },
	{ "two Content-Types, S/MIME", false,
	  "Content-Type: text/plain\n" CMS("application/pkcs7-mime")
	  CMS_ENVELOPED "\n" },

	/* Autocrypt */
	{ "Autocrypt Setup Message", true,
	  SETUP_HEADER SETUP_TEXT SETUP_PART CLOSE },
	{ "without the field", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  SETUP_TEXT SETUP_PART CLOSE },
	{ "without the secret", false,
	  SETUP_HEADER SETUP_TEXT
	  "--b\nContent-Type: application/autocrypt-setup\n\nhello\n" CLOSE },
	{ "with another part", false,
	  SETUP_HEADER SETUP_TEXT SETUP_PART
	  "--b\nContent-Type: text/plain\n\nsecret\n" CLOSE },
	{ "of another version", false,
	  "Autocrypt-Setup-Message: v2\n" MIXED SETUP_TEXT SETUP_PART CLOSE },
	{ "two secrets", false,
	  SETUP_HEADER SETUP_TEXT SETUP_PART SETUP_PART CLOSE },
	{ "without instructions", false, SETUP_HEADER SETUP_PART CLOSE },
	{ "literal data as the secret", false, SETUP_HEADER SETUP_TEXT
	  PART("Content-Type: application/autocrypt-setup\n",
	       ARMOR_OF("ywxiAAAAAABzZWNyZXQ=\n")) CLOSE },

	/* nothing of all this */
	{ "plain text", false, "Subject: x\n\nhello\n" },
	{ "nothing", false, "" },
	{ "header only", false, "Subject: x\n" },
	{ "encrypted header only", false, ENCRYPTED },
	{ "signed", false, "Content-Type: multipart/signed; boundary=b\n\n" },
	{ "a message inside", false,
	  "Content-Type: message/rfc822\n\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE }
};

#endif
