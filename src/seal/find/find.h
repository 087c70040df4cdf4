/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_FIND_H
#define CERTIFICATE_FIND_H

#include "../seal-error.h"

#include <glib.h>
#include <stddef.h>

/* Finds the certificate that somebody means when he shows a message: one that
   he has sent, with an Autocrypt field or an S/MIME signature, or one that has
   it as text or as an attached file. A message that is attached to it may be
   anybody's, and isn't looked into; nor is what is encrypted. */

/* A larger message isn't looked at; bytes. */
#define CERTIFICATE_FIND_MAX (4*1024*1024)

/* Appends the certificate as the text of a key file. It may be there several
   times, also as copies of which each has something else: that is one.

   Returns 0; or -1 with SEAL_ERROR_UNUSABLE_KEY and half a sentence for who
   showed the message: there is none, there are several, or a secret key is
   among what it has. Other errors: the judge couldn't tell. Whether it can be
   used isn't asked. */
int certificate_find(const void *message, size_t size,
		     unsigned int timeout_secs, GString *text,
		     struct seal_error *error);

#endif
