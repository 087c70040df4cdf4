/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_ENGINE_H
#define OPENPGP_ENGINE_H

#include "../engine.h"

/* Can engine_openpgp_libcrypto seal to this certificate, or say why nobody
   can? */
bool openpgp_libcrypto_can(struct certificate *certificate,
			   const struct engine_params *params);

#endif
