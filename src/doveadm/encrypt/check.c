/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-storage-private.h"
#include "check.h"
#include "copy.h"

/* Can this copy take its original's place? */
static bool
is_good(const struct mail_seal_plugin_interface *plugin, struct mail *mail,
	const struct doveadm_seal_replacement *replacement)
{
	/* An earlier run's was checked when it was found. Should one have gone,
	   that is seen when it is to take the place. */
	return replacement->found ||
		!mail_set_uid(mail, replacement->copy_uid) ||
		doveadm_seal_copy_check(plugin, mail, replacement->copy) ||
		mail->expunged;
}

static bool
check_copy(const struct mail_seal_plugin_interface *plugin, struct mail *mail,
	   struct event *event,
	   const struct doveadm_seal_replacement *replacement)
{
	if (is_good(plugin, mail, replacement))
		return TRUE;
	e_error(event, "mail_seal: The sealed copy of UID %u can't be read as "
		"it was written; the message is kept",
		replacement->original_uid);
	mail_expunge(mail);
	return FALSE;
}

int doveadm_seal_check_copies(const struct mail_seal_plugin_interface *plugin,
			      struct mailbox *box, struct event *event,
			      enum mailbox_transaction_flags flags,
			      ARRAY_TYPE(doveadm_seal_replacement) *list,
			      unsigned int *bad_r)
{
	struct mailbox_transaction_context *t;
	struct mail *mail;
	bool good;

	*bad_r = 0;
	/* shows us the copies */
	if (mailbox_sync(box, 0) < 0)
		return -1;
	t = mailbox_transaction_begin(box, flags |
				      MAILBOX_TRANSACTION_FLAG_NO_CACHE_DEC,
				      "doveadm seal encrypt");
	mail = mail_alloc(t, 0, NULL);
	for (unsigned int i = array_count(list); i-- > 0; ) {
		T_BEGIN {
			good = check_copy(plugin, mail, event,
					  array_idx(list, i));
		} T_END;
		if (!good) {
			array_delete(list, i, 1);
			(*bad_r)++;
		}
	}
	mail_free(&mail);
	return mailbox_transaction_commit(&t);
}
