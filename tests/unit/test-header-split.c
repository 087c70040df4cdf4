/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "text/header-split.h"
#include "test-lib.h"

#define TEXT(text) text, sizeof(text) - 1

static const struct {
	const char *name;
	const char *message;
	size_t message_size;
	const char *outside;
	size_t outside_size;
	const char *inside;
	size_t inside_size;
	bool mime_version;
} tests[] = {
	{ "Content-* moves inside, in order and with its folding",
	  TEXT("From: a\r\nContent-Type: text/plain;\r\n\tcharset=x\r\n"
	       "To: b\r\nContent-ID: <1>\r\n\r\nbody\r\n"),
	  TEXT("From: a\r\nTo: b\r\n"),
	  TEXT("Content-Type: text/plain;\r\n\tcharset=x\r\n"
	       "Content-ID: <1>\r\n\r\nbody\r\n"), false },
	{ "names in any case, with space before the colon",
	  TEXT("cOnTeNt-type : a\nMIME-version:1.0\n\nb"),
	  TEXT("MIME-version:1.0\n"),
	  TEXT("cOnTeNt-type : a\n\r\nb"), true },
	{ "what only looks like Content-*",
	  TEXT("Content: a\nContent-: b\nContents-X: c\nContent-Type\n"
	       "Content-\001: d\nContent-X y: e\n\n"),
	  TEXT("Content: a\nContents-X: c\nContent-Type\n"
	       "Content-\001: d\nContent-X y: e\n"),
	  TEXT("Content-: b\n\r\n"), false },
	{ "our own field is dropped, folding and all",
	  TEXT("A: 1\nX-Mail-Seal: v=1;\n keys=00\nx-mail-seal: x\nB: 2\n\n"),
	  TEXT("A: 1\nB: 2\n"), TEXT("\r\n"), false },
	{ "ours is not another's",
	  TEXT("X-Mail-Seal-Y: 1\nX-Mail-Sea: 2\n\n"),
	  TEXT("X-Mail-Seal-Y: 1\nX-Mail-Sea: 2\n"), TEXT("\r\n"), false },
	{ "no header", TEXT("\r\nbody"), TEXT(""), TEXT("\r\nbody"), false },
	{ "no header, LF", TEXT("\nbody"), TEXT(""), TEXT("\r\nbody"), false },
	{ "nothing", TEXT(""), TEXT(""), TEXT("\r\n"), false },
	{ "header only", TEXT("A: 1\r\nContent-Type: x\r\n"),
	  TEXT("A: 1\r\n"), TEXT("Content-Type: x\r\n\r\n"), false },
	{ "header without a line end", TEXT("A: 1\r\nContent-Type: x"),
	  TEXT("A: 1\r\n"), TEXT("Content-Type: x\r\n\r\n"), false },
	{ "outside without a line end", TEXT("Content-Type: x\nA: 1"),
	  TEXT("A: 1\r\n"), TEXT("Content-Type: x\n\r\n"), false },
	{ "ends in CR", TEXT("A: 1\r"), TEXT("A: 1\r\n"), TEXT("\r\n"),
	  false },
	{ "a name and nothing more", TEXT("Content-Type"),
	  TEXT("Content-Type\r\n"), TEXT("\r\n"), false },
	{ "CRs only end the header", TEXT("A: 1\r\n\r\r\nb"),
	  TEXT("A: 1\r\n"), TEXT("\r\nb"), false },
	{ "CRs at the end", TEXT("A: 1\r\n\r\r"), TEXT("A: 1\r\n"),
	  TEXT("\r\n"), false },
	{ "CRs before text don't", TEXT("A: 1\r\n\r\rB: 2\r\n\r\nb"),
	  TEXT("A: 1\r\n\r\rB: 2\r\n"), TEXT("\r\nb"), false },
	{ "a bare CR is no line end", TEXT("A: 1\rContent-B: 2\n\nb"),
	  TEXT("A: 1\rContent-B: 2\n"), TEXT("\r\nb"), false },
	{ "junk stays where it is",
	  TEXT("From x Mon\nno colon\nA: 1\n\001\0: y\nContent-B: 2\n\nb"),
	  TEXT("From x Mon\nno colon\nA: 1\n\001\0: y\n"),
	  TEXT("Content-B: 2\n\r\nb"), false },
	{ "8-bit", TEXT("A: \xe4\xf6\n\xff: z\nContent-C: \xfc\n\n\xe4"),
	  TEXT("A: \xe4\xf6\n\xff: z\n"), TEXT("Content-C: \xfc\n\r\n\xe4"),
	  false },
	{ "folded first line", TEXT(" x: 1\nContent-A: 2\n\n"),
	  TEXT(" x: 1\n"), TEXT("Content-A: 2\n\r\n"), false },
	{ "a line of white space is folding",
	  TEXT("Content-A: 1\n \t\nB: 2\n\n"), TEXT("B: 2\n"),
	  TEXT("Content-A: 1\n \t\n\r\n"), false },
	{ "NULs in the body", TEXT("A: 1\n\n\0b\0"), TEXT("A: 1\n"),
	  TEXT("\r\n\0b\0"), false },
	{ "the body is left alone", TEXT("\n\n\r\n\rContent-A: 1\nB: 2\n"),
	  TEXT(""), TEXT("\r\n\n\r\n\rContent-A: 1\nB: 2\n"), false }
};

struct collected {
	GString *side[2];
};

static void collect(enum header_split_side side, const char *data,
		    size_t size, void *context)
{
	struct collected *collected = context;

	assert_true(size > 0);
	g_string_append_len(collected->side[side], data, size);
}

static void run_split(const char *message, size_t size, size_t step,
		      struct collected *collected, bool *mime_version_r)
{
	struct header_split *split;

	collected->side[0] = g_string_new(NULL);
	collected->side[1] = g_string_new(NULL);
	split = header_split_new(collect, NULL, collected);
	for (size_t i = 0; i < size; i += step)
		header_split_push(split, message + i, MIN(step, size - i));
	header_split_finish(split);
	assert_true(header_split_in_body(split));
	*mime_version_r = header_split_has_mime_version(split);
	header_split_free(&split);
	assert_null(split);
}

static void collected_free(struct collected *collected)
{
	g_string_free(collected->side[0], TRUE);
	g_string_free(collected->side[1], TRUE);
}

static void test_table(void **state G_GNUC_UNUSED)
{
	struct collected got;
	bool mime_version;

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		for (size_t step = 1; step <= tests[i].message_size + 1;
		     step++) {
			test_case(tests[i].name, step);
			run_split(tests[i].message, tests[i].message_size,
				  step, &got, &mime_version);
			assert_bytes(got.side[HEADER_SPLIT_OUTSIDE]->str,
				     got.side[HEADER_SPLIT_OUTSIDE]->len,
				     tests[i].outside, tests[i].outside_size);
			assert_bytes(got.side[HEADER_SPLIT_INSIDE]->str,
				     got.side[HEADER_SPLIT_INSIDE]->len,
				     tests[i].inside, tests[i].inside_size);
			assert_int_equal(mime_version, tests[i].mime_version);
			collected_free(&got);
		}
	}
}

/* A name that doesn't end mustn't be held back for ever. */
static void test_long_line(void **state G_GNUC_UNUSED)
{
	GString *message = g_string_new("Content-");
	struct collected got;
	bool mime_version;

	for (int i = 0; i < 100000; i++)
		g_string_append_c(message, 'x');
	g_string_append(message, ": y\n\n");
	run_split(message->str, message->len, 4096, &got, &mime_version);
	assert_bytes(got.side[0]->str, got.side[0]->len, message->str,
		     message->len - 1);
	assert_bytes(got.side[1]->str, got.side[1]->len, "\r\n", 2);
	collected_free(&got);
	g_string_free(message, TRUE);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_long_line)
	};

	return cmocka_run_group_tests_name("header-split", all, NULL, NULL);
}
