/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "guid.h"
#include "istream.h"
#include "mail-user.h"
#include "../core/core.h"
#include "copy.h"
#include "group.h"
#include "keys-mailbox.h"
#include "save.h"
#include "state-sync.h"

int mail_seal_mail_is_encrypted(struct mail *mail)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = mail_seal_core_get(&error);
	struct istream *input;
	int encrypted;

	/* not known to be */
	if (core == NULL)
		return 0;
	if (mail_get_stream_because(mail, NULL, NULL, "sealing", &input) < 0)
		return -1;
	encrypted = core->is_encrypted(input);
	i_stream_seek(input, 0);
	return encrypted;
}

/* The backend would have its server copy the message (imapc-storage.c), where
   we can't seal it. */
static bool is_copied_elsewhere(struct mailbox *box, struct mail *mail)
{
	return strcmp(box->storage->name, "imapc") == 0 &&
		mail->box->storage == box->storage;
}

static void fail_copy(struct mail_save_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;

	e_error(box->event, "mail_seal: %s storage copies messages without "
		"saving them, so they can't be sealed", box->storage->name);
	mail_seal_fail(ctx,
		mail_seal_policy_engine_sentence(SEAL_ERROR_ENGINE));
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

	/* The same GUID would tell dsync that it is the same message. What is
	   delivered is new and has none yet, and is stored faster without: it
	   would go into Maildir's dovecot-uidlist (maildir-save.c). */
	if (ctx->data.guid == NULL && !ctx->saving) {
		guid_128_generate(guid);
		mailbox_save_set_guid(ctx, guid_128_to_string(guid));
	}
	box->disable_reflink_copy_to = TRUE;
	ret = sbox->module_ctx.super.copy(ctx, mail);
	box->disable_reflink_copy_to = old_disabled;

	if (ret == 0 && st->saves == old_saves) {
		/* The caller rolls the transaction back. */
		fail_copy(ctx);
		mail_seal_report_failing(&st->report, MAIL_SEAL_REASON_COPY);
		ret = -1;
	}
	return ret;
}

/* Copies as Dovecot likes best, for this reason. A copy that isn't a save gives
   no warning elsewhere. */
static int
copy_as_it_is(struct mail_save_context *ctx, struct mail *mail,
	      const struct mail_seal_decision *decision,
	      enum mail_seal_reason reason)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	unsigned int old_saves = st->saves;
	int ret;

	ret = sbox->module_ctx.super.copy(ctx, mail);
	if (ret < 0 || st->saves != old_saves)
		return ret;
	mail_seal_state_sync_copied(ctx, mail);
	if (decision->action == MAIL_SEAL_ACTION_STORE)
		mail_seal_warn_by_decision(box, decision);
	mail_seal_report_end(&st->report,
			     reason == MAIL_SEAL_REASON_ALREADY_ENCRYPTED ?
			     MAIL_SEAL_RESULT_ENCRYPTED :
			     MAIL_SEAL_RESULT_STORED, reason);
	if (decision->group && reason == MAIL_SEAL_REASON_ALREADY_ENCRYPTED)
		mail_seal_group_note_encrypted(box, mail->box);
	return ret;
}

/* acl-mailbox.c: who fails before super.copy() must cancel. The context stays
   the transaction's. */
static void copy_cancel(struct mail_save_context *ctx)
{
	mailbox_save_cancel(&ctx);
}

static int
refuse_copy(struct mail_save_context *ctx,
	    const struct mail_seal_decision *decision)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	bool sealable = decision->action == MAIL_SEAL_ACTION_SEAL;

	mail_seal_report_failing(&st->report, sealable ?
		MAIL_SEAL_REASON_COPY : decision->reason);
	copy_cancel(ctx);
	if (sealable)
		fail_copy(ctx);
	else
		mail_seal_fail_by_decision(ctx, decision);
	return -1;
}

/* May the message be copied as it is, although this owner's messages are
   sealed? Why? */
static bool
may_stay_as_it_is(struct mail_save_context *ctx, struct mail *mail,
		  const struct mail_seal_decision *decision,
		  enum mail_seal_reason *reason_r)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	const char *error;
	int encrypted = mail_seal_mail_is_encrypted(mail);

	*reason_r = MAIL_SEAL_REASON_ALREADY_ENCRYPTED;
	if (encrypted == 0 && st->keeps_expunged &&
	    decision->action == MAIL_SEAL_ACTION_FAIL) {
		/* what was stored before there was a key, or the key failed:
		   it is only put aside */
		*reason_r = MAIL_SEAL_REASON_EXPUNGED;
		return TRUE;
	}
	if (encrypted >= 0)
		return encrypted > 0;
	*reason_r = MAIL_SEAL_REASON_UNREADABLE;
	/* It can't be read here, behind mail_crypt without its key for
	   example, and so can't be saved anew either. From where this owner's
	   mail is sealed, or the same members', it comes as well sealed as it
	   was. */
	if (mailbox_get_namespace(ctx->transaction->box)->owner == NULL)
		return mail_seal_group_is_same(ctx->transaction->box,
					       mail->box);
	return mailbox_get_namespace(mail->box)->owner ==
		mailbox_get_namespace(ctx->transaction->box)->owner &&
		mail_seal_mailbox_is_exempt(mail->box, &error) == 0;
}

static int
copy_by_decision(struct mail_save_context *ctx, struct mail *mail,
		 const struct mail_seal_decision *decision)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	bool can_seal = decision->action == MAIL_SEAL_ACTION_SEAL &&
		!is_copied_elsewhere(ctx->transaction->box, mail);
	enum mail_seal_reason reason = decision->reason;
	int ret;

	if (decision->virtual)
		mail_seal_report_drop(&st->report);
	/* A delivery is read to its end anyway; the seal stream sees what is
	   encrypted already. */
	if (decision->action == MAIL_SEAL_ACTION_STORE ||
	    (!(ctx->saving && can_seal) &&
	     may_stay_as_it_is(ctx, mail, decision, &reason)))
		ret = copy_as_it_is(ctx, mail, decision, reason);
	else if (can_seal)
		ret = copy_by_saving(ctx, mail);
	else
		ret = refuse_copy(ctx, decision);
	if (ret < 0)
		mail_seal_report_fail(&st->report, MAIL_SEAL_REASON_STORAGE);
	return ret;
}

/* It has no certificate that could be taken, and the error is set. */
static int refuse_keys(struct mail_save_context *ctx)
{
	struct mail_storage *storage = ctx->transaction->box->storage;

	mail_storage_last_error_push(storage);
	copy_cancel(ctx);
	mail_storage_last_error_pop(storage);
	return -1;
}

int mail_seal_copy(struct mail_save_context *ctx, struct mail *mail)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	struct mail_seal_decision decision;
	int ret;

	mail_seal_save_reset(st);
	mail_seal_report_begin(&st->report, ctx->transaction->box->event);
	if (mail_seal_keys_mailbox_copying(ctx, mail) < 0)
		return refuse_keys(ctx);
	mail_seal_decide(ctx, &decision);
	st->decided = &decision;
	ret = copy_by_decision(ctx, mail, &decision);
	st->decided = NULL;
	mail_seal_decision_free(&decision);
	return ret;
}
