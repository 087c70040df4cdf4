/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "dearmor.h"

#include <stdbool.h>
#include <string.h>

#define BEGIN_KEY "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define END_KEY "-----END PGP PUBLIC KEY BLOCK-----"

enum block_state {
	BLOCK_OUTSIDE,
	BLOCK_HEADER,
	BLOCK_DATA,
	/* padding or a checksum has ended it */
	BLOCK_END
};

struct block_reader {
	enum block_state state;
	GByteArray *out;
	gint base64_state;
	guint base64_save;
	int count;
};

static bool line_is(const char *line, size_t size, const char *text)
{
	return size == strlen(text) && memcmp(line, text, size) == 0;
}

/* Returns how many of the characters are base64 or white space. */
static size_t base64_span(const char *line, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (!g_ascii_isalnum(line[i]) && line[i] != '+' &&
		    line[i] != '/' && !g_ascii_isspace(line[i]))
			break;
	}
	return i;
}

static void
block_decode(struct block_reader *reader, const char *line, size_t size)
{
	guchar decoded[3 * 256 + 3];
	gsize decoded_size;

	while (size > 0) {
		const size_t take = MIN(size, 1024);

		decoded_size = g_base64_decode_step(line, take, decoded,
						    &reader->base64_state,
						    &reader->base64_save);
		g_byte_array_append(reader->out, decoded, decoded_size);
		line += take;
		size -= take;
	}
}

/* What may stand from a "=" on: padding, a checksum "=XXXX", or both */
static bool is_base64_end(const char *line, size_t size)
{
	size_t i = 0;

	while (i < size && (line[i] == '=' || g_ascii_isspace(line[i])))
		i++;
	return base64_span(line + i, size - i) == size - i && size - i <= 4;
}

static bool
block_data_line(struct block_reader *reader, const char *line, size_t size)
{
	size_t span;

	if (line_is(line, size, END_KEY)) {
		/* what is left over of it is no byte */
		reader->state = BLOCK_OUTSIDE;
		reader->count++;
		return true;
	}
	span = base64_span(line, size);
	if (reader->state == BLOCK_END) {
		return size == 0 || line[0] == '=' ?
			is_base64_end(line, size) : false;
	}
	block_decode(reader, line, span);
	if (span == size)
		return true;
	if (line[span] != '=')
		return false;
	/* the decoder takes the padding that it needs */
	if (span + 1 < size && line[span + 1] == '=')
		block_decode(reader, line + span, 2);
	else
		block_decode(reader, line + span, 1);
	reader->state = BLOCK_END;
	return is_base64_end(line + span, size - span);
}

static bool
block_line(struct block_reader *reader, const char *line, size_t size)
{
	switch (reader->state) {
	case BLOCK_OUTSIDE:
		if (line_is(line, size, BEGIN_KEY)) {
			reader->state = BLOCK_HEADER;
			reader->base64_state = 0;
			reader->base64_save = 0;
		}
		return true;
	case BLOCK_HEADER:
		if (memchr(line, ':', size) != NULL)
			return true;
		reader->state = BLOCK_DATA;
		return size == 0 || block_data_line(reader, line, size);
	case BLOCK_DATA:
	case BLOCK_END:
		return block_data_line(reader, line, size);
	}
	return false;
}

int openpgp_dearmor_certificates(const char *text, size_t size,
				 GByteArray *out)
{
	struct block_reader reader = { .out = out };
	const char *end = text + size, *lf;
	size_t length;

	while (text < end) {
		lf = memchr(text, '\n', end - text);
		if (lf == NULL)
			lf = end;
		length = lf - text;
		while (length > 0 && g_ascii_isspace(text[length - 1]))
			length--;
		if (!block_line(&reader, text, length))
			return -1;
		text = lf < end ? lf + 1 : end;
	}
	return reader.state == BLOCK_OUTSIDE ? reader.count : -1;
}
