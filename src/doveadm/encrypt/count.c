/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-storage-private.h"
#include "doveadm-mail.h"
#include "count.h"
#include "mbox.h"
#include "progress.h"
#include "storage.h"

int doveadm_seal_is_exempt(struct doveadm_mail_cmd_context *ctx,
			   const struct mail_seal_plugin_interface *plugin,
			   struct mailbox *box)
{
	const char *error;
	int ret = plugin->mailbox_is_exempt(box, &error);

	if (ret < 0) {
		e_error(box->event, "mail_seal: %s", error);
		doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
	}
	return ret;
}

int doveadm_seal_can_replace(struct mailbox *box, const char **reason_r)
{
	if (mail_index_is_in_memory(box->index)) {
		*reason_r = "its index is in memory, so that nothing would "
			"keep two runs apart";
		return -1;
	}
	return doveadm_seal_is_mbox(box) ?
		doveadm_seal_mbox_check(box, reason_r) :
		doveadm_seal_storage_check(box, reason_r);
}

struct counting {
	struct doveadm_mail_cmd_context *ctx;
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_decision decision;
	struct doveadm_seal_progress *progress;
	struct doveadm_seal_counts counts;
};

static int count_mail(struct counting *counting, struct mail *mail)
{
	struct doveadm_seal_counts *counts = &counting->counts;
	enum doveadm_seal_state state;
	const char *const *keys;
	uoff_t size;
	int ret;

	ret = doveadm_seal_get_state(counting->ctx, counting->plugin, mail,
				     &state, &keys);
	if (ret <= 0)
		return ret;
	if (mail_get_physical_size(mail, &size) < 0)
		return doveadm_seal_mail_failed(counting->ctx, mail);
	if (state != DOVEADM_SEAL_STATE_PLAINTEXT)
		counts->encrypted++;
	else if (doveadm_seal_is_without_key(&counting->decision))
		counts->no_key++;
	else if (counting->decision.action != MAIL_SEAL_ACTION_SEAL)
		counts->failed++;
	else {
		counts->sealed++;
		counts->sealed_bytes += size;
	}
	doveadm_seal_progress_add(counting->progress, size);
	return 0;
}

static void
count_mails(struct counting *counting, struct mailbox *box,
	    const ARRAY_TYPE(uint32_t) *uids)
{
	struct mailbox_transaction_context *t;
	struct mail *mail;
	const uint32_t *uid;

	t = mailbox_transaction_begin(box,
				      MAILBOX_TRANSACTION_FLAG_NO_CACHE_DEC |
				      counting->ctx->transaction_flags,
				      "doveadm seal encrypt");
	mail = mail_alloc(t, 0, NULL);
	array_foreach(uids, uid) T_BEGIN {
		if (!doveadm_is_killed() && mail_set_uid(mail, *uid) &&
		    count_mail(counting, mail) < 0)
			counting->counts.failed++;
	} T_END;
	mail_free(&mail);
	mailbox_transaction_rollback(&t);
}

static void say_why(struct counting *counting, struct mailbox *box)
{
	struct doveadm_seal_counts *counts = &counting->counts;
	const char *reason;

	if (counts->failed > 0) {
		if (counting->decision.action != MAIL_SEAL_ACTION_SEAL &&
		    counting->decision.log_error != NULL) {
			e_error(box->event, "mail_seal: Messages can't be "
				"sealed: %s", counting->decision.log_error);
		}
		doveadm_mail_failed_error(counting->ctx, MAIL_ERROR_TEMP);
	}
	if (counts->sealed > 0 && doveadm_seal_can_replace(box, &reason) < 0) {
		e_error(box->event, "mail_seal: Messages can't be sealed: %s",
			reason);
		doveadm_mail_failed_error(counting->ctx,
					  MAIL_ERROR_NOTPOSSIBLE);
		counts->failed += counts->sealed;
		counts->sealed = counts->sealed_bytes = 0;
	}
}

void doveadm_seal_count(struct doveadm_mail_cmd_context *ctx,
			const struct mail_seal_plugin_interface *plugin,
			struct mailbox *box, const ARRAY_TYPE(uint32_t) *uids,
			struct doveadm_seal_progress *progress,
			struct doveadm_seal_counts *counts)
{
	struct counting counting = {
		.ctx = ctx,
		.plugin = plugin,
		.progress = progress
	};

	plugin->decide_for_mailbox(box, &counting.decision);
	count_mails(&counting, box, uids);
	say_why(&counting, box);
	plugin->decision_free(&counting.decision);
	doveadm_seal_counts_add(counts, &counting.counts);
}
