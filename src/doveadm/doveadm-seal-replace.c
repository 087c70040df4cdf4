/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-index.h"
#include "mail-storage-private.h"
#include "mail-transaction-log.h"
#include "doveadm-seal-replace.h"

#define LOCK_REASON "doveadm seal encrypt"

struct replace_context {
	struct mailbox *box;
	/* the mailbox as it is at this moment */
	struct mail_index_view *view;
	struct mailbox_transaction_context *t;
	struct mail *mail;
};

static bool
view_get(struct mail_index_view *view, uint32_t uid, enum mail_flags *flags_r,
	 ARRAY_TYPE(keyword_indexes) *keywords)
{
	uint32_t seq;

	if (!mail_index_lookup_seq(view, uid, &seq))
		return FALSE;
	*flags_r = mail_index_lookup(view, seq)->flags & MAIL_FLAGS_NONRECENT;
	mail_index_lookup_keywords(view, seq, keywords);
	return TRUE;
}

static bool
keywords_equal(const ARRAY_TYPE(keyword_indexes) *a,
	       const ARRAY_TYPE(keyword_indexes) *b)
{
	/* lookups give them in order */
	return array_cmp(a, b);
}

/* Nothing that was set may get lost: the copy of this run has the original's
   flags of a moment ago, and gets those of now. With an earlier run's both
   could be used for a while; such a copy gets the original's besides. */
static void
update_copy(struct replace_context *ctx,
	    const struct doveadm_seal_replacement *replacement,
	    enum mail_flags flags, const ARRAY_TYPE(keyword_indexes) *keywords,
	    enum mail_flags copy_flags,
	    const ARRAY_TYPE(keyword_indexes) *copy_keywords)
{
	enum modify_type type = replacement->found ? MODIFY_ADD :
		MODIFY_REPLACE;
	struct mail_keywords *mail_keywords;

	if (flags != copy_flags)
		mail_update_flags(ctx->mail, type, flags);
	if (!keywords_equal(keywords, copy_keywords)) {
		mail_keywords = mailbox_keywords_create_from_indexes(ctx->box,
								     keywords);
		mail_update_keywords(ctx->mail, type, mail_keywords);
		mailbox_keywords_unref(&mail_keywords);
	}
}

/* Returns FALSE if there is nothing to replace it with. */
static bool
replace_one(struct replace_context *ctx,
	    const struct doveadm_seal_replacement *replacement)
{
	ARRAY_TYPE(keyword_indexes) keywords, copy_keywords;
	enum mail_flags flags, copy_flags;
	bool original, copy;

	t_array_init(&keywords, 8);
	t_array_init(&copy_keywords, 8);
	original = view_get(ctx->view, replacement->original_uid, &flags,
			    &keywords);
	copy = view_get(ctx->view, replacement->copy_uid, &copy_flags,
			&copy_keywords) &&
		mail_set_uid(ctx->mail, replacement->copy_uid);
	if (!copy)
		return !original;
	if (!original) {
		mail_expunge(ctx->mail);
		return TRUE;
	}
	/* Private flags of a shared mailbox aren't in this index; the copy
	   has got them when it was saved. */
	if (ctx->box->view_pvt == NULL) {
		update_copy(ctx, replacement, flags, &keywords, copy_flags,
			    &copy_keywords);
	}
	if (mail_set_uid(ctx->mail, replacement->original_uid))
		mail_expunge(ctx->mail);
	return TRUE;
}

static int
replace_locked(struct mailbox *box, enum mailbox_transaction_flags flags,
	       const ARRAY_TYPE(doveadm_seal_replacement) *list,
	       unsigned int *kept_r)
{
	const struct doveadm_seal_replacement *replacement;
	struct replace_context ctx = { .box = box };

	if (mail_index_refresh(box->index) < 0) {
		mailbox_set_index_error(box);
		return -1;
	}
	ctx.view = mail_index_view_open(box->index);
	ctx.t = mailbox_transaction_begin(box, flags, LOCK_REASON);
	ctx.mail = mail_alloc(ctx.t, 0, NULL);
	array_foreach(list, replacement) T_BEGIN {
		if (!replace_one(&ctx, replacement))
			*kept_r += 1;
	} T_END;
	mail_free(&ctx.mail);
	mail_index_view_close(&ctx.view);
	return mailbox_transaction_commit(&ctx.t);
}

/* While the transaction log is locked nobody else changes flags or expunges.
   The commit writes into the log, which the lock's owner may. */
int doveadm_seal_replace(struct mailbox *box,
			 enum mailbox_transaction_flags flags,
			 const ARRAY_TYPE(doveadm_seal_replacement) *list,
			 unsigned int *kept_r)
{
	struct mail_transaction_log *log;
	uint32_t file_seq;
	uoff_t file_offset;
	int ret;

	*kept_r = 0;
	/* shows us the copies, and flags that others have changed */
	if (mailbox_sync(box, 0) < 0)
		return -1;
	log = box->index->log;
	if (mail_transaction_log_sync_lock(log, LOCK_REASON, &file_seq,
					   &file_offset) < 0) {
		mailbox_set_index_error(box);
		return -1;
	}
	ret = replace_locked(box, flags, list, kept_r);
	mail_transaction_log_sync_unlock(log, LOCK_REASON);
	if (ret < 0)
		return -1;
	/* does what the transaction asks for */
	return mailbox_sync(box, MAILBOX_SYNC_FLAG_EXPUNGE);
}
