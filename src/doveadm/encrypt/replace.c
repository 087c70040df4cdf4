/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-cache.h"
#include "mail-index-private.h"
#include "mail-index-transaction-private.h"
#include "mail-storage-private.h"
#include "mail-transaction-log.h"
#include "replace.h"

#define REASON "doveadm seal encrypt"

/* Each attempt takes no longer than others need to change a flag. */
#define MAX_ATTEMPTS 100

/* A message as it is at some moment */
struct message_state {
	bool exists;
	enum mail_flags flags;
	/* NULL if there are none */
	const ARRAY_TYPE(keyword_indexes) *keywords;
};

struct replace_context {
	pool_t pool;
	struct mailbox *box;
	const ARRAY_TYPE(doveadm_seal_replacement) *list;
	/* what the transaction was made for: of each replacement the original
	   and then the copy */
	ARRAY(struct message_state) states;

	struct mailbox_transaction_context *t;
	struct mail *mail;
	/* number of originals without a copy */
	unsigned int kept;

	struct mail_index_transaction_vfuncs super;
	/* the mailbox isn't any more what the transaction was made for */
	bool changed;
};

/* Dovecot calls back without a context of ours. */
static struct replace_context *committing;

/*
 * State of messages
 */

static void
state_get(struct mail_index_view *view, uint32_t uid, pool_t pool,
	  struct message_state *state_r)
{
	ARRAY_TYPE(keyword_indexes) *keywords;
	uint32_t seq;

	i_zero(state_r);
	if (!mail_index_lookup_seq(view, uid, &seq))
		return;
	keywords = p_new(pool, ARRAY_TYPE(keyword_indexes), 1);
	p_array_init(keywords, pool, 8);
	mail_index_lookup_keywords(view, seq, keywords);
	state_r->exists = TRUE;
	state_r->flags = mail_index_lookup(view, seq)->flags &
		MAIL_FLAGS_NONRECENT;
	state_r->keywords = keywords;
}

static bool
states_equal(const struct message_state *a, const struct message_state *b)
{
	if (!a->exists || !b->exists)
		return a->exists == b->exists;
	return a->flags == b->flags && array_cmp(a->keywords, b->keywords);
}

/* What others have done by now, not what our view of the mailbox shows */
static int
open_latest_view(struct mail_index *index, struct mail_index_view **view_r)
{
	if (mail_index_refresh(index) < 0)
		return -1;
	*view_r = mail_index_view_open(index);
	return 0;
}

static int states_get(struct replace_context *ctx)
{
	const struct doveadm_seal_replacement *replacement;
	struct message_state *state;
	struct mail_index_view *view;

	if (open_latest_view(ctx->box->index, &view) < 0) {
		mailbox_set_index_error(ctx->box);
		return -1;
	}
	p_array_init(&ctx->states, ctx->pool, 2 * array_count(ctx->list));
	array_foreach(ctx->list, replacement) {
		state = array_append_space(&ctx->states);
		state_get(view, replacement->original_uid, ctx->pool, state);
		state = array_append_space(&ctx->states);
		state_get(view, replacement->copy_uid, ctx->pool, state);
	}
	mail_index_view_close(&view);
	return 0;
}

/* Returns 1 if they are as they were, 0 if not, -1 on error. */
static int states_are_current(struct replace_context *ctx)
{
	const struct doveadm_seal_replacement *replacement;
	const struct message_state *state = array_front(&ctx->states);
	struct mail_index_view *view;
	bool equal = TRUE;

	if (open_latest_view(ctx->box->index, &view) < 0)
		return -1;
	array_foreach(ctx->list, replacement) T_BEGIN {
		struct message_state original, copy;
		pool_t pool = pool_datastack_create();

		state_get(view, replacement->original_uid, pool, &original);
		state_get(view, replacement->copy_uid, pool, &copy);
		equal = equal && states_equal(&original, &state[0]) &&
			states_equal(&copy, &state[1]);
		state += 2;
	} T_END;
	mail_index_view_close(&view);
	return equal ? 1 : 0;
}

/*
 * The transaction
 */

/* Nothing that was set may get lost: the copy of this run has the original's
   flags of a moment ago, and gets those of now. With an earlier run's both
   could be used for a while; such a copy gets the original's besides. */
static void
update_copy(struct replace_context *ctx,
	    const struct doveadm_seal_replacement *replacement,
	    const struct message_state *original,
	    const struct message_state *copy)
{
	enum modify_type type = replacement->found ? MODIFY_ADD :
		MODIFY_REPLACE;
	struct mail_keywords *keywords;

	if (original->flags != copy->flags)
		mail_update_flags(ctx->mail, type, original->flags);
	if (!array_cmp(original->keywords, copy->keywords)) {
		keywords = mailbox_keywords_create_from_indexes(ctx->box,
							original->keywords);
		mail_update_keywords(ctx->mail, type, keywords);
		mailbox_keywords_unref(&keywords);
	}
}

static void
replace_one(struct replace_context *ctx,
	    const struct doveadm_seal_replacement *replacement,
	    const struct message_state *original,
	    const struct message_state *copy)
{
	if (!copy->exists || !mail_set_uid(ctx->mail, replacement->copy_uid)) {
		if (original->exists)
			ctx->kept++;
		return;
	}
	if (!original->exists) {
		mail_expunge(ctx->mail);
		return;
	}
	/* Private flags of a shared mailbox aren't in this index; the copy
	   has got them when it was saved. */
	if (ctx->box->view_pvt == NULL)
		update_copy(ctx, replacement, original, copy);
	if (mail_set_uid(ctx->mail, replacement->original_uid))
		mail_expunge(ctx->mail);
}

/* While the transaction log is locked nobody else changes anything, so this is
   when to look whether the transaction still fits. Only the index does so
   here: other plugins, which do as they like, have their turn before and
   after. */
static int
replace_index_commit(struct mail_index_transaction *t,
		     struct mail_index_transaction_commit_result *result_r)
{
	struct replace_context *ctx = committing;
	struct mail_transaction_log *log = ctx->box->index->log;
	uint32_t file_seq;
	uoff_t file_offset;
	int ret;

	if (mail_transaction_log_sync_lock(log, REASON, &file_seq,
					   &file_offset) < 0) {
		ctx->super.rollback(t);
		return -1;
	}
	ret = states_are_current(ctx);
	if (ret > 0) {
		ret = ctx->super.commit(t, result_r);
	} else {
		ctx->changed = ret == 0;
		ctx->super.rollback(t);
		ret = -1;
	}
	mail_transaction_log_sync_unlock(log, REASON);
	return ret;
}

static int replace_commit(struct replace_context *ctx)
{
	int ret;

	/* It would be written under the lock and is of no use. */
	mail_cache_transaction_reset(ctx->t->cache_trans);
	ctx->super = ctx->t->super;
	ctx->t->super.commit = replace_index_commit;
	committing = ctx;
	ret = mailbox_transaction_commit(&ctx->t);
	committing = NULL;
	return ret;
}

/* Returns 1, 0 if others were faster, or -1. */
static int
replace_try(struct replace_context *ctx, enum mailbox_transaction_flags flags)
{
	const struct doveadm_seal_replacement *replacement;
	const struct message_state *state;

	/* shows us the copies, and what others have done */
	if (mailbox_sync(ctx->box, 0) < 0 || states_get(ctx) < 0)
		return -1;
	ctx->t = mailbox_transaction_begin(ctx->box, flags, REASON);
	ctx->mail = mail_alloc(ctx->t, 0, NULL);
	state = array_front(&ctx->states);
	array_foreach(ctx->list, replacement) T_BEGIN {
		replace_one(ctx, replacement, &state[0], &state[1]);
		state += 2;
	} T_END;
	mail_free(&ctx->mail);
	if (replace_commit(ctx) == 0)
		return 1;
	return ctx->changed ? 0 : -1;
}

int doveadm_seal_replace(struct mailbox *box,
			 enum mailbox_transaction_flags flags,
			 const ARRAY_TYPE(doveadm_seal_replacement) *list,
			 unsigned int *kept_r)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < MAX_ATTEMPTS; i++) T_BEGIN {
		struct replace_context ctx = { .box = box, .list = list };

		ctx.pool = pool_alloconly_create("mail_seal replace", 8192);
		ret = replace_try(&ctx, flags);
		*kept_r = ctx.kept;
		pool_unref(&ctx.pool);
	} T_END;
	if (ret == 0) {
		mail_storage_set_error(box->storage, MAIL_ERROR_TEMP,
				       "Others change it all the time");
	}
	if (ret <= 0)
		return -1;
	/* does what the transaction asks for */
	return mailbox_sync(box, MAILBOX_SYNC_FLAG_EXPUNGE);
}
