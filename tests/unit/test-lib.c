/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

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
