/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_KEY_SPLIT_H
#define CERTIFICATE_KEY_SPLIT_H

#include "certificate.h"
#include "../seal-error.h"

struct key_file;
struct merge;

/* Appends the certificates of a key file, or of a team's if that is said
   (struct certificates_params), each once and in their order. No judge is
   asked: of an OpenPGP certificate only the fingerprint and the data are known.
   Returns 0, or -1 with SEAL_ERROR_UNUSABLE_KEY if there is none, or one can't
   be read, or they are of both kinds. */
int certificates_split(const void *data, size_t size, bool group,
		       GPtrArray *certificates, struct seal_error *error);
/* Adds the OpenPGP certificates of a key file that was looked at. Returns 0 or
   -1 as above. */
int key_file_merge(const struct key_file *file, struct merge *merge,
		   struct seal_error *error);

#endif
