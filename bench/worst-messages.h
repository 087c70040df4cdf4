/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef WORST_MESSAGES_H
#define WORST_MESSAGES_H

#include <glib.h>
#include <string.h>

/* Messages that somebody could send to make sealing slow: a start, then one
   text again and again. An entry of its own for each that was slow once, or
   that a reader of src/seal would try. */

#define WORST_SUBJECT "Subject: x\n"
#define WORST_TYPE WORST_SUBJECT "Content-Type: multipart/mixed"
/* More than GMime keeps the converters of */
#define WORST_CHARSETS \
	";a*=utf-7''b;a*=utf-16''b;a*=big5''b;a*=gb18030''b" \
	";a*=koi8-r''b;a*=cp1252''b;a*=euc-kr''b;a*=cp437''b" \
	";a*=cp850''b;a*=tis-620''b;a*=euc-jp''b;a*=cp874''b"
#define WORST_ENCRYPTED \
	"Content-Type: multipart/encrypted; boundary=b\n\n" \
	"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
#define WORST_ARMOR \
	"-----BEGIN PGP MESSAGE-----\n\nwQMDqrvSBQERIjNE\n"
/* one whose container goes on */
#define WORST_LONG_ARMOR \
	"-----BEGIN PGP MESSAGE-----\n\nwQMDqrvS/3////8B\n"
#define WORST_MIXED "Content-Type: multipart/mixed; boundary=b\n\n"
#define WORST_CMS \
	"Content-Type: application/pkcs7-mime\n" \
	"Content-Transfer-Encoding: base64\n\n"
/* bytes that aren't text */
#define HIGH \
	"gMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v"
/* one whose content goes on */
#define WORST_LONG_CMS \
	"MIAGCSqGSIb3DQEHA6CAMIACAQAxBTADAgEAMIAGCSqGSIb3DQEHATAFBgNVBAOg\ngASEf////4CA\n"

static const struct worst_message {
	const char *name;
	/* how many letters stand for the "%" in start */
	size_t letters;
	const char *start, *again;
} worst_messages[] = {
	/* what is usual, to compare with */
	{ "text", 0, "Subject: x\n\n", "The quick brown fox jumps over the lazy dog.\r\n" },
	{ "armor", 0, WORST_ENCRYPTED "--b\n\n" WORST_LONG_ARMOR, HIGH "\n" },
	{ "armor in base64", 0, WORST_ENCRYPTED
	  "--b\nContent-Transfer-Encoding: base64\n\n"
	  "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgp3UU1EcXJ2Uy8zLy8vLzhCCgoK\n",
	  "Z01IQ3c4VEZ4c2ZJeWNyTHpNM096OURSMHRQVTFkYlgyTm5hMjl6ZDN0L2c0ZUwK\n" },
	{ "CMS", 0, WORST_CMS WORST_LONG_CMS, HIGH "\n" },

	/* header sections */
	{ "short fields", 0, WORST_SUBJECT, "a:\n" },
	{ "lines that are no field", 0, WORST_SUBJECT, "a\n" },
	{ "Subjects", 0, "", "Subject:a\n" },
	{ "fields of both sides", 0, "", "Subject:\nContent-A:\nFrom:\n" },
	{ "Content-* fields", 0, WORST_SUBJECT, "Content-A: b\n" },
	{ "Content-Type fields", 0, WORST_SUBJECT,
	  "Content-Type: text/plain\n" },
	{ "folded Content-Type", 0, WORST_TYPE, ";\n a=b" },
	{ "parameters", 0, WORST_TYPE, ";a=b" },
	{ "continued parameters", 0, WORST_TYPE, "; a*1=b" },
	{ "parameters with charsets", 0, WORST_TYPE, WORST_CHARSETS },
	{ "comments", 0, WORST_TYPE, "(" },
	{ "CRs", 0, WORST_SUBJECT, "\r" },
	{ "field names without end", 0, WORST_SUBJECT, "aaaaaaaaaaaaaaaa" },

	/* bodies of many parts */
	{ "long boundary, empty lines", 250000,
	  "Content-Type: multipart/mixed; boundary=\"%\"\n\n", "\n" },
	{ "long boundary, dashes", 250000,
	  "Content-Type: multipart/encrypted; boundary=\"%\"\n\n", "--\n" },
	{ "boundary, empty lines", 256,
	  "Content-Type: multipart/encrypted; boundary=\"%\"\n\n", "\n" },
	{ "empty lines in a part", 0, WORST_ENCRYPTED "--b\n\n", "\n" },
	{ "empty lines in a version", 0, WORST_ENCRYPTED, "\n" },
	{ "empty lines in an armor", 0,
	  WORST_ENCRYPTED "--b\n\n" WORST_LONG_ARMOR, "\n" },
	{ "empty lines behind an armor", 0, WORST_ENCRYPTED "--b\n\n"
	  WORST_ARMOR "-----END PGP MESSAGE-----\n", "\n" },
	{ "empty lines behind it all", 0, WORST_ENCRYPTED "--b\n\n"
	  WORST_ARMOR "-----END PGP MESSAGE-----\n--b--\n", "\n" },
	{ "delimiters behind it all", 0, WORST_ENCRYPTED "--b\n\n"
	  WORST_ARMOR "-----END PGP MESSAGE-----\n--b--\n", "--b\n" },
	{ "delimiters", 0, WORST_MIXED, "--b\n" },
	{ "empty parts", 0, WORST_MIXED, "--b\n\n" },
	{ "fields of a part", 0, WORST_MIXED "--b\n", "a:\n" },
	{ "armor header", 0,
	  WORST_ENCRYPTED "--b\n\n-----BEGIN PGP MESSAGE-----\n", "A: b\n" },
	{ "armor of short lines", 0,
	  WORST_ENCRYPTED "--b\n\n" WORST_LONG_ARMOR, "A\n" },
	{ "armor of short parts", 0, WORST_ENCRYPTED "--b\n\n"
	  "-----BEGIN PGP MESSAGE-----\n\nwQMDqrvS4AHg\n",
	  "AeAB4AHgAeAB4AHgAeAB4AHgAeAB4AHgAeAB4AHgAeAB4AHgAeAB4AHgAeAB4AHg\n" },
	{ "armor of small session keys", 0, WORST_ENCRYPTED "--b\n\n"
	  "-----BEGIN PGP MESSAGE-----\n\n",
	  "wQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQEDwQED\n" },
	{ "soft line breaks", 0, WORST_ENCRYPTED
	  "--b\nContent-Transfer-Encoding: quoted-printable\n\n"
	  WORST_LONG_ARMOR, "=\n" },
	{ "quoted-printable", 0, WORST_ENCRYPTED
	  "--b\nContent-Transfer-Encoding: quoted-printable\n\n"
	  WORST_LONG_ARMOR, "=41=41=41=41=41=41=41=41=41=41=41=41=41\n" },
	{ "spaces in base64", 0, WORST_CMS
	  WORST_LONG_CMS, " " },

	/* CMS */
	{ "empty pieces of content", 0, WORST_CMS
	  "MIAGCSqGSIb3DQEHA6CAMIACAQAxBTADAgEAMIAGCSqGSIb3DQEHATAFBgNVBAOggAQA\n",
	  "BAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQA\n" },
	{ "empty recipients", 0, WORST_CMS
	  "MIAGCSqGSIb3DQEHA6CAMIACAQAxgDAA\n",
	  "MAAwADAAMAAwADAAMAAwADAAMAAwADAAMAAwADAAMAAwADAAMAAwADAAMAAwADAA\n" },

	/* texts */
	{ "empty lines", 0, "Subject: x\n\n", "\n" },
	{ "CRs in a text", 0, "Subject: x\n\na", "\r" },
	{ "HTML tags", 0, WORST_MIXED "--b\nContent-Type: text/html\n\n", "<p>" }
};

/* Makes one of about size bytes, at least; the caller frees it. */
static inline GString *
worst_message_new(const struct worst_message *worst, size_t size)
{
	GString *message = g_string_sized_new(size + worst->letters + 4096);
	const char *letters = strchr(worst->start, '%');

	if (worst->letters == 0)
		g_string_append(message, worst->start);
	else {
		g_string_append_len(message, worst->start,
				    letters - worst->start);
		for (size_t i = 0; i < worst->letters; i++)
			g_string_append_c(message, 'b');
		g_string_append(message, letters + 1);
	}
	while (message->len < size)
		g_string_append(message, worst->again);
	return message;
}

#endif
