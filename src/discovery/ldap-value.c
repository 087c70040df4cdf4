/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Values of LDAP attributes as the text of a key file. What they are is told
   by their first bytes; whether they are whole is not asked here. */

#include "ldap-value.h"

#include <stdbool.h>
#include <string.h>

#define LINE_LENGTH 64

/* Tags of DER */
#define DER_OID 0x06
#define DER_SEQUENCE 0x30

static void append(GByteArray *text, const char *string)
{
	g_byte_array_append(text, (const guint8 *)string, strlen(string));
}

static void
append_base64(GByteArray *text, const guint8 *value, gsize size)
{
	char *encoded = g_base64_encode(value, size);

	for (const char *pos = encoded; *pos != '\0';) {
		gsize length = MIN(strlen(pos), LINE_LENGTH);

		g_byte_array_append(text, (const guint8 *)pos, length);
		append(text, "\n");
		pos += length;
	}
	g_free(encoded);
}

static void
append_block(GByteArray *text, const char *label, const char *header,
	     const guint8 *value, gsize size)
{
	append(text, "-----BEGIN ");
	append(text, label);
	append(text, "-----\n");
	append(text, header);
	append_base64(text, value, size);
	append(text, "-----END ");
	append(text, label);
	append(text, "-----\n");
}

static bool is_der(const guint8 *value, gsize size)
{
	return size > 1 && value[0] == DER_SEQUENCE && (value[1] & 0x80) != 0;
}

/* ContentInfo begins with its type (RFC 5652 section 3), a certificate with
   another sequence. */
static bool is_bundle(const guint8 *value, gsize size)
{
	gsize pos = 2 + (value[1] & 0x7f);

	return pos < size && value[pos] == DER_OID;
}

static bool is_armored(const guint8 *value, gsize size)
{
	return g_strstr_len((const char *)value, size, "-----BEGIN ") != NULL;
}

void ldap_value_append(GByteArray *text, const void *_value, gsize size)
{
	const guint8 *value = _value;

	if (is_der(value, size)) {
		append_block(text, is_bundle(value, size) ? "PKCS7" :
			     "CERTIFICATE", "", value, size);
	} else if (size > 0 && (value[0] & 0x80) != 0 &&
		   !is_armored(value, size)) {
		/* RFC 9580 section 4.2: a packet's first bit is always one */
		append_block(text, "PGP PUBLIC KEY BLOCK", "\n", value, size);
	} else {
		g_byte_array_append(text, value, size);
		append(text, "\n");
	}
}
