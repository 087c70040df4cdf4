/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_ENGINE_H
#define OPENPGP_ENGINE_H

#include "../engine.h"

/* Can engine_openpgp_libcrypto seal to this certificate, or say why nobody
   can? */
bool openpgp_libcrypto_can(struct certificate *certificate,
			   const struct engine_params *params);

/* Is the key that it would seal to as it must be? What is made to find out is
   kept for the messages. Returns 0 or -1, as backend_check(). */
int openpgp_libcrypto_check(struct certificate *certificate, time_t now,
			    struct seal_error *error);

#endif
