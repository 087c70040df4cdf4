/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_FOUND_H
#define DOVEADM_SEAL_FOUND_H

#include "array-decl.h"
#include "../../plugin/dovecot-compat.h"

/* The messages that a command's search finds in a mailbox */
struct doveadm_seal_found {
	struct mailbox *box;
	ARRAY_TYPE(uint32_t) uids;
	/* of all of them, if that was asked for */
	uint64_t bytes;
};

enum doveadm_seal_found_flags {
	/* the mailboxes are opened to be read only */
	DOVEADM_SEAL_FOUND_READONLY = 0x01,
	DOVEADM_SEAL_FOUND_BYTES = 0x02
};

/* Returns 0, or -1 if something has failed; the others are called all the
   same. */
typedef int doveadm_seal_found_t(struct doveadm_seal_found *found,
				 void *context);

/* Calls back for each of the user's mailboxes in which there are any; box may be
   used until then. Returns 0, or -1 if that or one of the calls has failed. */
int doveadm_seal_found_each(struct doveadm_mail_cmd_context *ctx,
			    struct mail_user *user,
			    enum doveadm_seal_found_flags flags,
			    doveadm_seal_found_t *callback, void *context);

#endif
