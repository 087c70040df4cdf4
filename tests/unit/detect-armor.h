/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Rows of the table in detect-cases.h: Content-Type fields, armor and packets,
   and how parts are written */

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
	       " of the door is 1234, and please do not tell anybody. Alice\n\n"
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
