/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef GPG_CONTEXT_H
#define GPG_CONTEXT_H

#include "../seal-error.h"

#include <glib.h>
#include <gpgme.h>
#include <stdbool.h>

/* An operation of gpg has three: status, input, output. */
#define GPG_MAX_FDS 8

/* A GPGME context for one operation, in a worker (worker.h) and nowhere else:
   GPGME starts gpg, through our helper (src/exec), and waits for it without a
   limit.

   What gpg says in its status output (GnuPG's doc/DETAILS) is noted. */

struct gpg_fd {
	gpgme_io_cb_t callback;
	void *data;
	int fd;
	bool for_reading;
	bool used;
};

struct gpg_context {
	gpgme_ctx_t gpgme;
	struct gpg_fd fds[GPG_MAX_FDS];
	bool ended;
	gpgme_error_t result;
	/* what a key listing has found */
	GPtrArray *keys;

	bool seen_end_encryption;
	bool seen_import_result;
	/* why the helper couldn't run it, or 0; GPGME doesn't tell this of
	   every operation */
	gpgme_error_t failure;
	/* gpg has ended by itself, with this status */
	bool seen_exit;
	int exit_status;
};

/* task is one of exec-protocol.h's. Returns 0, or -1 with SEAL_ERROR_ENGINE.
   The worker's end frees it. */
int gpg_context_init(struct gpg_context *context, const char *task,
		     struct seal_error *error);

/* An operation was started with one of GPGME's _start functions, which
   returned start_error. Waits for its end, and returns its error. GPGME's own
   loop goes round for ever when gpg has gone without having read all (it only
   asks whether it can write: src/posix-io.c _gpgme_io_select()). */
gpgme_error_t
gpg_context_wait(struct gpg_context *context, gpgme_error_t start_error);

/* An operation failed, with this error if it isn't 0: says why. Returns
   -1. */
int gpg_context_failed(const struct gpg_context *context, gpgme_error_t err,
		       struct seal_error *error);
/* An operation has ended without an error. Returns 0 if gpg has ended well
   too. */
int gpg_context_check_exit(const struct gpg_context *context,
			   struct seal_error *error);

#endif
