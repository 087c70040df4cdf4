/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef RANDOM_H
#define RANDOM_H

#include "../seal-error.h"

#include <stddef.h>

/* Fills data from the kernel's random source, which is none of libcrypto's:
   no generator in between has a state that could be lost or copied. Returns
   0, or -1 with SEAL_ERROR_ENGINE; then data must not be used. */
int random_bytes(void *data, size_t size, struct seal_error *error);

#endif
