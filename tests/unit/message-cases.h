/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MESSAGE_CASES_H
#define MESSAGE_CASES_H

/* Messages, and what sealing makes of them, whatever the engine */

#include <stddef.h>

#define TEXT(text) text, sizeof(text) - 1

static const struct message_case {
	const char *name;
	const char *message;
	size_t size;
	/* header fields that stay outside */
	const char *outside;
	/* the entity */
	const char *inside;
	size_t inside_size;
} message_cases[] = {
	{ "plain",
	  TEXT("From: a\r\nContent-Type: text/plain\r\nTo: b\r\n\r\nhello\r\n"),
	  "From: a\r\nTo: b\r\nMIME-Version: 1.0\r\n",
	  TEXT("Content-Type: text/plain\r\n\r\nhello\r\n") },
	{ "LF becomes CRLF inside, only there",
	  TEXT("From: a\nMIME-Version: 1.0\nContent-Type: x/y;\n z=1\n\n"
	       "a\nb\r\nc\rd\r\re\r\r\n\n"),
	  "From: a\nMIME-Version: 1.0\n",
	  TEXT("Content-Type: x/y;\r\n z=1\r\n\r\n"
	       "a\r\nb\r\nc\rd\r\re\r\r\n\r\n") },
	{ "8-bit and NUL, no final line end",
	  TEXT("A: \xe4\n\n\0\xff\x80\0z"), "A: \xe4\nMIME-Version: 1.0\r\n",
	  TEXT("\r\n\0\xff\x80\0z") },
	{ "empty body", TEXT("A: b\r\n\r\n"), "A: b\r\nMIME-Version: 1.0\r\n",
	  TEXT("\r\n") },
	{ "header only", TEXT("A: b"), "A: b\r\nMIME-Version: 1.0\r\n",
	  TEXT("\r\n") },
	{ "nothing", TEXT(""), "MIME-Version: 1.0\r\n", TEXT("\r\n") },
	{ "body only", TEXT("\nbody"), "MIME-Version: 1.0\r\n",
	  TEXT("\r\nbody") },
	{ "seems encrypted for a while",
	  TEXT("A: b\n\n-----BEGIN PGP MESSAGE-----\n\n"
	       "hF4Dhb6KBauqX+QSAQdA\n-----END PGP MESSAGE-----\n-- \nme\n"),
	  "A: b\nMIME-Version: 1.0\r\n",
	  TEXT("\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n"
	       "hF4Dhb6KBauqX+QSAQdA\r\n"
	       "-----END PGP MESSAGE-----\r\n-- \r\nme\r\n") }
};

#endif
