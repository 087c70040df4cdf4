/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "envelope.h"

#include <stdint.h>
#include <sys/random.h>

/* RFC 5322 section 2.1.1 recommends 78 characters; armor has at most 76. */
#define LINE_MAX_LENGTH 76

int envelope_boundary_generate(char boundary_r[ENVELOPE_BOUNDARY_SIZE])
{
	uint8_t random[(ENVELOPE_BOUNDARY_SIZE - 1) / 2];

	if (getentropy(random, sizeof(random)) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(random); i++)
		g_snprintf(boundary_r + 2 * i, 3, "%02x", random[i]);
	return 0;
}

static void
append_seal_field(GString *out, const char *const *fingerprints)
{
	size_t line_start = out->len;

	g_string_append(out, "X-Mail-Seal: v=1; keys=");
	for (size_t i = 0; fingerprints[i] != NULL; i++) {
		const char *separator = fingerprints[i + 1] == NULL ? "" : ",";

		if (i > 0 && out->len - line_start + strlen(fingerprints[i]) +
		    strlen(separator) > LINE_MAX_LENGTH) {
			g_string_append(out, "\r\n ");
			line_start = out->len - 1;
		}
		g_string_append(out, fingerprints[i]);
		g_string_append(out, separator);
	}
	g_string_append(out, "\r\n");
}

void envelope_pgp_mime_begin(GString *out, bool add_mime_version,
			     const char *const *fingerprints,
			     const char *boundary)
{
	if (add_mime_version)
		g_string_append(out, "MIME-Version: 1.0\r\n");
	append_seal_field(out, fingerprints);
	g_string_append_printf(out,
		"Content-Type: multipart/encrypted;\r\n"
		" protocol=\"application/pgp-encrypted\";\r\n"
		" boundary=\"%s\"\r\n"
		"\r\n"
		"This is an OpenPGP/MIME encrypted message (RFC 3156)\r\n"
		"--%s\r\n"
		"Content-Type: application/pgp-encrypted\r\n"
		"Content-Description: PGP/MIME version identification\r\n"
		"\r\n"
		"Version: 1\r\n"
		"\r\n"
		"--%s\r\n"
		"Content-Type: application/octet-stream;"
			" name=\"encrypted.asc\"\r\n"
		"Content-Description: OpenPGP encrypted message\r\n"
		"Content-Disposition: inline; filename=\"encrypted.asc\"\r\n"
		"\r\n", boundary, boundary, boundary);
}

void envelope_pgp_mime_end(GString *out, const char *boundary)
{
	g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
}
