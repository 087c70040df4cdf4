/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Where a message meets the seal. A save's input is replaced by a stream that
   reads as the sealed message, so that nothing downstream (storage, caches,
   other plugins) sees anything else. A copy of a plaintext message is made a
   save, which then comes by here. */

#include "lib.h"
#include "istream.h"
#include "guid.h"
#include "mail-user.h"
#include "module-context.h"
#include "str.h"
#include "dovecot-compat.h"
#include "mail-seal-decide.h"
#include "mail-seal-mailbox.h"
#include "mail-seal-policy.h"
#include "mail-seal-sealer.h"
#include "mail-seal-user.h"

#define MAIL_SEAL_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, mail_seal_storage_module)

struct mail_seal_mailbox {
	union mailbox_module_context module_ctx;
};

/* A transaction saves one message at a time. */
struct mail_seal_transaction {
	union mailbox_transaction_module_context module_ctx;

	/* the sealed message while it is saved */
	struct istream *stream;
	/* what to tell about the save that failed, or NULL */
	char *sentence;
	/* number of sealed messages and of messages stored as they were that
	   save_begin has let through */
	unsigned int saves;
};

static MODULE_CONTEXT_DEFINE_INIT(mail_seal_storage_module,
				  &mail_storage_module_register);

/*
 * Failing
 */

/* In delivery only a temporary error makes Sieve and lmtp stop and the sender
   keep the mail; in IMAP it would be told as a bug of the server. */
static void
set_storage_error(struct mailbox *box, const char *sentence)
{
	bool imap = strcmp(box->storage->user->service, "imap") == 0;

	mail_storage_set_error(box->storage, imap ? MAIL_ERROR_UNAVAILABLE :
			       MAIL_ERROR_TEMP, sentence);
}

static void
fail_by_decision(struct mailbox *box,
		 const struct mail_seal_decision *decision)
{
	e_error(box->event, "mail_seal: Message can't be sealed: %s",
		decision->log_error);
	set_storage_error(box, decision->sentence);
}

/* The administrator has allowed it, but should know how often it happens. */
static void
warn_by_decision(struct mailbox *box,
		 const struct mail_seal_decision *decision)
{
	if (decision->warning == NULL)
		return;
	e_warning(box->event, "mail_seal: Message stored unsealed "
		  "(mail_seal_unusable_key = store): %s", decision->warning);
}

/* Keeps what sealing failed for: later errors are only consequences, and what
   the storage itself says of them is no help to anybody. */
static void
remember_stream_error(struct mail_seal_transaction *st)
{
	const struct seal_error *error;

	if (st->stream == NULL || st->sentence != NULL)
		return;
	error = mail_seal_sealer_get_loaded()->istream_get_error(st->stream);
	if (error != NULL) {
		st->sentence = i_strdup(
			mail_seal_policy_engine_sentence(error->code));
	}
}

static void
set_remembered_error(struct mailbox *box, struct mail_seal_transaction *st)
{
	remember_stream_error(st);
	if (st->sentence != NULL)
		set_storage_error(box, st->sentence);
}

/*
 * Saving
 */

static void save_state_reset(struct mail_seal_transaction *st)
{
	i_stream_unref(&st->stream);
	i_free(st->sentence);
}

static int
mail_seal_save_sealed(struct mail_save_context *ctx, struct istream *input,
		      const struct mail_seal_decision *decision)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	string_t *temp_prefix = t_str_new(128);

	mail_user_set_get_temp_prefix(temp_prefix, box->storage->user->set);
	st->stream = mail_seal_sealer_get_loaded()->istream_create(
		input, decision->recipients, decision->set,
		str_c(temp_prefix));
	return sbox->module_ctx.super.save_begin(ctx, st->stream);
}

static int
mail_seal_save_begin(struct mail_save_context *ctx, struct istream *input)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	struct mail_seal_decision decision;
	int ret = -1;

	save_state_reset(st);
	mail_seal_decide(ctx->transaction, &decision);
	switch (decision.action) {
	case MAIL_SEAL_ACTION_STORE:
		warn_by_decision(box, &decision);
		ret = sbox->module_ctx.super.save_begin(ctx, input);
		break;
	case MAIL_SEAL_ACTION_SEAL:
		ret = mail_seal_save_sealed(ctx, input, &decision);
		mail_seal_sealer_get_loaded()->recipients_free(
			&decision.recipients);
		break;
	case MAIL_SEAL_ACTION_FAIL:
		st->sentence = i_strdup(decision.sentence);
		fail_by_decision(box, &decision);
		break;
	}
	st->saves++;
	return ret;
}

static int mail_seal_save_continue(struct mail_save_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);

	if (sbox->module_ctx.super.save_continue(ctx) < 0) {
		set_remembered_error(box, MAIL_SEAL_CONTEXT(ctx->transaction));
		return -1;
	}
	return 0;
}

static void mail_seal_save_cancel(struct mail_save_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	remember_stream_error(st);
	sbox->module_ctx.super.save_cancel(ctx);
	set_remembered_error(box, st);
	save_state_reset(st);
}

static int mail_seal_save_finish(struct mail_save_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	int ret;

	if (st->stream != NULL &&
	    !mail_seal_sealer_get_loaded()->istream_is_complete(st->stream)) {
		/* Whatever the reason, half a sealed message is a lost one. */
		if (st->sentence == NULL) {
			e_error(box->event, "mail_seal: Message can't be "
				"sealed: its input isn't complete");
			st->sentence = i_strdup(
				mail_seal_policy_engine_sentence(
					SEAL_ERROR_ENGINE));
		}
		mail_seal_save_cancel(ctx);
		return -1;
	}
	ret = sbox->module_ctx.super.save_finish(ctx);
	if (ret < 0)
		set_remembered_error(box, st);
	save_state_reset(st);
	return ret;
}

/*
 * Copying
 */

/* Returns 1, 0, or -1 with the storage's error set. */
static int mail_is_encrypted(struct mailbox *box, struct mail *mail)
{
	struct istream *input;
	int ret = -1;

	if (mail_get_stream_because(mail, NULL, NULL, "sealing",
				    &input) == 0) {
		ret = mail_seal_sealer_get_loaded()->is_encrypted(input);
		i_stream_seek(input, 0);
	}
	if (ret < 0) {
		mailbox_set_critical(box, "mail_seal: Can't read the message "
				     "to copy: %s",
				     mailbox_get_last_internal_error(mail->box,
								     NULL));
	}
	return ret;
}

/* Copies a plaintext message by saving it, which seals it. */
static int
copy_by_saving(struct mail_save_context *ctx, struct mail *mail)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	bool old_disabled = box->disable_reflink_copy_to;
	unsigned int old_saves = st->saves;
	guid_128_t guid;
	int ret;

	/* The same GUID would tell dsync that it is the same message. */
	if (ctx->data.guid == NULL) {
		guid_128_generate(guid);
		mailbox_save_set_guid(ctx, guid_128_to_string(guid));
	}
	box->disable_reflink_copy_to = TRUE;
	ret = sbox->module_ctx.super.copy(ctx, mail);
	box->disable_reflink_copy_to = old_disabled;

	if (ret == 0 && st->saves == old_saves) {
		/* The caller rolls the transaction back. */
		e_error(box->event, "mail_seal: %s storage copied a message "
			"without saving it, so it can't be sealed",
			box->storage->name);
		set_storage_error(box,
			mail_seal_policy_engine_sentence(SEAL_ERROR_ENGINE));
		ret = -1;
	}
	return ret;
}

static int
copy_cancel(struct mail_save_context *ctx)
{
	/* acl-mailbox.c: who fails before super.copy() must cancel */
	mailbox_save_cancel(&ctx);
	return -1;
}

static int mail_seal_copy(struct mail_save_context *ctx, struct mail *mail)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_decision decision;
	int encrypted;

	mail_seal_decide(ctx->transaction, &decision);
	switch (decision.action) {
	case MAIL_SEAL_ACTION_STORE:
		break;
	case MAIL_SEAL_ACTION_SEAL:
		mail_seal_sealer_get_loaded()->recipients_free(
			&decision.recipients);
		encrypted = mail_is_encrypted(box, mail);
		if (encrypted < 0)
			return copy_cancel(ctx);
		if (encrypted == 0)
			return copy_by_saving(ctx, mail);
		break;
	case MAIL_SEAL_ACTION_FAIL:
		(void)copy_cancel(ctx);
		fail_by_decision(box, &decision);
		return -1;
	}
	return sbox->module_ctx.super.copy(ctx, mail);
}

/*
 * Hooks
 */

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
	MODULE_CONTEXT_SET(t, mail_seal_storage_module, st);
	return t;
}

static void transaction_free(struct mail_seal_transaction *st)
{
	save_state_reset(st);
	i_free(st);
}

static int
mail_seal_transaction_commit(struct mailbox_transaction_context *t,
			     struct mail_transaction_commit_changes *changes_r)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(t->box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);
	int ret;

	ret = sbox->module_ctx.super.transaction_commit(t, changes_r);
	transaction_free(st);
	return ret;
}

static void
mail_seal_transaction_rollback(struct mailbox_transaction_context *t)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(t->box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);

	sbox->module_ctx.super.transaction_rollback(t);
	transaction_free(st);
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
	MODULE_CONTEXT_SET(box, mail_seal_storage_module, sbox);
}
