/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef COPY_ENGINE_H
#define COPY_ENGINE_H

#include "seal.h"

#include <glib.h>

/* Seals a message with an engine that encrypts nothing, pushed in pieces of
   step. Returns what comes out and, in *inside_r, what the engine was given;
   *sealing_r tells whether it was sealed. Ends the process when sealing
   fails. The caller frees both strings. */
GString *
copy_engine_seal(const char *message, size_t size, size_t step,
		 const char *const *protect_headers, GString **inside_r,
		 bool *sealing_r);

#endif
