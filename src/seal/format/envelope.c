/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "envelope.h"

#include <string.h>

/* RFC 5322 section 2.1.1 recommends 78 characters; armor has at most 76. */
#define LINE_MAX_LENGTH 76

/* Folded where there is a space or may be one, RFC 5322 section 2.2.3. */
static void
append_folded(GString *out, size_t *line_start, const char *space,
	      const char *word, const char *separator)
{
	size_t length = strlen(space) + strlen(word) + strlen(separator);

	if (out->len - *line_start + length > LINE_MAX_LENGTH) {
		g_string_append(out, "\r\n");
		*line_start = out->len;
		space = " ";
	}
	g_string_append(out, space);
	g_string_append(out, word);
	g_string_append(out, separator);
}

void envelope_append_mark(GString *out, const char *const *fingerprints)
{
	const size_t count = g_strv_length((char **)fingerprints);
	const size_t named = MIN(count, MARK_FINGERPRINTS_MAX);
	size_t line_start = out->len;
	char *word;

	g_string_append(out, "X-Mail-Seal: v=1;");
	for (size_t i = 0; i < named; i++) {
		word = g_strconcat(i == 0 ? "keys=" : "", fingerprints[i],
				   NULL);
		append_folded(out, &line_start, i == 0 ? " " : "", word,
			      i + 1 < named ? "," : named < count ? ";" : "");
		g_free(word);
	}
	if (named < count) {
		word = g_strdup_printf("keys=%zu", count);
		append_folded(out, &line_start, " ", word, "");
		g_free(word);
	}
	g_string_append(out, "\r\n");
}

void envelope_append_mime_version(GString *out)
{
	g_string_append(out, "MIME-Version: 1.0\r\n");
}
