/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef GNUPG_HOME_H
#define GNUPG_HOME_H

#include "../seal-error.h"

#include <glib.h>

/* Looks up the certificates of names, addresses or fingerprints, in the
   public keyring of a GnuPG home, which is only read. Returns 1 and appends
   them to out in binary form; 0 if none has one; -1 with
   SEAL_ERROR_UNUSABLE_KEY if an address has several, if a fingerprint isn't
   there or a name is neither; or -1 with another error. */
int gnupg_home_find(const char *home, const char *const *names,
		    unsigned int timeout_secs, GByteArray *out,
		    struct seal_error *error);

#endif
