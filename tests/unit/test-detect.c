/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "detect/detect.h"
#include "detect-cases.h"
#include "test-lib.h"

#include "../../bench/worst-messages.h"

#include <gmime/gmime.h>
#include <time.h>

static enum seal_verdict
detect(const char *message, size_t size, size_t step)
{
	struct seal_detector *detector = seal_detector_new();
	enum seal_verdict verdict = SEAL_VERDICT_OPEN;

	for (size_t i = 0; i < size; i += step) {
		enum seal_verdict next = seal_detector_push(
			detector, message + i, MIN(step, size - i));

		/* PLAIN is for good */
		if (verdict == SEAL_VERDICT_PLAIN)
			assert_int_equal(next, SEAL_VERDICT_PLAIN);
		assert_int_not_equal(next, SEAL_VERDICT_ENCRYPTED);
		verdict = next;
	}
	verdict = seal_detector_finish(detector);
	seal_detector_free(&detector);
	return verdict;
}

/* Returns 1 if it is taken for something else. */
static int check(const char *name, const char *message, bool encrypted)
{
	size_t size = strlen(message);

	for (size_t step = 1; step <= size + 1; step += 1 + step / 8) {
		enum seal_verdict verdict = detect(message, size, step);

		if ((verdict == SEAL_VERDICT_ENCRYPTED) != encrypted) {
			print_error("%s, in pieces of %zu: taken for %s\n",
				    name, step,
				    encrypted ? "plain" : "encrypted");
			return 1;
		}
	}
	return 0;
}

static void test_table(void **state G_GNUC_UNUSED)
{
	int failed = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		failed += check(tests[i].name, tests[i].message,
				tests[i].encrypted);
	}
	assert_int_equal(failed, 0);
}

/* Line ends are no criterion. */
static void test_table_crlf(void **state G_GNUC_UNUSED)
{
	int failed = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		GString *crlf = g_string_new(NULL);

		for (const char *p = tests[i].message; *p != '\0'; p++) {
			if (*p == '\n')
				g_string_append_c(crlf, '\r');
			if (*p != '\r')
				g_string_append_c(crlf, *p);
		}
		failed += check(tests[i].name, crlf->str, tests[i].encrypted);
		g_string_free(crlf, TRUE);
	}
	assert_int_equal(failed, 0);
}

/* Every encrypted message cut off anywhere: never encrypted unless only white
   space is missing, delimiters, or the end of what is around an armor. */
static void test_truncated(void **state G_GNUC_UNUSED)
{
	static const char frame[] = " \r\n-bcX</prebodyhtml>";

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		const char *message = tests[i].message;
		size_t size = strlen(message);

		for (size_t cut = 0; tests[i].encrypted && cut < size; cut++) {
			const char *rest = message + cut;

			if (detect(message, cut, 4096) !=
			    SEAL_VERDICT_ENCRYPTED)
				continue;
			/* the last letters of base64 */
			if (strlen(rest) > 12 &&
			    strspn(rest, frame) != strlen(rest))
				fail_msg("%s, cut to %zu: taken for encrypted",
					 tests[i].name, cut);
		}
	}
}

/* A header section, a body part's header section or a line without end is
   plain at once: nothing is to be gathered. */
static void test_endless(void **state G_GNUC_UNUSED)
{
	static const char *const starts[] = {
		"X: ", ENCRYPTED, ENCRYPTED "--b\nX: ", "\n", ENCRYPTED
		VERSION_PART "--b\n\n-----BEGIN PGP MESSAGE-----\n\n"
	};
	char filler[1024];

	memset(filler, 'A', sizeof(filler));
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		struct seal_detector *detector = seal_detector_new();
		int pushes = 0;

		(void)seal_detector_push(detector, starts[i],
					 strlen(starts[i]));
		while (seal_detector_push(detector, filler, sizeof(filler)) ==
		       SEAL_VERDICT_OPEN)
			assert_true(++pushes < 1024);
		seal_detector_free(&detector);
	}
}

static double processor_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Returns the least of a few measurements: other work on the machine can only
   lengthen them. */
static double time_of(void (*run)(const GString *), const GString *message)
{
	double least = 0;

	for (int i = 0; i < 3; i++) {
		double start = processor_time(), took;

		run(message);
		took = processor_time() - start;
		if (i == 0 || took < least)
			least = took;
	}
	return least;
}

static void run_detector(const GString *message)
{
	(void)detect(message->str, message->len, 8192);
}

/* A look at each byte */
static void run_loop(const GString *message)
{
	volatile unsigned int sum = 0;

	for (size_t i = 0; i < message->len; i++)
		sum += (unsigned char)message->str[i];
}

/* The worst takes 15 looks at each byte when this is written, 22 in valgrind;
   one that took time for each byte that was there before took 5000. */
#define TIME_MAX 100
static void test_time(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(worst_messages); i++) {
		GString *message = worst_message_new(&worst_messages[i],
						     1000000);
		double loop = time_of(run_loop, message);
		double took = time_of(run_detector, message);

		if (took > TIME_MAX * loop) {
			fail_msg("%s: %.0f looks at each byte",
				 worst_messages[i].name, took / loop);
		}
		g_string_free(message, TRUE);
	}
}

static int setup(void **state G_GNUC_UNUSED)
{
	g_mime_init();
	return 0;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	g_mime_shutdown();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_crlf),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_time)
	};

	return cmocka_run_group_tests_name("detect", all, setup, teardown);
}
