/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "key-file-look.h"
#include "secret.h"
#include "../openssl/x509.h"
#include "../text/text-block.h"

#include <string.h>

/* Two characters, of which the upper halves are elsewhere */
static bool is_wide_ascii(const uint8_t *lower, const uint8_t *upper)
{
	return (g_ascii_isprint(lower[0]) || g_ascii_isspace(lower[0])) &&
		(g_ascii_isprint(lower[2]) || g_ascii_isspace(lower[2])) &&
		upper[0] == 0 && upper[2] == 0;
}

/* Windows writes text like that: with a byte order mark, or without. */
static bool key_file_from_utf16(struct key_file *file)
{
	const uint8_t *data = file->data;
	const char *charset;
	gsize size;

	if (file->size < 4)
		return false;
	if (data[0] == 0xff && data[1] == 0xfe)
		charset = "UTF-16LE";
	else if (data[0] == 0xfe && data[1] == 0xff)
		charset = "UTF-16BE";
	else if (is_wide_ascii(data, data + 1))
		charset = "UTF-16LE";
	else if (is_wide_ascii(data + 1, data))
		charset = "UTF-16BE";
	else
		return false;
	/* also when its last character is cut off */
	file->text = g_convert_with_fallback((const char *)data,
					     file->size & ~(size_t)1, "UTF-8",
					     charset, "?", NULL, &size, NULL);
	if (file->text == NULL)
		return false;
	file->data = (const uint8_t *)file->text;
	file->size = size;
	return true;
}

static void key_file_look_at_text(struct key_file *file)
{
	const char *text = (const char *)file->data;
	const char *end = text + file->size;
	struct text_block block;

	while (text_block_find(text, end - text, &block)) {
		if (text_block_label_begins(&block, "PGP PUBLIC KEY BLOCK"))
			file->has_openpgp = true;
		if (certificates_x509_is_block(&block))
			file->has_x509 = true;
		text = block.content + block.content_size;
	}
	file->is_text = file->has_openpgp || file->has_x509;
}

int key_file_look(struct key_file *file, struct seal_error *error)
{
	static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };
	bool has_secret;

	if (file->size > CERTIFICATES_SIZE_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it has more than %d MB: export the "
			       "certificate again, with gpg's option "
			       "--export-options export-minimal",
			       CERTIFICATES_SIZE_MAX / (1024*1024));
		return -1;
	}
	(void)key_file_from_utf16(file);
	/* some editors write one in front of text */
	if (file->size >= 3 && memcmp(file->data, byte_order_mark, 3) == 0) {
		file->data += 3;
		file->size -= 3;
	}
	has_secret = openpgp_packets_have_secret(file->data, file->size,
						 &file->has_openpgp);
	if (has_secret || key_text_has_secret(file->data, file->size)) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       CERTIFICATES_SECRET);
		return -1;
	}
	if (file->has_openpgp)
		return 0;
	if (certificates_x509_is_der(file->data, file->size)) {
		file->has_x509 = true;
		return 0;
	}
	key_file_look_at_text(file);
	/* else it could have been meant as packets */
	if (!file->is_text && file->size > 0 && (file->data[0] & 0x80) != 0)
		file->has_openpgp = true;
	return 0;
}
