/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef SEALING_H
#define SEALING_H

#include "seal.h"

/* Makes the sealed form of a message that isn't encrypted: seal.c knows which
   those are. Its header section is split and what is to be hidden protected,
   the inside is encrypted, checked and put into its envelope. */

struct sealing;

/* Chooses what encrypts, and starts nothing yet. Takes references to the
   recipients and copies the text; header-protect.h's names, too. */
struct sealing *sealing_new(const struct seal_params *params);
/* Ends the engine if it still runs. */
void sealing_free(struct sealing **sealing);
/* Does only that: nothing more of the message will be used. */
void sealing_stop(struct sealing *sealing);

/* There is a message to seal. Returns 0, or -1 with error set. */
int sealing_start(struct sealing *sealing, struct seal_error *error);
/* Takes the next bytes of it. Once that has failed, all fails. */
int sealing_push(struct sealing *sealing, const void *data, size_t size,
		 struct seal_error *error);
/* That was all. */
int sealing_finish(struct sealing *sealing, struct seal_error *error);

/* Takes up to size bytes of the sealed message. Returns how many, 0 when none
   are ready, or -1 with error set. */
ssize_t sealing_pull(struct sealing *sealing, void *data, size_t size,
		     struct seal_error *error);
/* Nothing is ready. */
bool sealing_is_empty(const struct sealing *sealing);
/* The envelope has begun: what comes out is sealed. */
bool sealing_has_begun(const struct sealing *sealing);
/* The name of the engine, once it was started; or NULL */
const char *sealing_engine_name(const struct sealing *sealing);

#endif
