/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Messages that may have a certificate in them. There is no judge here. */

#include "find/find.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GString *text = g_string_new(NULL);
	int ret;

	/* complaints of GMime and GLib would be lines in Dovecot's log */
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
	ret = certificate_find(data, size, 1, text, &error);
	if (ret == 0 ? error.code != SEAL_ERROR_NONE ||
	    strstr(text->str, "-----BEGIN ") != text->str :
	    error.code == SEAL_ERROR_NONE || text->len > 0)
		abort();
	g_string_free(text, TRUE);
	return 0;
}
