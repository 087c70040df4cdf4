/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_SECRET_H
#define CERTIFICATE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Is there a secret key in a key file's text, wherever? By its label: PRIVATE
   KEY, RSA PRIVATE KEY, PGP PRIVATE KEY BLOCK and whatever else is called so,
   also quoted, indented or in UTF-16. By what it is: base64 under another label
   or under none, or bytes behind a block, that begin as a secret key does. */
bool key_text_has_secret(const void *data, size_t size);

/* Do the bytes begin with OpenPGP packets that have a secret key among them?
   *complete_r: is nothing else there? */
bool openpgp_packets_have_secret(const void *data, size_t size,
				 bool *complete_r);

#endif
