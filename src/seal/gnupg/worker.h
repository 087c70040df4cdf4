/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef GNUPG_WORKER_H
#define GNUPG_WORKER_H

#include "../seal-error.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A process of its own for each thing that is asked of GnuPG. GPGME and all
   that it remembers, waits for and leaves behind stays in there:

	our process ── supervisor ── worker: GPGME ── mail-seal-exec ── gpg

   - Nothing that a gpg under one user's uid has said is left in our process
     but the answer to what was asked for that user.
   - GPGME waits for some answers without a limit and leaves its children to
     process 1. The supervisor takes them over and reaps them, and ends all of
     them when we have lost patience or are gone.
   - The local user whose uid they have could stop or kill mail-seal-exec and
     gpg, but neither supervisor nor worker, as long as ours is a process that
     he couldn't. */

struct worker;

/* What runs in the worker: reads input and writes output, which are
   blocking. Returns 0, or -1 with error set. */
typedef int worker_function_t(int input, int output, void *context,
			      struct seal_error *error);

/* Starts it. The worker has its context as it is now, and may change it as it
   likes: nobody sees that. cpu_secs limits the processor time of each process
   in there, 0 for none; timeout_secs how long it may keep us waiting, all
   waits together. Returns NULL with SEAL_ERROR_ENGINE. */
struct worker *
worker_start(worker_function_t *function, void *context,
	     unsigned int timeout_secs, unsigned int cpu_secs,
	     struct seal_error *error);
/* Ends it, if it still runs, and all below it. */
void worker_free(struct worker **worker);

/* Takes what the worker has written: it is to return 0, or -1 with error
   set. */
typedef int worker_output_t(const void *data, size_t size, void *context,
			    struct seal_error *error);

/* Gives the worker input, and passes its output on while doing so. Returns 0,
   or -1 with error set: of the worker, if it has ended with one. */
int worker_write(struct worker *worker, const void *data, size_t size,
		 worker_output_t *output, void *context,
		 struct seal_error *error);
/* There is no more input: passes on the output up to its end, and waits for
   the result. Returns 0 if the function has returned 0. */
int worker_finish(struct worker *worker, worker_output_t *output,
		  void *context, struct seal_error *error);

/* All of it at once, without input: appends the output to out. */
int worker_run(worker_function_t *function, void *context,
	       unsigned int timeout_secs, unsigned int cpu_secs,
	       GByteArray *out, struct seal_error *error);

/* For functions: writes all, or returns -1 with error set. */
int worker_write_all(int fd, const void *data, size_t size,
		     struct seal_error *error);

#endif
