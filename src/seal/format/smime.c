/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "envelope.h"

#include <gmime/gmime.h>

struct envelope {
	/* lines of 76 characters that end in LF */
	GMimeFilter *base64;
	GMimeFilter *to_crlf;
};

static struct envelope *
smime_alloc(struct seal_error *error G_GNUC_UNUSED)
{
	struct envelope *envelope = g_new0(struct envelope, 1);

	envelope->base64 = g_mime_filter_basic_new(
		GMIME_CONTENT_ENCODING_BASE64, TRUE);
	envelope->to_crlf = g_mime_filter_unix2dos_new(TRUE);
	return envelope;
}

static void smime_free(struct envelope *envelope)
{
	g_object_unref(envelope->base64);
	g_object_unref(envelope->to_crlf);
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
	size_t prespace;
	char *text;

	g_mime_filter_filter(envelope->base64, (char *)data, size, 0,
			     &text, &size, &prespace);
	g_mime_filter_filter(envelope->to_crlf, text, size, prespace,
			     &text, &size, &prespace);
	g_string_append_len(out, text, size);
}

static void smime_end(struct envelope *envelope, GString *out)
{
	size_t size, prespace;
	char *text;

	g_mime_filter_complete(envelope->base64, NULL, 0, 0,
			       &text, &size, &prespace);
	g_mime_filter_complete(envelope->to_crlf, text, size, prespace,
			       &text, &size, &prespace);
	g_string_append_len(out, text, size);
}

const struct envelope_format envelope_smime = {
	.check = &check_cms,
	.alloc = smime_alloc,
	.free = smime_free,
	.begin = smime_begin,
	.write = smime_write,
	.end = smime_end
};
