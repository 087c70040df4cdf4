/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DISCOVERY_LOAD_H
#define DOVEADM_SEAL_DISCOVERY_LOAD_H

#include "../../discovery/discovery.h"

/* Loads the module of the sources of certificates, once. Returns NULL and a
   sentence from the data stack if that fails. */
const struct discovery_interface *
doveadm_seal_discovery_get(const char **error_r);

#endif
