/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "key-text.h"
#include "../format/openpgp-armor.h"

#include <string.h>

static void append_pem(const guint8 *der, size_t size, GString *out)
{
	gchar *base64 = g_base64_encode(der, size);

	g_string_append(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t pos = 0; pos < strlen(base64); pos += 64)
		g_string_append_printf(out, "%.64s\n", base64 + pos);
	g_string_append(out, "-----END CERTIFICATE-----\n");
	g_free(base64);
}

/* Mail has CRLF, files haven't. */
static void append_armor(const GByteArray *openpgp, GString *out)
{
	GString *armor = g_string_new(NULL);

	openpgp_armor_certificates(openpgp->data, openpgp->len, armor);
	for (size_t i = 0; i < armor->len; i++) {
		if (armor->str[i] != '\r')
			g_string_append_c(out, armor->str[i]);
	}
	g_string_free(armor, TRUE);
}

void certificates_to_text(struct certificate *const *certificates,
			  size_t count, GString *text)
{
	GByteArray *openpgp = g_byte_array_new();

	for (size_t i = 0; i < count; i++) {
		gsize size;
		gconstpointer data = g_bytes_get_data(certificates[i]->data,
						      &size);

		if (certificates[i]->kind == CERTIFICATE_KIND_X509)
			append_pem(data, size, text);
		else
			g_byte_array_append(openpgp, data, size);
	}
	if (openpgp->len > 0)
		append_armor(openpgp, text);
	g_byte_array_unref(openpgp);
}
