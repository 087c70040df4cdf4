/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The detector alone. The pieces it gets mustn't matter, and what is taken
   for encrypted mustn't be so with plaintext behind it. */

#include "detect/detect.h"
#include "message/seal.h"

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "\r\n\r\nThe quick brown fox.\r\n";
	const char *message = (const char *)data + 1;
	GString *longer;

	if (size == 0)
		return 0;
	size--;
	seal_library_init();
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
