/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DETECT_CASES_H
#define DETECT_CASES_H

#include "detect-data.h"

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

#define X16 "XXXXXXXXXXXXXXXX"
#define X64 X16 X16 X16 X16
/* 512 characters of a header field, folded */
#define LONG_TEXT X64 X64 X64 X64 "\n " X64 X64 X64 X64
#define ALTERNATIVE(text, html) \
	"--b\nContent-Type: multipart/alternative; boundary=c\n\n" \
	"--c\nContent-Type: text/plain\n\n" text \
	"--c\nContent-Type: text/html\n\n" html "--c--\n\n"
#define OUTLOOK_HTML \
	"<html>\n<head>\n<meta http-equiv=\"Content-Type\" " \
	"content=\"text/html; charset=iso-8859-1\">\n" \
	"<style type=\"text/css\" style=\"display:none;\">" \
	" P {margin-top:0;margin-bottom:0;} </style>\n</head>\n" \
	"<body dir=\"ltr\">\n<div style=\"font-family: Calibri, Arial, " \
	"Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);\">\n" \
	"<br>\n</div>\n</body>\n</html>\n"
#define EXCHANGE_HTML \
	"<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 3.2//EN\">\n" \
	"<HTML>\n<HEAD>\n<META HTTP-EQUIV=\"Content-Type\" " \
	"CONTENT=\"text/html; charset=us-ascii\">\n" \
	"<META NAME=\"Generator\" CONTENT=\"MS Exchange Server version " \
	"16.0.14326.20454\">\n<TITLE></TITLE>\n</HEAD>\n<BODY>\n" \
	"<P><FONT SIZE=2>&nbsp;</FONT>\n</P>\n\n</BODY>\n</HTML>\n"
#define CONVERTED_HTML \
	"<html>\n<head>\n<meta name=\"Generator\" content=\"Microsoft " \
	"Exchange Server\">\n<!-- converted from text --><style><!-- " \
	".EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: " \
	"#800000 2px solid; } --></style>\n</head>\n<body>\n" \
	"<font size=\"2\"><span style=\"font-size:11pt;\">" \
	"<div class=\"PlainText\">&nbsp;</div></span></font>\n</body>\n" \
	"</html>\n"

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
	{ "wrong checksum", true,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF(ARMOR_BODY "=AAAA\n")
	  CLOSE },
	{ "data behind padding", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("wQMDqrvSBQERIjNE\nAA==\nAAAA\n") CLOSE },
	{ "other fields in a part", true,
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
	{ "without the close", true, ENCRYPTED VERSION_PART CIPHER_PART },
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

	/* body parts as mail programs write them */
	{ "fields and base64 of FlowCrypt", true, ENCRYPTED
	  "--b\nContent-Type: application/pgp-encrypted; name=\n"
	  "Content-Description: PGP/MIME version identification\n"
	  "Content-Disposition: attachment\n"
	  "X-Attachment-Id: f_0123456789@example\n"
	  "Content-Id: <f_0123456789@example>\n" BASE64 "\nVmVyc2lvbjogMQ==\n"
	  PART("Content-Type: application/octet-stream; name=encrypted.asc\n"
	       "X-Attachment-Id: f_abcdef@example\n" BASE64, ARMOR_BASE64)
	  CLOSE },
	{ "fields of Python's email package", true, ENCRYPTED
	  "--b\nMIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\n"
	  "Content-Type: application/pgp-encrypted; charset=\"us-ascii\"\n\n"
	  "Version: 1\n"
	  PART("MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\n", ARMOR)
	  CLOSE },
	{ "much in a part's header", true, ENCRYPTED VERSION_PART
	  PART("X-A: " LONG_TEXT "\nX-B: " LONG_TEXT "\n", ARMOR) CLOSE },
	{ "too much in parts' headers", false, ENCRYPTED
	  "--b\nContent-Type: application/pgp-encrypted\nX-A: " LONG_TEXT
	  LONG_TEXT LONG_TEXT LONG_TEXT "\n\nVersion: 1\n\n"
	  PART("X-A: " LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT "\n"
	       "X-B: " LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT "\n", ARMOR)
	  CLOSE },
	{ "text with a colon in a part's header", false, ENCRYPTED VERSION_PART
	  PART("a secret: text\n", ARMOR) CLOSE },
	{ "an encoding twice in a part", false, ENCRYPTED VERSION_PART
	  PART(BASE64 QP, ARMOR_BASE64) CLOSE },
	{ "the version in base64", true, ENCRYPTED
	  PART("Content-Type: application/pgp-encrypted\n" BASE64,
	       "VmVyc2lvbjogMQoK\n") CIPHER_PART CLOSE },
	{ "the version in base64, text behind", false, ENCRYPTED
	  PART("Content-Type: application/pgp-encrypted\n" BASE64,
	       "VmVyc2lvbjogMQpzZWNyZXQK\n") CIPHER_PART CLOSE },
	{ "the version in quoted-printable", true, ENCRYPTED
	  PART("Content-Type: application/pgp-encrypted\n" QP,
	       "Version: =31\n") CIPHER_PART CLOSE },
	{ "no empty line behind the version", true, ENCRYPTED
	  "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
	  CIPHER_PART CLOSE },
	{ "no empty line before the version", true, ENCRYPTED
	  "--b\nContent-Type: application/pgp-encrypted\nVersion: 1\n\n"
	  CIPHER_PART CLOSE },
	{ "no empty line around the version", true, ENCRYPTED
	  "--b\nContent-Type: application/pgp-encrypted\nVersion: 1\n"
	  CIPHER_PART CLOSE },
	{ "no version", true, ENCRYPTED
	  "--b\nContent-Type: application/pgp-encrypted\n\n" CIPHER_PART
	  CLOSE },
	{ "many empty lines behind the version", true, ENCRYPTED
	  PART("Content-Type: application/pgp-encrypted\n",
	       "version:1 \n \n\n\n\n\n") CIPHER_PART CLOSE },
	{ "a long version", false, ENCRYPTED
	  PART("Content-Type: application/pgp-encrypted\n",
	       "Version: 1, and this is a text that goes on and on and on "
	       "and on") CIPHER_PART CLOSE },
	{ "a last delimiter that is open", true,
	  ENCRYPTED VERSION_PART CIPHER_PART "--b\n" },
	{ "a last delimiter without line end", true,
	  ENCRYPTED VERSION_PART CIPHER_PART "--b" },
	{ "an open delimiter and empty lines", true,
	  ENCRYPTED VERSION_PART CIPHER_PART "--b\n\n \n" },
	{ "an open delimiter, then the close", true,
	  ENCRYPTED VERSION_PART CIPHER_PART "--b\n" CLOSE },
	{ "an open delimiter and text", false,
	  ENCRYPTED VERSION_PART CIPHER_PART "--b\n\nsecret\n" },
	{ "no close, and the version last", false, ENCRYPTED VERSION_PART },
	{ "base64 without armor, text behind", false, ENCRYPTED VERSION_PART
	  PART(BASE64, "wQMDqrvSBQERIjNEc2VjcmV0\n") CLOSE },
	{ "base64 without padding", true, ENCRYPTED VERSION_PART
	  PART(BASE64, "wQMDqrvSBgERIjNEVQ\n") CLOSE },
	{ "base64 with text behind its padding", false, ENCRYPTED
	  VERSION_PART PART(BASE64, "wQMDqrvSBgERIjNEVQ==\nsecret\n") CLOSE },

	/* the Content-Type field */
	{ "many parameters", false,
	  "Content-Type: multipart/encrypted; boundary=b; a=b; a=b; a=b; a=b;\n"
	  " a=b; a=b; a=b; a=b; a=b; a=b; a=b; a=b; a=b; a=b; a=b; a=b\n\n"
	  PGP_MIME },
	{ "a parameter in parts, with a charset", true,
	  "Content-Type: multipart/encrypted; boundary*0=b;\n"
	  " protocol*=us-ascii''application%2Fpgp-encrypted\n\n" PGP_MIME },
	{ "parameters twice", true,
	  "Content-Type: multipart/encrypted; boundary=b; boundary=b;\n"
	  " protocol=\"application/pgp-encrypted\"; protocol=\"a/b\"\n\n"
	  PGP_MIME },
	{ "with a comment", true,
	  "Content-Type: multipart/encrypted (RFC 3156); boundary=b\n\n"
	  PGP_MIME },
	{ "a boundary of 256 characters", true,
	  "Content-Type: multipart/encrypted;\n boundary=\"" X64 X64 X64 X64
	  "\"\n\n--" X64 X64 X64 X64 "\n"
	  "Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--"
	  X64 X64 X64 X64 "\n\n" ARMOR "\n--" X64 X64 X64 X64 "--\n" },
	{ "a boundary of 257 characters", false,
	  "Content-Type: multipart/encrypted;\n boundary=\"" X64 X64 X64 X64
	  "x\"\n\n--" X64 X64 X64 X64 "x\n"
	  "Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--"
	  X64 X64 X64 X64 "x\n\n" ARMOR "\n--" X64 X64 X64 X64 "x--\n" },

	/* what is in the armor (RFC 9580 section 10.3) */
	{ "for a password", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wwMECQPSBQERIjNE\n")) CLOSE },
	{ "a container alone", false, ENCRYPTED VERSION_PART
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

	{ "text as a session key", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(TEXT_AS_SESSION_KEY)) CLOSE },
	{ "text as a password's session key", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(TEXT_AS_PASSWORD_KEY)) CLOSE },
	{ "text as a container", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(TEXT_AS_CONTAINER)) CLOSE },
	{ "text as padding", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(TEXT_AS_PADDING)) CLOSE },
	{ "text as padding, last", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(PADDING_LAST)) CLOSE },
	{ "padding first", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(PADDING)) CLOSE },
	{ "text as a marker", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(TEXT_AS_MARKER)) CLOSE },
	{ "a private packet first", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(PRIVATE_FIRST)) CLOSE },
	{ "a private packet last", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(PRIVATE_LAST)) CLOSE },
	{ "a long password's session key", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(LONG_PASSWORD_KEY)) CLOSE },
	{ "an empty container", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(EMPTY_CONTAINER)) CLOSE },
	{ "session key of version 9", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(SESSION_KEY_OF_VERSION_9)) CLOSE },
	{ "of RFC 9580's version", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(VERSION_6)) CLOSE },
	{ "for a key and a password", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(TWO_KEYS)) CLOSE },
	{ "in parts", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(PARTIAL)) CLOSE },

	/* how the armor is written */
	{ "a checksum cut short", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(ARMOR_BODY "=AB\n")) CLOSE },
	{ "a checksum of more", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(ARMOR_BODY "=G7rIG7r\n")) CLOSE },
	{ "a checksum with text", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(ARMOR_BODY "=G7rI/this/is/text\n")) CLOSE },
	{ "many checksums", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF(ARMOR_BODY "=this\n=is\n=text\n")) CLOSE },
	{ "padding on a line of its own", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrvSBgERIjNEVQ\n==\n=G7rI\n")) CLOSE },
	{ "no padding", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrvSBgERIjNEVQ\n")) CLOSE },
	{ "empty lines in it", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("\nwQMDqrvS\n\n \nBQERIjNE\n\n=G7rI\n\n")) CLOSE },
	{ "white space behind its lines", true, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP MESSAGE----- \nVersion: 1\t\n \t\n"
	       "wQMDqrvSBQERIjNE \n=G7rI \n-----END PGP MESSAGE-----\t\n")
	  CLOSE },
	{ "one long line", true, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrvSaAER" X64 X64 "XXXXXXXX\n")) CLOSE },
	{ "an armor header of three lines", true, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP MESSAGE-----\n"
	       "Version: GnuPG v2.0.22 (GNU/Linux)\n"
	       "Comment: Using GnuPG with Thunderbird - "
	       "https://www.enigmail.net/\n"
	       "Charset: utf-8\n\n" ARMOR_BODY "-----END PGP MESSAGE-----\n")
	  CLOSE },
	{ "a letter in the armor header", false, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP MESSAGE-----\n"
	       "Comment: Dear Bob, the meeting is at ten in room four; the\n"
	       "Comment: code of the door is 1234, and please do not tell\n"
	       "Comment: anybody. Yours, Alice. This goes on for some more\n"
	       "Comment: bytes of text that a person wrote.\n\n"
	       ARMOR_BODY "-----END PGP MESSAGE-----\n") CLOSE },
	{ "a long line in the armor header", false, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP MESSAGE-----\n"
	       "Comment: Dear Bob, the meeting is at ten in room four; the code"
	       " of the door is 1234, and please do not tell anybody\n\n"
	       ARMOR_BODY "-----END PGP MESSAGE-----\n") CLOSE },
	{ "many short lines in the armor header", false, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP MESSAGE-----\n"
	       "A: Dear Bob\nB: the code\nC: is 1234\nD: Yours\nE: Alice\n\n"
	       ARMOR_BODY "-----END PGP MESSAGE-----\n") CLOSE },
	{ "text in the armor header's names", false, ENCRYPTED VERSION_PART
	  PART("", "-----BEGIN PGP MESSAGE-----\n"
	       "Dear Bob: the code is 1234\n\n"
	       ARMOR_BODY "-----END PGP MESSAGE-----\n") CLOSE },
	{ "the end behind data on a line", false, ENCRYPTED VERSION_PART
	  PART("", ARMOR_OF("wQMDqrvSBQERIjNE-----END PGP MESSAGE-----\n"))
	  CLOSE },

	/* how its parts are written */
	{ "base64 armor in lines", true, ENCRYPTED VERSION_PART
	  PART(BASE64, ARMOR_BASE64) CLOSE },
	{ "base64 of armor and text", false, ENCRYPTED VERSION_PART
	  PART(BASE64, ARMOR_TEXT_BASE64) CLOSE },
	{ "quoted-printable without armor", false, ENCRYPTED VERSION_PART
	  PART(QP, ARMOR_BODY) CLOSE },
	{ "base64 without armor", true, ENCRYPTED VERSION_PART
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
	{ "mangled, with an empty HTML", true, MIXED
	  PART("Content-Type: text/html\n", "") VERSION_PART CIPHER_PART
	  CLOSE },
	{ "mangled, an open delimiter at the end", true, MIXED
	  PART("Content-Type: text/plain\n" QP, "") VERSION_PART
	  PART(BASE64, ARMOR_BASE64) "--b" },
	{ "mangled, HTML of markup only", true, MIXED
	  PART("Content-Type: text/html; charset=us-ascii\n" QP,
	       "<html><head></head><body></body></html>\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Outlook", true, MIXED
	  PART("Content-Type: text/html\n", OUTLOOK_HTML)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Exchange", true, MIXED
	  PART("Content-Type: text/html\n", EXCHANGE_HTML)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Exchange from a text", true, MIXED
	  PART("Content-Type: text/html\n", CONVERTED_HTML)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, no-break spaces", true, MIXED
	  PART(QP, "=A0 =C2=A0\n") VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative in an alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: multipart/alternative; boundary=d\n\n"
	  "--d--\n--c--\n" VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an empty text in base64", true, MIXED
	  PART("Content-Type: text/plain\n" BASE64, "DQo=\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Outlook in base64", true, MIXED
	  PART("Content-Type: text/html\n" BASE64,
	       "PGh0bWw+PGJvZHk+Jm5ic3A7PGJyLz48L2JvZHk+PC9odG1sPg==\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, two empty texts", true, MIXED
	  PART("Content-Type: text/plain\n", " \n")
	  PART("Content-Type: text/html\n", "<br>\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an empty alternative", true, MIXED ALTERNATIVE("\n", "\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an empty alternative with HTML", true,
	  MIXED ALTERNATIVE("\n", OUTLOOK_HTML) VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative without a close", true, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: text/plain\n\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative without parts", true, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative of text", false,
	  MIXED ALTERNATIVE("secret\n", "\n") VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative of HTML", false,
	  MIXED ALTERNATIVE("\n", "<p>secret</p>\n") VERSION_PART CIPHER_PART
	  CLOSE },
	{ "mangled, text before an alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\nsecret\n"
	  "--c\nContent-Type: text/plain\n\n\n--c--\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, text behind an alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: text/plain\n\n\n--c--\nsecret\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, all in the alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
	  "--c\n\n" ARMOR "--c--\n" CLOSE },
	{ "mangled, four empty texts", false, MIXED
	  PART("", "") PART("", "") PART("", "") PART("", "")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "an empty text before PGP/MIME", false, ENCRYPTED
	  PART("Content-Type: text/plain\n", "") PGP_MIME },
	{ "an alternative in PGP/MIME", false, ENCRYPTED
	  ALTERNATIVE("\n", "\n") PGP_MIME },
	{ "mangled, HTML with text", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body>secret</body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with an entity of text", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body>&#115;</body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a comment", false, MIXED
	  PART("Content-Type: text/html\n", "<html><!-- secret --></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a title", false, MIXED
	  PART("Content-Type: text/html\n", "<html><head><title>secret</title></head></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a tooltip", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body><p title=\"secret\"></p></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with data of its own", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body data-a=\"secret\"></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a picture", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body><img alt=\"secret\"></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a link", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body><a href=\"https://secret\"></a></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a description", false, MIXED
	  PART("Content-Type: text/html\n", "<meta name=\"description\" content=\"a secret text\">")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a long class", false, MIXED
	  PART("Content-Type: text/html\n", "<p class=\"this is a long secret text and more\"></p>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with text as style", false, MIXED
	  PART("Content-Type: text/html\n", "<style>secret text</style>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a comment in its style", false, MIXED
	  PART("Content-Type: text/html\n", "<style>p {margin:0; /* secret */}</style>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with content by style", false, MIXED
	  PART("Content-Type: text/html\n", "<style>p {content:'secret'}</style>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a script", false, MIXED
	  PART("Content-Type: text/html\n", "<script>secret</script>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with an element of its own", false, MIXED
	  PART("Content-Type: text/html\n", "<secret-text></secret-text>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with text in an end tag", false, MIXED
	  PART("Content-Type: text/html\n", "<p></p secret=\"a\">")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML that isn't closed", false, MIXED
	  PART("Content-Type: text/html\n", "<p class=\"a")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML, much of it", false, MIXED
	  PART("Content-Type: text/html\n", "<p>" LONG_TEXT LONG_TEXT)
	  VERSION_PART CIPHER_PART CLOSE },
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

	{ "CMS, for one", true,
	  CMS("application/pkcs7-mime") CMS_FOR_ONE },
	{ "CMS, content in pieces", true,
	  CMS("application/pkcs7-mime") CMS_CONSTRUCTED },
	{ "CMS, the time in its attributes", true,
	  CMS("application/pkcs7-mime") CMS_WITH_TIME },
	{ "CMS, no content", false,
	  CMS("application/pkcs7-mime") CMS_WITHOUT_CONTENT },
	{ "CMS, empty content", false,
	  CMS("application/pkcs7-mime") CMS_OF_EMPTY_CONTENT },
	{ "CMS, text as its content", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_AS_CONTENT },
	{ "CMS, text in an attribute", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_IN_UNPROTECTED },
	{ "CMS, text as bytes in an attribute", false,
	  CMS("application/pkcs7-mime") CMS_OCTETS_IN_UNPROTECTED },
	{ "CMS, text in an unauthenticated attribute", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_IN_UNAUTHENTICATED },
	{ "CMS, text as mac", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_AS_MAC },
	{ "CMS, text as the originator's certificate", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_IN_ORIGINATOR },
	{ "CMS, text as a revocation list", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_AS_CRL },
	{ "CMS, text as another recipient", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_AS_RECIPIENT },
	{ "CMS, bytes of text as another recipient", false,
	  CMS("application/pkcs7-mime") CMS_OCTETS_AS_RECIPIENT },
	{ "CMS, text in a key's attribute", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_IN_KEK },
	{ "CMS, text as an issuer", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_IN_NAME },
	{ "CMS, text as a key", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_AS_KEY },
	{ "CMS, text in the algorithm", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_IN_ALGORITHM },
	{ "CMS, text as a type", false,
	  CMS("application/pkcs7-mime") CMS_TEXT_IN_TYPE },
	{ "CMS, text behind the content", false,
	  CMS("application/pkcs7-mime") CMS_FOURTH_IN_CONTENT },

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
	{ "Autocrypt, without the close", true,
	  SETUP_HEADER SETUP_TEXT SETUP_PART },
	{ "Autocrypt, no session key", false, SETUP_HEADER SETUP_TEXT
	  PART("Content-Type: application/autocrypt-setup\n",
	       ARMOR_OF("0gUBESIzRA==\n")) CLOSE },
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
