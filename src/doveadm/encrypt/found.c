/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-storage-private.h"
#include "doveadm-mail.h"
#include "doveadm-mail-iter.h"
#include "doveadm-mailbox-list-iter.h"
#include "found.h"
#include "mbox.h"

static int
search_mailbox(struct doveadm_mail_cmd_context *ctx,
	       const struct mailbox_info *info,
	       enum doveadm_seal_found_flags flags,
	       struct doveadm_seal_found *found_r)
{
	const bool want_bytes = (flags & DOVEADM_SEAL_FOUND_BYTES) != 0;
	struct doveadm_mail_iter *iter;
	struct mail *mail;
	uoff_t size;

	if (doveadm_mail_iter_init(ctx, info, ctx->search_args,
				   want_bytes ? MAIL_FETCH_PHYSICAL_SIZE : 0,
				   NULL,
				   (flags & DOVEADM_SEAL_FOUND_READONLY) != 0 ?
				   DOVEADM_MAIL_ITER_FLAG_READONLY : 0,
				   &iter) < 0)
		return -1;
	i_array_init(&found_r->uids, 64);
	while (doveadm_mail_iter_next(iter, &mail)) {
		array_push_back(&found_r->uids, &mail->uid);
		if (want_bytes && mail_get_physical_size(mail, &size) == 0)
			found_r->bytes += size;
	}
	return doveadm_mail_iter_deinit_keep_box(&iter, &found_r->box);
}

static void found_free(struct doveadm_seal_found *found)
{
	if (found->box != NULL)
		mailbox_free(&found->box);
	if (array_is_created(&found->uids))
		array_free(&found->uids);
}

int doveadm_seal_found_each(struct doveadm_mail_cmd_context *ctx,
			    struct mail_user *user,
			    enum doveadm_seal_found_flags flags,
			    doveadm_seal_found_t *callback, void *context)
{
	const enum mailbox_list_iter_flags iter_flags =
		MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_RETURN_NO_FLAGS;
	struct doveadm_mailbox_list_iter *iter;
	const struct mailbox_info *info;
	int ret = 0;

	iter = doveadm_mailbox_list_iter_init(ctx, user, ctx->search_args,
					      iter_flags);
	while ((info = doveadm_mailbox_list_iter_next(iter)) != NULL) T_BEGIN {
		struct doveadm_seal_found found;

		i_zero(&found);
		if (doveadm_seal_is_mbox_copy(info))
			;
		else if (search_mailbox(ctx, info, flags, &found) < 0 ||
			 (array_count(&found.uids) > 0 &&
			  callback(&found, context) < 0))
			ret = -1;
		found_free(&found);
	} T_END;
	if (doveadm_mailbox_list_iter_deinit(&iter) < 0)
		ret = -1;
	return ret;
}
