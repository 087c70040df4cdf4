/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The splitter alone: both sides as the oracle has them, in pieces whose size
   the first byte chooses. */

#include "text/header-split.h"
#include "split-oracle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void collect(enum header_split_side side, const char *data,
		    size_t size, void *context)
{
	GString **sides = context;

	g_string_append_len(sides[side], data, size);
}

static void check_equal(GString *got, GString *expected)
{
	if (!g_string_equal(got, expected))
		abort();
	g_string_free(got, TRUE);
	g_string_free(expected, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GString *sides[2] = { g_string_new(NULL), g_string_new(NULL) };
	GString *outside = g_string_new(NULL), *inside = g_string_new(NULL);
	size_t step = size == 0 || data[0] == 0 ? 65536 : data[0];
	const char *message = (const char *)data + 1;
	struct header_split *split;
	struct split_oracle *oracle;

	size = size == 0 ? 0 : size - 1;
	split = header_split_new(collect, NULL, sides);
	for (size_t i = 0; i < size; i += step)
		header_split_push(split, message + i, MIN(step, size - i));
	header_split_finish(split);
	header_split_free(&split);

	oracle = split_oracle_new(message, size);
	split_oracle_outside(oracle, "", NULL, outside);
	split_oracle_inside(oracle, inside);
	check_equal(sides[HEADER_SPLIT_OUTSIDE], outside);
	check_equal(sides[HEADER_SPLIT_INSIDE], inside);
	split_oracle_free(oracle);
	return 0;
}
