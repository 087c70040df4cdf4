/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* X-Mail-Seal is the first header field, whatever the message begins with:
   through the whole core, with engines that encrypt nothing. */

#include "copy-engine.h"
#include "format/envelope.h"
#include "test-lib.h"

#define MARK COPY_ENGINE_MARK
#define VERSION "MIME-Version: 1.0\r\n"

static const struct {
	const char *message;
	/* all fields but those of the envelope */
	const char *outside, *protected_outside;
} tests[] = {
	{ "Return-Path: <a>\r\nReceived: b\r\nSubject: s\r\n\r\nbody",
	  MARK "Return-Path: <a>\r\nReceived: b\r\nSubject: s\r\n" VERSION,
	  MARK "Return-Path: <a>\r\nReceived: b\r\nSubject: [...]\r\n"
	  VERSION },
	{ "Subject: s\nMIME-Version: 1.0\n\nbody",
	  MARK "Subject: s\nMIME-Version: 1.0\n",
	  MARK "Subject: [...]\r\nMIME-Version: 1.0\n" },
	/* what others wrote is gone, where they wrote it first too */
	{ "X-Mail-Seal: v=1; keys=00\r\n 11\r\nA: 1\r\nSubject: s\r\n"
	  "x-mail-seal : v=1\r\n\r\nbody",
	  MARK "A: 1\r\nSubject: s\r\n" VERSION,
	  MARK "A: 1\r\nSubject: [...]\r\n" VERSION },
	/* the first field goes inside */
	{ "Content-Type: text/plain\r\nSubject: s\r\n\r\nbody",
	  MARK "Subject: s\r\n" VERSION,
	  MARK "Subject: [...]\r\n" VERSION },
	{ "Content-Type: text/plain\r\nno field\r\nA: 1\r\n\r\nbody",
	  MARK "no field\r\nA: 1\r\n" VERSION,
	  MARK "no field\r\nA: 1\r\n" VERSION },
	/* lines that are no field stay in front */
	{ "From a@example.org Mon Feb  3 10:11:12 2025\nSubject: s\n\nbody",
	  "From a@example.org Mon Feb  3 10:11:12 2025\n" MARK "Subject: s\n"
	  VERSION,
	  "From a@example.org Mon Feb  3 10:11:12 2025\n" MARK
	  "Subject: [...]\r\n" VERSION },
	{ " FFFF\r\nSubject: s\r\n\r\nbody",
	  " FFFF\r\n" MARK "Subject: s\r\n" VERSION,
	  " FFFF\r\n" MARK "Subject: [...]\r\n" VERSION },
	{ "\t\r\nno field\r\n folded\r\n\r\rmore\r\nSubject: s\r\n\r\nbody",
	  "\t\r\nno field\r\n folded\r\n\r\rmore\r\n" MARK "Subject: s\r\n"
	  VERSION,
	  "\t\r\nno field\r\n folded\r\n\r\rmore\r\n" MARK
	  "Subject: [...]\r\n" VERSION },
	{ "no field", "no field\r\n" MARK VERSION,
	  "no field\r\n" MARK VERSION },
	/* no header section */
	{ "\r\nbody", MARK VERSION, MARK VERSION },
	{ "", MARK VERSION, MARK VERSION },
	{ "Subject: s", MARK "Subject: s\r\n" VERSION,
	  MARK "Subject: [...]\r\n" VERSION }
};

static void
check(const struct engine *engine, const char *message, size_t step,
      const char *const *protect_headers, const char *outside)
{
	GString *expected = g_string_new(outside), *sealed, *inside;
	bool sealing;

	g_string_append(expected, "Content-Type: ");
	sealed = copy_engine_seal(engine, message, strlen(message), step,
				  protect_headers, &inside, &sealing);
	assert_true(sealing);
	assert_true(sealed->len > expected->len);
	assert_bytes(sealed->str, expected->len, expected->str, expected->len);
	g_string_free(sealed, TRUE);
	g_string_free(inside, TRUE);
	g_string_free(expected, TRUE);
}

static void test_table(void **state G_GNUC_UNUSED)
{
	static const char *const subject[] = { "Subject", NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		for (size_t step = 1; step <= strlen(tests[i].message) + 1;
		     step++) {
			test_case(tests[i].message, step);
			check(&engine_copy_pgp_mime, tests[i].message, step,
			      NULL, tests[i].outside);
			check(&engine_copy_pgp_mime, tests[i].message, step,
			      subject, tests[i].protected_outside);
			check(&engine_copy_smime, tests[i].message, step,
			      NULL, tests[i].outside);
		}
	}
}

/* What is encrypted already passes as it came, also with such a field in it:
   only where that stands tells readers what it is. */
static void test_encrypted_passes(void **state G_GNUC_UNUSED)
{
	GString *message = test_armored_message(1000), *sealed, *inside;
	bool sealing;

	g_string_prepend(message, "Received: a\nX-Mail-Seal: v=1; keys=00\n\n");
	sealed = copy_engine_seal(&engine_copy_pgp_mime, message->str,
				  message->len, 100, NULL, &inside, &sealing);
	assert_false(sealing);
	assert_bytes(sealed->str, sealed->len, message->str, message->len);
	g_string_free(sealed, TRUE);
	g_string_free(inside, TRUE);
	g_string_free(message, TRUE);
}

/* Of many some are named, and then how many there are. */
static void test_many(void **state G_GNUC_UNUSED)
{
	static const char fingerprint[] =
		"0123456789ABCDEF0123456789ABCDEF01234567";
	static const unsigned int counts[] = { 1, 2, 31, 32, 33, 500 };
	const char *fingerprints[501];

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		const unsigned int count = counts[i];
		const unsigned int named = MIN(count, MARK_FINGERPRINTS_MAX);
		GString *mark = g_string_new(NULL);
		GString *expected = g_string_new("X-Mail-Seal: v=1; keys=");
		char **lines;

		for (unsigned int j = 0; j <= count; j++)
			fingerprints[j] = j == count ? NULL : fingerprint;
		envelope_append_mark(mark, fingerprints);
		for (unsigned int j = 0; j < named; j++) {
			g_string_append_printf(expected, "%s%s", j == 0 ? "" :
					       ",", fingerprint);
		}
		if (named < count)
			g_string_append_printf(expected, "; keys=%u", count);
		lines = g_strsplit(mark->str, "\r\n", -1);
		for (char **line = lines; *line != NULL; line++)
			assert_true(strlen(*line) <= 76);
		g_strfreev(lines);
		/* unfolded: where it had no space, it has one */
		g_string_replace(mark, "\r\n ", "", 0);
		g_string_replace(mark, "\r\n", "", 0);
		g_string_replace(mark, " ", "", 0);
		g_string_replace(expected, " ", "", 0);
		assert_string_equal(mark->str, expected->str);
		g_string_free(mark, TRUE);
		g_string_free(expected, TRUE);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_encrypted_passes)
	};

	return cmocka_run_group_tests_name("mark", all, NULL, NULL);
}
