/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef BACKENDS_H
#define BACKENDS_H

#include "engine.h"

/* Which engine seals to whom. A new engine is one line in backends.c. */

/* Returns the first engine that can seal to all of these recipients, who are
   of one kind: of this name, or of any if it is NULL or "auto". NULL if there
   is none. */
const struct engine *backend_choose(const struct engine_params *params,
				    const char *name);

/* Can the engine that would seal to this usable certificate do so, as far as
   can be told without a message? Returns 0, or -1 with error:
   SEAL_ERROR_UNUSABLE_KEY and what is wrong with the certificate, or what
   failed. */
int backend_check(struct certificate *certificate, const char *name,
		  bool compress, time_t now, struct seal_error *error);

/* Is there an engine of this name for this kind of certificate? "auto" is
   one. */
bool backend_exists(enum certificate_kind kind, const char *name);

#endif
