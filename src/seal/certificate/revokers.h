/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_REVOKERS_H
#define CERTIFICATE_REVOKERS_H

#include "certificate.h"

/* A designated revoker's certificate (RFC 9580 section 5.2.3.23) comes with
   the one that it may revoke, so that this can be seen; that doesn't make it
   the owner's. Unless it has an address of the other one, or is an additional
   key, it gets a problem, for nothing may be sealed to it. certificates are
   judged ones. */
void revokers_set_aside(GPtrArray *certificates);

#endif
