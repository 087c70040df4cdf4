/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "base64.h"

#include <string.h>

static const char alphabet[64] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Two characters for each 12 bits */
static char pairs[4096][2];

void base64_init(struct base64_writer *writer, size_t line_length)
{
	for (size_t i = 0; pairs[4095][0] == '\0' && i < 4096; i++) {
		pairs[i][0] = alphabet[i >> 6];
		pairs[i][1] = alphabet[i & 63];
	}
	writer->line = line_length / 4 * 3;
	writer->group_size = 0;
}

/* 6 bytes, of which 8 can be read */
static inline void encode_6(const uint8_t *data, char *out)
{
	uint64_t bits;

	memcpy(&bits, data, sizeof(bits));
	bits = GUINT64_FROM_BE(bits);
	memcpy(out, pairs[bits >> 52], 2);
	memcpy(out + 2, pairs[bits >> 40 & 4095], 2);
	memcpy(out + 4, pairs[bits >> 28 & 4095], 2);
	memcpy(out + 6, pairs[bits >> 16 & 4095], 2);
}

static inline void encode_3(const uint8_t *data, char *out)
{
	const uint32_t bits = data[0] << 16 | data[1] << 8 | data[2];

	memcpy(out, pairs[bits >> 12], 2);
	memcpy(out + 2, pairs[bits & 4095], 2);
}

/* size is a multiple of 3. Returns what is behind the last character. */
static char *encode(const uint8_t *data, size_t size, char *out)
{
	for (; size >= 8; size -= 6, data += 6, out += 8)
		encode_6(data, out);
	for (; size > 0; size -= 3, data += 3, out += 4)
		encode_3(data, out);
	return out;
}

static char *encode_line(const uint8_t *data, size_t size, char *out)
{
	out = encode(data, size, out);
	memcpy(out, "\r\n", 2);
	return out + 2;
}

void base64_write(struct base64_writer *writer, const uint8_t *data,
		  size_t size, GString *out)
{
	const size_t lines = (writer->group_size + size) / writer->line;
	const size_t start = out->len;
	size_t take;
	char *next;

	g_string_set_size(out, start + lines * (writer->line / 3 * 4 + 2));
	next = out->str + start;
	if (lines > 0 && writer->group_size > 0) {
		take = writer->line - writer->group_size;
		memcpy(writer->group + writer->group_size, data, take);
		next = encode_line(writer->group, writer->line, next);
		writer->group_size = 0;
		data += take;
		size -= take;
	}
	for (; size >= writer->line; size -= writer->line) {
		next = encode_line(data, writer->line, next);
		data += writer->line;
	}
	if (size > 0)
		memcpy(writer->group + writer->group_size, data, size);
	writer->group_size += size;
}

void base64_end(struct base64_writer *writer, GString *out)
{
	const size_t whole = writer->group_size / 3 * 3;
	const size_t rest = writer->group_size - whole;
	char line[BASE64_LINE_MAX / 3 * 4], *end;

	if (writer->group_size == 0)
		return;
	end = encode(writer->group, whole, line);
	if (rest > 0) {
		const uint8_t last[3] = {
			writer->group[whole],
			rest > 1 ? writer->group[whole + 1] : 0, 0
		};

		encode_3(last, end);
		memset(end + 1 + rest, '=', 3 - rest);
		end += 4;
	}
	g_string_append_len(out, line, end - line);
	g_string_append(out, "\r\n");
	writer->group_size = 0;
}
