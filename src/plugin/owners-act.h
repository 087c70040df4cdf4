/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_OWNERS_ACT_H
#define MAIL_SEAL_OWNERS_ACT_H

#include "dovecot-compat.h"
#include "enrol.h"

/* What an owner does with his mailboxes in a mail client can say something
   about his certificates. Nobody else's doing can: not a delivery's, a
   script's, another user's, a master user's or doveadm's. */

/* Is it the owner who does something with the mailbox itself? Returns his
   settings, or NULL. They have a source. */
const struct mail_seal_settings *mail_seal_owners_act(struct mailbox *box);

/* The same for a message that is saved or copied. */
const struct mail_seal_settings *
mail_seal_owners_save(struct mail_save_context *ctx);

/* The enrolment for enrol.h, by this way, which never changes */
void mail_seal_owners_enrolment(const struct mail_seal_settings *set,
				const char *way,
				struct mail_seal_enrolment *enrolment_r);

/* It didn't become what the owner wanted: logs it, and tells him. Returns -1. */
int mail_seal_owners_act_failed(struct mailbox *box,
				enum mail_seal_enrol_result result,
				const struct mail_seal_enrol_error *error);

#endif
