/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "file-lock.h"
#include "mail-storage-private.h"
#include "doveadm-mail.h"
#include "batch.h"

/* One run at a time in a mailbox, for as long as a batch takes. */
#define LOCK_NAME "dovecot-mail-seal.lock"
#define LOCK_TIMEOUT_SECS 300

void doveadm_seal_counts_add(struct doveadm_seal_counts *dest,
			     const struct doveadm_seal_counts *src)
{
	dest->sealed += src->sealed;
	dest->sealed_bytes += src->sealed_bytes;
	dest->encrypted += src->encrypted;
	dest->excluded += src->excluded;
	dest->no_key += src->no_key;
	dest->failed += src->failed;
}

int doveadm_seal_box_lock(struct doveadm_mail_cmd_context *ctx,
			  struct mailbox *box, struct file_lock **lock_r)
{
	const char *error;
	int ret;

	ret = mailbox_lock_file_create(box, LOCK_NAME, LOCK_TIMEOUT_SECS,
				       lock_r, &error);
	if (ret > 0)
		return 0;
	e_error(box->event, "mail_seal: %s: %s", ret < 0 ?
		"Can't lock the mailbox" :
		"Another run is at work in this mailbox", error);
	doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
	return -1;
}

int doveadm_seal_box_run(struct doveadm_seal_box *sbox,
			 const ARRAY_TYPE(uint32_t) *_uids,
			 struct doveadm_seal_counts *counts)
{
	const uint64_t old_failed = counts->failed;
	unsigned int count, done;
	const uint32_t *uids = array_get(_uids, &count);
	int ret = 0;

	while (count > 0 && ret == 0 && !sbox->stopped &&
	       !doveadm_is_killed()) T_BEGIN {
		ret = doveadm_seal_batch_run(sbox, uids, count, &done,
					     counts);
		if (ret == 0) {
			uids += done;
			count -= done;
		}
	} T_END;
	/* what wasn't come to isn't sealed */
	counts->failed += count;
	if (counts->failed == old_failed)
		return 0;
	doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
	return -1;
}

struct doveadm_seal_box *
doveadm_seal_box_init(struct doveadm_mail_cmd_context *ctx,
		      const struct mail_seal_plugin_interface *plugin,
		      struct mailbox *box, struct event *event,
		      struct doveadm_seal_progress *progress)
{
	struct doveadm_seal_box *sbox;

	sbox = i_new(struct doveadm_seal_box, 1);
	sbox->ctx = ctx;
	sbox->plugin = plugin;
	sbox->box = box;
	sbox->event = event;
	sbox->progress = progress;
	i_array_init(&sbox->failed_uids, 8);
	return sbox;
}

void doveadm_seal_box_deinit(struct doveadm_seal_box **_sbox)
{
	struct doveadm_seal_box *sbox = *_sbox;

	*_sbox = NULL;
	array_free(&sbox->failed_uids);
	i_free(sbox);
}
