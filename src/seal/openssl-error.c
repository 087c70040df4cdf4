/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openssl-error.h"

#include <openssl/err.h>

void openssl_errors_forget(void)
{
	ERR_clear_error();
}

bool openssl_failed_itself(void)
{
	unsigned long code;
	bool found = false;

	while ((code = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
			found = true;
	}
	return found;
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
