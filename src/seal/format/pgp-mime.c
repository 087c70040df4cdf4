/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "envelope.h"
#include "openpgp-armor.h"

#include <errno.h>
#include <sys/random.h>

/* Random bits as hexadecimal digits, and the terminating NUL */
#define BOUNDARY_SIZE (128 / 4 + 1)

struct envelope {
	struct openpgp_armor_writer armor;
	char boundary[BOUNDARY_SIZE];
};

static struct envelope *pgp_mime_alloc(struct seal_error *error)
{
	uint8_t random[(BOUNDARY_SIZE - 1) / 2];
	struct envelope *envelope;

	if (getentropy(random, sizeof(random)) < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "no random numbers: %s", g_strerror(errno));
		return NULL;
	}
	envelope = g_new0(struct envelope, 1);
	for (size_t i = 0; i < sizeof(random); i++) {
		g_snprintf(envelope->boundary + 2 * i, 3, "%02x",
			   random[i]);
	}
	openpgp_armor_init(&envelope->armor);
	return envelope;
}

static void pgp_mime_free(struct envelope *envelope)
{
	g_free(envelope);
}

static void pgp_mime_begin(struct envelope *envelope, GString *out)
{
	const char *boundary = envelope->boundary;

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
	openpgp_armor_begin(out);
}

static void
pgp_mime_write(struct envelope *envelope, const uint8_t *data, size_t size,
	       GString *out)
{
	openpgp_armor_write(&envelope->armor, data, size, out);
}

static void pgp_mime_end(struct envelope *envelope, GString *out)
{
	openpgp_armor_end(&envelope->armor, out);
	g_string_append_printf(out, "\r\n--%s--\r\n", envelope->boundary);
}

const struct envelope_format envelope_pgp_mime = {
	.shows_protected_headers = true,
	.check = &check_openpgp,
	.alloc = pgp_mime_alloc,
	.free = pgp_mime_free,
	.begin = pgp_mime_begin,
	.write = pgp_mime_write,
	.end = pgp_mime_end
};
