/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef GPG_CONTEXT_H
#define GPG_CONTEXT_H

#include "../seal-error.h"

#include <glib.h>
#include <gpgme.h>
#include <stdbool.h>

/* A GPGME context and the event loop that drives its gpg process, with a
   limit on the time it may keep us waiting.

   gpg is only ever started through our helper (src/exec), which gives up all
   privileges first. */

struct gpg_context;

/* Returns a context, a kept one if there is: making one costs an exec.
   keyring_home is NULL for our own, empty GnuPG home, else the home whose
   public keyring is to be read. Returns NULL with SEAL_ERROR_ENGINE if gpg
   can't be run. */
struct gpg_context *
gpg_context_get(const char *keyring_home, unsigned int timeout_secs,
		struct seal_error *error);
/* Returns one for gpgme_op_spawn_start(), never a kept one. GPGME doesn't see
   the status output then, and how gpg ended is for the caller to read from
   it. */
struct gpg_context *
gpg_context_get_spawn(unsigned int timeout_secs, struct seal_error *error);
/* Gives it back. One whose operation didn't end well is not kept; its gpg is
   ended. */
void gpg_context_put(struct gpg_context **context);
/* Frees what is kept. */
void gpg_context_deinit(void);

gpgme_ctx_t gpg_context_gpgme(struct gpg_context *context);

/* Where the keys of a key listing go: an array that unrefs them, see
   gpg_key_array_new(). */
void gpg_context_set_keys(struct gpg_context *context, GPtrArray *keys);
GPtrArray *gpg_key_array_new(void);

/* An operation was started with one of GPGME's _start functions, which
   returned start_error. Returns 0, or -1 if that is an error. */
int gpg_context_started(struct gpg_context *context,
			gpgme_error_t start_error, struct seal_error *error);

/* Waits until gpg wants something or has something for us and does it.
   want_write says whether there is input for it. Returns 1, 0 when the
   operation has come to its end, or -1 with SEAL_ERROR_ENGINE or
   SEAL_ERROR_TIMEOUT. */
int gpg_context_turn(struct gpg_context *context, bool want_write,
		     struct seal_error *error);
/* Turns until the operation has come to its end. Returns 0 if it ended well:
   GPGME says so, and the helper saw gpg exit with status 0; the latter isn't
   known of one that was spawned. */
int gpg_context_finish(struct gpg_context *context, struct seal_error *error);

/* gpg said this in its status output (GnuPG's doc/DETAILS), e.g.
   END_ENCRYPTION and IMPORT_RES. */
bool gpg_context_seen_end_encryption(const struct gpg_context *context);
bool gpg_context_seen_import_result(const struct gpg_context *context);

#endif
