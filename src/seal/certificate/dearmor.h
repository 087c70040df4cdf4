/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_DEARMOR_H
#define CERTIFICATE_DEARMOR_H

#include <glib.h>
#include <stddef.h>

/* Takes the armor (RFC 9580 section 6) off all blocks of public keys in text,
   whatever stands around them, and appends the bytes to out. As lenient as gpg,
   sq and OpenPGP.js: lines of any length, white space and empty lines
   anywhere. A checksum isn't looked at (section 6.1): what is damaged has no
   good signature.

   Returns the number of blocks, or -1 if one is broken: no end, or characters
   that aren't base64. */
int openpgp_dearmor_certificates(const char *text, size_t size,
				 GByteArray *out);

#endif
