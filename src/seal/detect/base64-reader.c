/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "base64-reader.h"

/* Values below 64 are base64's */
#define OTHER 0xff
#define SPACE 0x80

static uint8_t values[256];

static void values_init(void)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	static const char spaces[] = " \t\r\n\f\v";

	if (values[0] == OTHER)
		return;
	for (size_t i = 0; i < sizeof(values); i++)
		values[i] = OTHER;
	for (size_t i = 0; alphabet[i] != '\0'; i++)
		values[(uint8_t)alphabet[i]] = i;
	for (size_t i = 0; spaces[i] != '\0'; i++)
		values[(uint8_t)spaces[i]] = SPACE;
}

static uint8_t *put_group(uint8_t *out, uint32_t bits)
{
	out[0] = bits >> 16;
	out[1] = bits >> 8;
	out[2] = bits;
	return out + 3;
}

/* Whole groups without white space. Returns how many characters. */
static size_t take_groups(const uint8_t *in, size_t size, uint8_t **out)
{
	size_t i;

	for (i = 0; i + 4 <= size; i += 4) {
		const uint8_t a = values[in[i]], b = values[in[i + 1]];
		const uint8_t c = values[in[i + 2]], d = values[in[i + 3]];

		if ((a | b | c | d) >= 64)
			break;
		*out = put_group(*out, (uint32_t)a << 18 | b << 12 | c << 6 |
				 d);
	}
	return i;
}

size_t base64_reader_take(struct base64_reader *reader, const char *text,
			  size_t size, uint8_t *out, size_t *out_size_r)
{
	const uint8_t *in = (const uint8_t *)text;
	uint8_t *pos = out;
	size_t i = 0;

	values_init();
	while (i < size) {
		if (reader->count == 0) {
			i += take_groups(in + i, size - i, &pos);
			if (i == size)
				break;
		}
		const uint8_t value = values[in[i]];

		if (value == OTHER)
			break;
		i++;
		if (value == SPACE)
			continue;
		reader->bits = reader->bits << 6 | value;
		if (++reader->count == 4) {
			pos = put_group(pos, reader->bits);
			reader->count = 0;
			reader->bits = 0;
		}
	}
	*out_size_r = pos - out;
	return i;
}

size_t base64_reader_finish(struct base64_reader *reader, uint8_t *out)
{
	unsigned int count = reader->count;
	uint32_t bits = reader->bits;

	reader->count = 0;
	reader->bits = 0;
	if (count == 2) {
		out[0] = bits >> 4;
		return 1;
	}
	if (count == 3) {
		out[0] = bits >> 10;
		out[1] = bits >> 2;
		return 2;
	}
	return 0;
}
