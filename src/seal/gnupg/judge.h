/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATES_OPENPGP_H
#define CERTIFICATES_OPENPGP_H

#include "../seal-error.h"

#include <glib.h>

/* Reads OpenPGP certificates, ASCII armored or binary, and asks gpg what they
   are. Appends one at least and returns 0; or returns -1 as certificates_read()
   does. */
int certificates_openpgp_read(const void *data, size_t size,
			      unsigned int timeout_secs,
			      GPtrArray *certificates,
			      struct seal_error *error);

#endif
