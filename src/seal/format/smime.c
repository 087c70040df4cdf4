/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "envelope.h"
#include "../text/base64.h"

/* Characters, RFC 2045 section 6.8 */
#define LINE_LENGTH 76

struct envelope {
	struct base64_writer base64;
};

static struct envelope *
smime_alloc(struct seal_error *error G_GNUC_UNUSED)
{
	struct envelope *envelope = g_new0(struct envelope, 1);

	base64_init(&envelope->base64, LINE_LENGTH);
	return envelope;
}

static void smime_free(struct envelope *envelope)
{
	g_free(envelope);
}

static void smime_begin(struct envelope *envelope G_GNUC_UNUSED, GString *out)
{
	g_string_append(out,
		"Content-Type: application/pkcs7-mime;"
			" smime-type=enveloped-data;\r\n"
		" name=\"smime.p7m\"\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n"
		"\r\n");
}

static void
smime_write(struct envelope *envelope, const uint8_t *data, size_t size,
	    GString *out)
{
	base64_write(&envelope->base64, data, size, out);
}

static void smime_end(struct envelope *envelope, GString *out)
{
	base64_end(&envelope->base64, out);
}

const struct envelope_format envelope_smime = {
	.check = &check_cms,
	.alloc = smime_alloc,
	.free = smime_free,
	.begin = smime_begin,
	.write = smime_write,
	.end = smime_end
};
