/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openssl-common.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdbool.h>

static void *
allocate(size_t size, const char *file G_GNUC_UNUSED, int line G_GNUC_UNUSED)
{
	return g_malloc(size);
}

static void *
reallocate(void *memory, size_t size, const char *file G_GNUC_UNUSED,
	   int line G_GNUC_UNUSED)
{
	return g_realloc(memory, size);
}

static void
release(void *memory, const char *file G_GNUC_UNUSED, int line G_GNUC_UNUSED)
{
	g_free(memory);
}

void openssl_begin(void)
{
	static bool begun = false;

	if (!begun)
		(void)CRYPTO_set_mem_functions(allocate, reallocate, release);
	begun = true;
	ERR_clear_error();
}

void openssl_error_set(struct seal_error *error)
{
	/* the first explains those that follow */
	unsigned long code = ERR_get_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	seal_error_set(error, SEAL_ERROR_ENGINE, "OpenSSL failed: %s",
		       reason == NULL ? "no reason given" : reason);
	ERR_clear_error();
}
