/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_FOR_ADDRESS_H
#define CERTIFICATE_FOR_ADDRESS_H

#include "certificate.h"

/* A certificate's bytes as they are to be shown to who asks for this address:
   OpenPGP without user IDs that name another one or none, and without user
   attributes (RFC 9580 section 5.12), which are photos mostly. Nobody's
   business is which other addresses the owner has. What is left can be less
   than was judged: *changed_r tells that something was left away. X.509 is
   signed as a whole, and stays so. */
GBytes *certificate_for_address(const struct certificate *certificate,
				const char *address, bool *changed_r);

#endif
