/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_ADDRESSES_H
#define CERTIFICATE_ADDRESSES_H

#include "certificate.h"

/* Whose mail a certificate is for: the addresses in it, and whether a given
   one is among them. */

/* Returns the addr-specs that the certificate names, possibly none: those of
   its user IDs for which its owner still vouches; of X.509, the mail addresses of the subject alternative name
   and of the subject. Free with g_ptr_array_unref(). */
GPtrArray *certificate_addresses(const struct certificate *certificate);

/* Is this addr-spec (or its spelling with ASCII letters of another case, or
   with an internationalized domain in the other form) among them? */
bool certificate_addresses_have(const GPtrArray *addresses,
				const char *address);

/* Returns the addr-spec that a user ID names, or NULL if there is none: what is
   in the last angle brackets, or else all of it but comments. What can't be
   read and has an @ is returned as it is: it is an address, but nobody's. Free
   with g_free(). */
char *certificate_user_id_address(const char *user_id);

#endif
