/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include "certificate.h"
#include "../seal-error.h"

/* A file with more certificates is no owner's key file. */
#define CERTIFICATES_COUNT_MAX 32

/* Why a file with secret key material is refused */
#define CERTIFICATES_SECRET \
	"it holds a secret key, which doesn't belong on a server"

struct certificate_list {
	struct certificate **certificates;
	size_t count;
};

/* Reads the content of an owner's key file: one or more certificates, all of
   one kind. OpenPGP, ASCII armored or binary; or X.509, as
   x509.h says. Returns the list, with one at least; or NULL, with
   SEAL_ERROR_UNUSABLE_KEY if it is not what it should be, with another error
   if the engine couldn't tell. The list stays the library's and is valid until
   the next call, its certificates longer for who takes a reference.

   What was read is kept by content, so that a process pays for each key file
   once. */
const struct certificate_list *
certificates_read(const void *data, size_t size, unsigned int timeout_secs,
		  struct seal_error *error);
/* The same for the key file of an organisation, whose mailboxes may have
   owners of both kinds: reads the certificates of this kind, and not the
   others. */
const struct certificate_list *
certificates_read_kind(const void *data, size_t size,
		       enum certificate_kind kind, unsigned int timeout_secs,
		       struct seal_error *error);

/* Frees what is kept. */
void certificates_deinit(void);

#endif
