/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef TEST_OPENPGP_SEAL_H
#define TEST_OPENPGP_SEAL_H

#include "certificate/certificate.h"
#include "seal-error.h"

/* Sealing by libcrypto's OpenPGP engine alone, with a random source that is
   the test's: link with -Wl,--wrap=getrandom. */

#define TEST_NOW 1000000000

extern enum random_mode {
	RANDOM_WHOLE,
	/* a byte at a time, and a signal before each */
	RANDOM_SLOW,
	RANDOM_FAILS
} random_mode;
/* calls that succeed before one fails */
extern unsigned int random_left;
/* what it has given for the last message */
extern GByteArray *random_given;

/* Returns the message, given in pieces of step, or NULL with error set. The
   check stands where it does in message/seal.c. */
GByteArray *
seal_to(struct certificate *const *recipients, size_t count, const char *plain,
	size_t size, size_t step, struct seal_error *error);

#endif
