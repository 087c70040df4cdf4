/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENSSL_ERROR_H
#define OPENSSL_ERROR_H

#include "seal-error.h"

#include <stdbool.h>

/* OpenSSL's queue of errors belongs to the whole process, Dovecot included.
   Empty it before an operation; these empty it again. */
void openssl_errors_forget(void);

/* An operation failed. Is OpenSSL itself to blame, for want of memory, rather
   than what it was given? */
bool openssl_failed_itself(void);
/* Sets SEAL_ERROR_ENGINE with OpenSSL's own words. */
void openssl_error_set(struct seal_error *error);

#endif
