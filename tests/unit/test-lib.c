/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "format/openpgp-armor.h"
#include "test-lib.h"

static const char *case_name = "";
static size_t case_number;

void test_case(const char *name, size_t number)
{
	case_name = name;
	case_number = number;
}

static char *escaped(const void *data, size_t size)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < MIN(size, 1000); i++) {
		char c = ((const char *)data)[i];

		if (g_ascii_isprint(c))
			g_string_append_c(text, c);
		else
			g_string_append_printf(text, "\\%03o",
					       (unsigned char)c);
	}
	return g_string_free(text, FALSE);
}

void assert_bytes_at(const void *got, size_t got_size, const void *expected,
		     size_t expected_size, const char *file, int line)
{
	char *got_text, *expected_text;

	if (got_size == expected_size &&
	    (got_size == 0 || memcmp(got, expected, got_size) == 0))
		return;
	got_text = escaped(got, got_size);
	expected_text = escaped(expected, expected_size);
	print_error("%s (%zu)\n got:      %s\n expected: %s\n", case_name,
		    case_number, got_text, expected_text);
	g_free(got_text);
	g_free(expected_text);
	_fail(file, line);
}

GString *test_armored_message(size_t size)
{
	/* a session key packet, and an encrypted one whose size follows */
	uint8_t start[] = {
		0xc1, 3, 3, 0xaa, 0xbb, 0xd2, 0xff, 0, 0, 0, 0, 1
	};
	size_t body_size = MAX(size * 3 / 4, 100);
	uint8_t *body = g_malloc(body_size);
	GRand *random = g_rand_new_with_seed(size);
	struct openpgp_armor_writer writer;
	GString *crlf = g_string_new(NULL), *text = g_string_new(NULL);

	for (int i = 0; i < 4; i++)
		start[7 + i] = (body_size + 1) >> (24 - 8 * i);
	for (size_t i = 0; i < body_size; i++)
		body[i] = g_rand_int(random);
	openpgp_armor_init(&writer);
	openpgp_armor_begin(crlf);
	openpgp_armor_write(&writer, start, sizeof(start), crlf);
	openpgp_armor_write(&writer, body, body_size, crlf);
	openpgp_armor_end(&writer, crlf);
	for (size_t i = 0; i < crlf->len; i++) {
		if (crlf->str[i] != '\r')
			g_string_append_c(text, crlf->str[i]);
	}
	g_string_free(crlf, TRUE);
	g_rand_free(random);
	g_free(body);
	return text;
}
