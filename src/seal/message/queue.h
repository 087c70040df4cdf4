/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef SEAL_QUEUE_H
#define SEAL_QUEUE_H

#include "../seal-error.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A first-in, first-out queue of bytes whose memory doesn't grow with what it
   holds: what goes beyond a limit goes to an unlinked temporary file.

   That file is on a disk, so nothing may be queued here that mustn't be at
   rest: ciphertext may, plaintext may not. */

/* Returns a descriptor of a new file that has no name any more, or -1 with
   errno set. The queue closes it. */
typedef int seal_spool_open_t(void *context);

struct seal_queue;

/* memory_limit is in bytes. Without an open function all stays in memory. */
struct seal_queue *
seal_queue_new(size_t memory_limit, seal_spool_open_t *spool_open,
	       void *context);
void seal_queue_free(struct seal_queue **queue);

/* bytes */
size_t seal_queue_size(const struct seal_queue *queue);
bool seal_queue_is_empty(const struct seal_queue *queue);

/* Returns 0, or -1 with SEAL_ERROR_STORE when the file can't be made or
   written. */
int seal_queue_append(struct seal_queue *queue, const void *data, size_t size,
		      struct seal_error *error);
/* The same for text, which is empty afterwards. Where it is all that the queue
   has, its memory is taken and nothing is copied. */
int seal_queue_append_text(struct seal_queue *queue, GString *text,
			   struct seal_error *error);
/* Takes up to size bytes from the front. Returns how many, 0 when the queue
   is empty, or -1 with SEAL_ERROR_STORE when the file can't be read back. */
ssize_t seal_queue_take(struct seal_queue *queue, void *data, size_t size,
			struct seal_error *error);
/* Moves what is in front of the last keep bytes of one queue to another.
   Returns 0, or -1 as above. */
int seal_queue_move(struct seal_queue *from, size_t keep,
		    struct seal_queue *to, struct seal_error *error);

#endif
