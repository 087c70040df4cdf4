/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* base64, the armor's checksum and line ends must be what the slow ones say.
   The first two bytes choose the size of the pieces. */

#include "../unit/text-oracle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(GString *got, GString *expected)
{
	if (!g_string_equal(got, expected))
		abort();
	g_string_free(got, TRUE);
	g_string_free(expected, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step;

	if (size < 2)
		return 0;
	step = 1 + (data[0] << 8 | data[1]) % 10000;
	data += 2;
	size -= 2;
	compare(text_base64(data, size, 64, step), oracle_base64(data, size, 64));
	compare(text_base64(data, size, 76, step), oracle_base64(data, size, 76));
	compare(text_crlf((const char *)data, size, step),
		oracle_crlf((const char *)data, size));
	if (text_crc24(data, size, step) != oracle_crc24(data, size))
		abort();
	return 0;
}
