/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef X509_FILE_H
#define X509_FILE_H

#include "../seal-error.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* A group's, and those of authorities */
#define X509_FILE_COUNT_MAX (CERTIFICATES_GROUP_MAX + CERTIFICATES_COUNT_MAX)

/* Adds the X.509 certificates of a key file (x509.h says of which forms), each
   once, and no more than X509_FILE_COUNT_MAX. Returns 0, also if there is none; or -1 if it is not what it should
   be. */
int x509_file_read(const void *data, size_t size, STACK_OF(X509) *found,
		   struct seal_error *error);

/* Does it begin with a secret key in DER, by itself or in PKCS #12? */
bool x509_file_is_secret(const void *data, size_t size);

#endif
