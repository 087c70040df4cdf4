/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The detector alone. The pieces it gets mustn't matter, what is taken for
   encrypted mustn't be so with plaintext behind it, and nothing may take it
   long: one in sixteen inputs is made long, by a piece of it that is there
   again and again. The first byte chooses the size of the pieces, or with
   0xf0 and more, which piece. */

#include "detect/detect.h"
#include "message/seal.h"

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum seal_verdict
verdict(const char *message, size_t size, size_t step)
{
	struct seal_detector *detector = seal_detector_new();
	enum seal_verdict verdict = SEAL_VERDICT_OPEN, after;

	for (size_t i = 0; i < size; i += step) {
		after = seal_detector_push(detector, message + i,
					   MIN(step, size - i));
		/* it doesn't change its mind */
		if (after == SEAL_VERDICT_ENCRYPTED ||
		    (verdict == SEAL_VERDICT_PLAIN && after != verdict))
			abort();
		verdict = after;
	}
	after = seal_detector_finish(detector);
	if (after == SEAL_VERDICT_OPEN ||
	    (verdict == SEAL_VERDICT_PLAIN && after != verdict))
		abort();
	seal_detector_free(&detector);
	return after;
}

/* Long enough that what takes time for each byte that was there before shows,
   even if it is a memcpy() */
#define LONG_SIZE (256*1024)
/* A hundred times what it should take with sanitizers: another program on the
   machine mustn't matter. Seconds. */
#define LONG_TIME_MAX 3.0

static double processor_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* The middle of the message, or a part of it, again and again */
static void check_time(const char *message, size_t size, unsigned int choice)
{
	size_t piece = MAX(size >> (choice % 8), 1);
	size_t start = (size - piece) * (choice / 8) / 2;
	GString *again = g_string_new_len(message, start);
	double before;

	while (again->len < LONG_SIZE)
		g_string_append_len(again, message + start, piece);
	g_string_append_len(again, message + start, size - start);
	before = processor_time();
	(void)verdict(again->str, again->len, 8192);
	if (processor_time() - before > LONG_TIME_MAX)
		abort();
	g_string_free(again, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "\r\n\r\nThe quick brown fox.\r\n";
	const char *message = (const char *)data + 1;
	GString *longer;

	if (size == 0)
		return 0;
	size--;
	seal_library_init();
	if (data[0] >= 0xf0 && size > 0)
		check_time(message, size, data[0] & 0x0f);
	if (verdict(message, size, data[0] == 0 ? 4096 : data[0]) !=
	    verdict(message, size, 65536))
		abort();
	if (verdict(message, size, 65536) == SEAL_VERDICT_ENCRYPTED) {
		longer = g_string_new_len(message, size);
		g_string_append(longer, text);
		if (verdict(longer->str, longer->len, 65536) !=
		    SEAL_VERDICT_PLAIN)
			abort();
		g_string_free(longer, TRUE);
	}
	return 0;
}
