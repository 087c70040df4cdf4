/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef GNUPG_JUDGE_H
#define GNUPG_JUDGE_H

#include "../seal-error.h"

#include <glib.h>

/* gpg, by GPGME, says what OpenPGP certificates are: all in one run, so that
   it knows the designated revoker of one if that is another of them.

   data is certificates in binary form, merged (certificate/merge.h). Appends
   what gpg says as the lines that certificate/facts.h describes. Returns 0; or
   -1 with SEAL_ERROR_UNUSABLE_KEY if gpg would need too much time for them, or
   another error if gpg couldn't tell. */
int judge_openpgp(GBytes *data, unsigned int timeout_secs, GString *listing,
		  struct seal_error *error);

/* Which judge there is: other facts than those of the same one are of no use.
   The caller frees it. */
char *judge_version(void);

#endif
