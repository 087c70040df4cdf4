/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_MERGE_H
#define CERTIFICATE_MERGE_H

#include "certificate.h"
#include "../seal-error.h"

/* OpenPGP certificates as packets (RFC 9580 section 10.1): who has two copies
   of a certificate, an older and a newer one, or one that is revoked, has one
   certificate. Whatever primary key is equal is merged: its user IDs, subkeys
   and signatures, each once.

   Nothing is verified here; that is the judge's business. Certifications by
   other keys are left away, as nobody asks them. */

/* Of a certificate without others' certifications. Both are far beyond what
   anybody has, and keep the judge's work small. */
#define MERGE_SIGNATURES_MAX 500
#define MERGE_COMPONENTS_MAX 200

struct merge;

/* count_max: more certificates are refused. */
struct merge *merge_new(unsigned int count_max);
void merge_free(struct merge *merge);

/* Adds binary certificates; roles are bits of enum certificate_role. Returns
   0, or -1 with SEAL_ERROR_UNUSABLE_KEY. */
int merge_add(struct merge *merge, const uint8_t *data, size_t size,
	      unsigned int roles, struct seal_error *error);

/* The certificates in the order in which they came, without anything that is
   known by the judge only: fingerprint, roles, data. Their keys are those of
   the packets, all of them invalid. The array's certificates are its own. */
GPtrArray *merge_certificates(const struct merge *merge);

/* When time alone may change what is to be said of them: the next time after
   now at which a key or a signature begins or ends. 0 = never */
time_t merge_next_change(const struct merge *merge, time_t now);

#endif
