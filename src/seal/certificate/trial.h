/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_TRIAL_H
#define CERTIFICATE_TRIAL_H

#include "certificate.h"
#include "../seal-error.h"

/* What a judge lists as usable isn't always what can be sealed to: a point
   that isn't on its curve, a key derivation that nobody knows. So before a
   certificate is enrolled a message is sealed to it, and thrown away.

   openpgp_engine says which engine, as in seal.h; NULL: what fits.
   Returns 0; or -1, with SEAL_ERROR_UNUSABLE_KEY if it can't be sealed to,
   which names the key and the reason, or with another error if it couldn't be
   tried. */
int certificate_try(struct certificate *certificate,
		    const char *openpgp_engine, unsigned int timeout_secs,
		    struct seal_error *error);

#endif
