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

#include "detect-armor.h"

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

#include "detect-mangled.h"

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

#include "detect-smime.h"

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
