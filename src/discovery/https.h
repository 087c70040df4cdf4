/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_HTTPS_H
#define DISCOVERY_HTTPS_H

#include <glib.h>

/* Gets what is at an https: URL, by libcurl: from a server whose certificate is
   for this host and from one of the system's authorities, by TLS 1.2 or later.
   Nothing else is done: no redirect is followed, no proxy asked, whatever the
   environment says, nothing is decompressed, and no more is read than is
   wanted. Connections are kept for the next one. */

struct https_client;

enum https_result {
	/* the server has answered, with this status code */
	HTTPS_ANSWER,
	/* or it hasn't, or not in time; the note says why, half a sentence */
	HTTPS_FAILED,
	HTTPS_TIMEOUT
};

struct https_answer {
	unsigned int status;
	/* only with status 200 */
	GByteArray *body;
	GString *note;
};

/* Returns NULL and half a sentence, to be freed with g_free(). */
struct https_client *https_client_new(size_t size_max, char **error_r);
void https_client_free(struct https_client *client);

/* The URL's host is at these addresses, numeric and with commas between them.
   until is a time of g_get_monotonic_time(). Appends to the answer. */
enum https_result
https_get(struct https_client *client, const char *url, const char *host,
	  const char *addresses, gint64 until, struct https_answer *answer);

#endif
