/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENSSL_COMMON_H
#define OPENSSL_COMMON_H

#include "../seal-error.h"

/* What all that use OpenSSL need of it. */

/* Call this before an operation. It empties OpenSSL's queue of errors, which
   belongs to the whole process, Dovecot included; the others empty it again.

   The first call makes OpenSSL end the process where there is no memory, as
   GLib and Dovecot do, unless who has used it before decided otherwise. Some
   of its functions would go on with what isn't there, and some would never
   work again. */
void openssl_begin(void);

/* An operation failed. Sets SEAL_ERROR_ENGINE with OpenSSL's own words. */
void openssl_error_set(struct seal_error *error);

#endif
