/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "format/crc24.h"
#include "text/base64.h"
#include "text/crlf.h"
#include "text-oracle.h"

#include <string.h>

GString *oracle_base64(const uint8_t *data, size_t size, size_t line_length)
{
	gchar *text = g_base64_encode(data, size);
	GString *lines = g_string_new(NULL);
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i += line_length) {
		g_string_append_len(lines, text + i,
				    MIN(line_length, length - i));
		g_string_append(lines, "\r\n");
	}
	g_free(text);
	return lines;
}

uint32_t oracle_crc24(const uint8_t *data, size_t size)
{
	uint32_t crc = 0xb704ce;

	for (; size > 0; size--, data++) {
		crc ^= (uint32_t)*data << 16;
		for (int bit = 0; bit < 8; bit++) {
			crc <<= 1;
			if ((crc & 0x1000000) != 0)
				crc ^= 0x1864cfb;
		}
	}
	return crc;
}

GString *oracle_crlf(const char *data, size_t size)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
			g_string_append_c(text, '\r');
		g_string_append_c(text, data[i]);
	}
	return text;
}

GString *text_base64(const uint8_t *data, size_t size, size_t line_length,
		     size_t step)
{
	/* behind something that is there */
	GString *text = g_string_new("x");
	struct base64_writer writer;

	base64_init(&writer, line_length);
	for (size_t i = 0; i < size; i += step) {
		/* in its own memory, so that a sanitizer sees its end */
		uint8_t *piece = g_memdup2(data + i, MIN(step, size - i));

		base64_write(&writer, piece, MIN(step, size - i), text);
		g_free(piece);
	}
	base64_end(&writer, text);
	return g_string_erase(text, 0, 1);
}

uint32_t text_crc24(const uint8_t *data, size_t size, size_t step)
{
	uint32_t crc = CRC24_INIT;

	for (size_t i = 0; i < size; i += step)
		crc = crc24(crc, data + i, MIN(step, size - i));
	return crc;
}

GString *text_crlf(const char *data, size_t size, size_t step)
{
	GString *text = g_string_new(NULL);
	struct crlf *crlf = g_new(struct crlf, 1);

	step = MIN(step, CRLF_STEP);
	crlf_init(crlf);
	for (size_t i = 0; i < size; i += step) {
		size_t piece_size = MIN(step, size - i), crlf_size;
		char *piece = g_memdup2(data + i, piece_size);
		const char *converted = crlf_convert(crlf, piece, piece_size,
						     &crlf_size);

		g_string_append_len(text, converted, crlf_size);
		g_free(piece);
	}
	g_free(crlf);
	return text;
}
