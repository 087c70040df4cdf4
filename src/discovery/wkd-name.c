/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "wkd-name.h"

#include <glib.h>
#include <string.h>

#define SHA1_SIZE 20

/* Five bits a character, and 160 are a multiple of that. */
static char *zbase32(const guint8 digest[SHA1_SIZE])
{
	static const char alphabet[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
	GString *text = g_string_sized_new(SHA1_SIZE * 8 / 5);
	unsigned int bits = 0, bit_count = 0;

	for (size_t i = 0; i < SHA1_SIZE; i++) {
		bits = bits << 8 | digest[i];
		for (bit_count += 8; bit_count >= 5; bit_count -= 5) {
			g_string_append_c(text, alphabet[
				bits >> (bit_count - 5) & 31]);
		}
	}
	return g_string_free(text, FALSE);
}

char *discovery_wkd_name(const char *local_part)
{
	char *lower = g_ascii_strdown(local_part, -1);
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[SHA1_SIZE];
	gsize size = sizeof(digest);

	g_checksum_update(checksum, (const guchar *)lower, strlen(lower));
	g_checksum_get_digest(checksum, digest, &size);
	g_checksum_free(checksum);
	g_free(lower);
	return zbase32(digest);
}
