/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Where a message meets the seal: takes over what mailboxes do with messages
   that come in. */

#include "lib.h"
#include "mail-user.h"
#include "answer.h"
#include "copy.h"
#include "keys-mailbox.h"
#include "mailbox.h"
#include "notify.h"
#include "rename.h"
#include "save.h"
#include "state-sync.h"
#include "user.h"

struct mail_seal_storage_module mail_seal_storage_module =
	MODULE_CONTEXT_INIT(&mail_storage_module_register);

static struct mailbox_transaction_context *
mail_seal_transaction_begin(struct mailbox *box,
			    enum mailbox_transaction_flags flags,
			    const char *reason)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mailbox_transaction_context *t;
	struct mail_seal_transaction *st;

	t = sbox->module_ctx.super.transaction_begin(box, flags, reason);
	st = i_new(struct mail_seal_transaction, 1);
	st->keeps_expunged = reason != NULL &&
		strncmp(reason, "lazy_expunge_", 13) == 0;
	MODULE_CONTEXT_SET(t, mail_seal_storage_module, st);
	return t;
}

static void transaction_free(struct mail_seal_transaction *st)
{
	char *text;

	mail_seal_save_reset(st);
	mail_seal_report_drop(&st->report);
	if (st->certificate != NULL)
		buffer_free(&st->certificate);
	if (array_is_created(&st->texts)) {
		array_foreach_elem(&st->texts, text)
			i_free(text);
		array_free(&st->texts);
	}
	i_free(st);
}

/* What the owner is told is why, not what comes of it. */
static int refuse_commit(struct mailbox_transaction_context *t)
{
	struct mailbox *box = t->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);

	mail_storage_last_error_push(box->storage);
	sbox->module_ctx.super.transaction_rollback(t);
	mail_storage_last_error_pop(box->storage);
	transaction_free(st);
	return -1;
}

static int
mail_seal_transaction_commit(struct mailbox_transaction_context *t,
			     struct mail_transaction_commit_changes *changes_r)
{
	struct mailbox *box = t->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);
	struct mail_user *changed_owner = st->changed_owner;
	int ret;

	if (mail_seal_keys_mailbox_commit(t) < 0)
		return refuse_commit(t);
	ret = sbox->module_ctx.super.transaction_commit(t, changes_r);
	if (ret == 0) {
		mail_seal_answer_committed(box, st);
		mail_seal_state_sync_committed(box, st->came_sealed);
	}
	transaction_free(st);
	/* only now: an mbox was locked until here */
	if (changed_owner != NULL)
		mail_seal_notify_owed(changed_owner);
	return ret;
}

static void
mail_seal_transaction_rollback(struct mailbox_transaction_context *t)
{
	struct mailbox *box = t->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);

	sbox->module_ctx.super.transaction_rollback(t);
	mail_seal_answer_rolled_back(box, st);
	transaction_free(st);
}

unsigned int
mail_seal_transaction_sealed_count(struct mailbox_transaction_context *t)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);

	return st->sealed;
}

void mail_seal_transaction_hash_next(struct mailbox_transaction_context *t,
				     const struct hash_method *method,
				     void *context)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);

	st->hash_method = method;
	st->hash_context = context;
}

void mail_seal_mailbox_allocated(struct mailbox *box)
{
	struct mailbox_vfuncs *v = box->vlast;
	struct mail_seal_mailbox *sbox;

	if (!mail_seal_user_has_context(box->storage->user))
		return;
	sbox = p_new(box->pool, struct mail_seal_mailbox, 1);
	sbox->module_ctx.super = *v;
	box->vlast = &sbox->module_ctx.super;

	v->transaction_begin = mail_seal_transaction_begin;
	v->transaction_commit = mail_seal_transaction_commit;
	v->transaction_rollback = mail_seal_transaction_rollback;
	v->save_begin = mail_seal_save_begin;
	v->save_continue = mail_seal_save_continue;
	v->save_finish = mail_seal_save_finish;
	v->save_cancel = mail_seal_save_cancel;
	v->copy = mail_seal_copy;
	v->create_box = mail_seal_create_box;
	v->rename_box = mail_seal_rename_box;
	mail_seal_state_sync_hook(box, v);
	MODULE_CONTEXT_SET(box, mail_seal_storage_module, sbox);
}
