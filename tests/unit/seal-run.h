/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef SEAL_RUN_H
#define SEAL_RUN_H

#include "message/seal.h"

#include <glib.h>

/* Seals a whole message, pushed and pulled in pieces of step, with temporary
   files as the params have them. Returns what comes out, or NULL with error
   set; *sealing_r, if it isn't NULL, tells whether it was sealed. The caller
   frees it. */
GString *seal_run(const struct seal_params *params, const char *message,
		  size_t size, size_t step, bool *sealing_r,
		  struct seal_error *error);

/* A seal_spool_open_t: an unlinked file in /tmp */
int seal_run_spool(void *context);

#endif
