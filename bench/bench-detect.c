/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the worst messages cost in src/seal:

	bench-detect [SIZE]

   Each message of worst-messages.h, SIZE bytes of it (10000000), goes through
   the detector alone, and through the sealing with an engine that only
   copies and with the Subject hidden. Prints a line for each: its name, nanoseconds of processor time for
   each byte of both, and how many times as long sealing takes as with the
   first message, a usual text; with tabs between.

	bench-detect FILE...

   Prints which of these messages are encrypted. */

#include "detect/detect.h"
#include "message/seal.h"
#include "../tests/unit/copy-engine.h"
#include "worst-messages.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a stream of Dovecot's gives at a time */
#define BLOCK_SIZE 8192

static double processor_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static enum seal_verdict detect(const char *message, size_t size)
{
	struct seal_detector *detector = seal_detector_new();
	enum seal_verdict verdict = SEAL_VERDICT_OPEN;

	for (size_t pos = 0; pos < size && verdict == SEAL_VERDICT_OPEN;
	     pos += BLOCK_SIZE) {
		verdict = seal_detector_push(detector, message + pos,
					     MIN(BLOCK_SIZE, size - pos));
	}
	verdict = seal_detector_finish(detector);
	seal_detector_free(&detector);
	return verdict;
}

static void time_message(const struct worst_message *worst, size_t size)
{
	static const char *const hidden[] = { "Subject", NULL };
	static double usual;
	GString *message = worst_message_new(worst, size), *inside, *sealed;
	double start = processor_time(), detected, done;
	bool sealing;

	(void)detect(message->str, message->len);
	detected = processor_time();
	sealed = copy_engine_seal(&engine_copy_pgp_mime, message->str,
				  message->len, BLOCK_SIZE, hidden, &inside,
				  &sealing);
	done = processor_time();
	if (usual == 0)
		usual = (done - detected) / message->len;
	printf("%s\t%.1f\t%.1f\t%.2f\n", worst->name,
	       (detected - start) / message->len,
	       (done - detected) / message->len,
	       (done - detected) / message->len / usual);
	g_string_free(sealed, TRUE);
	g_string_free(inside, TRUE);
	g_string_free(message, TRUE);
}

static void print_verdict(const char *path)
{
	GError *error = NULL;
	char *message;
	gsize size;

	if (!g_file_get_contents(path, &message, &size, &error))
		errx(1, "%s", error->message);
	printf("%s: %s\n", path, detect(message, size) ==
	       SEAL_VERDICT_ENCRYPTED ? "encrypted" : "plain");
	g_free(message);
}

int main(int argc, char *argv[])
{
	size_t size = 10000000;

	seal_library_init();
	if (argc > 1 && !isdigit((unsigned char)argv[1][0])) {
		for (int i = 1; i < argc; i++)
			print_verdict(argv[i]);
		return 0;
	}
	if (argc > 1)
		size = strtoul(argv[1], NULL, 10);
	for (size_t i = 0; i < G_N_ELEMENTS(worst_messages); i++)
		time_message(&worst_messages[i], size);
	return 0;
}
