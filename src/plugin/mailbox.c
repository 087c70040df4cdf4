/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Where a message meets the seal. A save's input is replaced by a stream that
   reads as the sealed message, so that nothing downstream (storage, caches,
   other plugins) sees anything else. A copy of a plaintext message is made a
   save, which then comes by here. */

#include "lib.h"
#include "istream.h"
#include "istream-hash.h"
#include "guid.h"
#include "mail-user.h"
#include "module-context.h"
#include "str.h"
#include "dovecot-compat.h"
#include "decide.h"
#include "mailbox.h"
#include "policy.h"
#include "report.h"
#include "../core/core.h"
#include "user.h"

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
	/* the same, while its bytes are hashed, or NULL */
	struct istream *hashed_stream;
	/* for the next save that goes through the seal, or NULL */
	const struct hash_method *hash_method;
	void *hash_context;
	/* what to tell should it have to be sealed, when it can't be */
	char *refusal;
	/* what to tell about the save that failed, or NULL */
	char *sentence;
	/* number of calls of save_begin */
	unsigned int saves;
	/* of these, saved through the seal */
	unsigned int sealed;

	/* the plaintext while it is saved, and where it began */
	struct istream *input;
	uoff_t input_start;
	/* why it is to be sealed, stored or refused */
	enum mail_seal_reason reason;
	struct mail_seal_report report;
};

static MODULE_CONTEXT_DEFINE_INIT(mail_seal_storage_module,
				  &mail_storage_module_register);

/*
 * Reporting
 */

/* Takes down what there is to see of a save before its state is reset. */
static void report_measure(struct mail_seal_transaction *st)
{
	struct mail_seal_report *report = &st->report;

	if (st->input == NULL)
		return;
	report->bytes_in = st->input->v_offset - st->input_start;
	report->bytes_out = report->bytes_in;
	if (st->stream != NULL) {
		report->bytes_out = st->hashed_stream != NULL ?
			st->hashed_stream->v_offset : st->stream->v_offset;
		report->engine = mail_seal_core_get_loaded()->
			istream_get_engine(st->stream);
	}
}

static void report_success(struct mail_seal_transaction *st)
{
	report_measure(st);
	if (st->stream == NULL) {
		mail_seal_report_end(&st->report, MAIL_SEAL_RESULT_STORED,
				     st->reason);
	} else if (st->report.engine != NULL) {
		mail_seal_report_end(&st->report, MAIL_SEAL_RESULT_SEALED,
				     st->reason);
	} else {
		mail_seal_report_end(&st->report, MAIL_SEAL_RESULT_ENCRYPTED,
				     MAIL_SEAL_REASON_ALREADY_ENCRYPTED);
	}
}

static void
report_failure(struct mail_seal_transaction *st, enum mail_seal_reason reason)
{
	report_measure(st);
	mail_seal_report_fail(&st->report, reason);
}

/*
 * Failing
 */

/* In delivery, Sieve's included, only a temporary error makes all stop and the
   sender keep the mail; to an IMAP client it would be told as a bug of the
   server. */
static void
set_storage_error(struct mail_save_context *ctx, const char *sentence)
{
	struct mail_storage *storage = ctx->transaction->box->storage;
	/* mailbox_save_using_mail() */
	bool delivery = ctx->saving && ctx->copying_or_moving;
	bool imap = strcmp(storage->user->service, "imap") == 0;

	mail_storage_set_error(storage, imap && !delivery ?
			       MAIL_ERROR_UNAVAILABLE : MAIL_ERROR_TEMP,
			       sentence);
}

static void
fail_by_decision(struct mail_save_context *ctx,
		 const struct mail_seal_decision *decision)
{
	e_error(ctx->transaction->box->event,
		"mail_seal: Message can't be sealed: %s", decision->log_error);
	set_storage_error(ctx, decision->sentence);
}

/* The administrator has allowed it, but should know how often it happens. */
static void
warn_by_decision(struct mailbox *box,
		 const struct mail_seal_decision *decision)
{
	if (decision->warning == NULL)
		return;
	e_warning(box->event, "mail_seal: Message stored as it came "
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
	error = mail_seal_core_get_loaded()->istream_get_error(st->stream);
	if (error == NULL)
		return;
	st->sentence = i_strdup(st->refusal != NULL ? st->refusal :
		mail_seal_policy_engine_sentence(error->code));
	mail_seal_report_failing(&st->report, st->refusal != NULL ?
		st->reason : mail_seal_reason_of_error(error->code));
}

static void set_remembered_error(struct mail_save_context *ctx)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	remember_stream_error(st);
	if (st->sentence != NULL)
		set_storage_error(ctx, st->sentence);
}

/*
 * Saving
 */

static void save_state_reset(struct mail_seal_transaction *st)
{
	i_stream_unref(&st->hashed_stream);
	i_stream_unref(&st->stream);
	i_stream_unref(&st->input);
	i_free(st->refusal);
	i_free(st->sentence);
}

/* The event stays that of a copy that becomes this save. */
static void
save_state_begin(struct mail_save_context *ctx, struct istream *input,
		 struct mail_seal_decision *decision_r)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	save_state_reset(st);
	st->saves++;
	st->input = input;
	i_stream_ref(st->input);
	st->input_start = input->v_offset;
	mail_seal_report_begin(&st->report, ctx->transaction->box->event);
	mail_seal_decide(ctx->transaction, decision_r);
	st->reason = decision_r->reason;
	if (decision_r->virtual)
		mail_seal_report_drop(&st->report);
}

/* Saves through the seal. Without recipients it lets through only what is
   encrypted already. */
static int
mail_seal_save_through(struct mail_save_context *ctx, struct istream *input,
		       const struct mail_seal_decision *decision)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = mail_seal_core_get(&error);
	string_t *temp_prefix = t_str_new(128);

	st->refusal = i_strdup(decision->sentence);
	if (core == NULL) {
		fail_by_decision(ctx, decision);
		st->sentence = i_strdup(decision->sentence);
		mail_seal_report_failing(&st->report, st->reason);
		return -1;
	}
	mail_user_set_get_temp_prefix(temp_prefix, box->storage->user->set);
	st->stream = core->istream_create(
		input, decision->recipients, decision->log_error,
		decision->protect_headers, decision->set, str_c(temp_prefix));
	if (st->hash_method == NULL)
		return sbox->module_ctx.super.save_begin(ctx, st->stream);
	st->hashed_stream = i_stream_create_hash(st->stream, st->hash_method,
						 st->hash_context);
	st->hash_method = NULL;
	return sbox->module_ctx.super.save_begin(ctx, st->hashed_stream);
}

static int
mail_seal_save_begin(struct mail_save_context *ctx, struct istream *input)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_decision decision;
	int ret;

	save_state_begin(ctx, input, &decision);
	if (decision.action == MAIL_SEAL_ACTION_STORE) {
		warn_by_decision(box, &decision);
		return sbox->module_ctx.super.save_begin(ctx, input);
	}
	ret = mail_seal_save_through(ctx, input, &decision);
	mail_seal_decision_free(&decision);
	return ret;
}

static int mail_seal_save_continue(struct mail_save_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	if (sbox->module_ctx.super.save_continue(ctx) < 0) {
		set_remembered_error(ctx);
		mail_seal_report_failing(&st->report, MAIL_SEAL_REASON_STORAGE);
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
	set_remembered_error(ctx);
	/* nobody gives up a copy */
	report_failure(st, ctx->copying_or_moving ?
		       MAIL_SEAL_REASON_STORAGE : MAIL_SEAL_REASON_CANCELLED);
	save_state_reset(st);
}

static int mail_seal_save_finish(struct mail_save_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	struct mail_private *dest_mail;
	int ret;

	if (st->stream != NULL &&
	    !mail_seal_core_get_loaded()->istream_is_complete(st->stream)) {
		/* Whatever the reason, half a sealed message is a lost one. */
		if (st->sentence == NULL) {
			e_error(box->event, "mail_seal: Message can't be "
				"sealed: its input isn't complete");
			st->sentence = i_strdup(
				mail_seal_policy_engine_sentence(
					SEAL_ERROR_ENGINE));
			mail_seal_report_failing(&st->report,
				MAIL_SEAL_REASON_INCOMPLETE);
		}
		mail_seal_save_cancel(ctx);
		/* as mailbox_save_cancel() does */
		dest_mail = (struct mail_private *)ctx->dest_mail;
		dest_mail->v.close(&dest_mail->mail);
		return -1;
	}
	ret = sbox->module_ctx.super.save_finish(ctx);
	if (ret == 0) {
		if (st->stream != NULL)
			st->sealed++;
		report_success(st);
	} else {
		set_remembered_error(ctx);
		report_failure(st, MAIL_SEAL_REASON_STORAGE);
	}
	save_state_reset(st);
	return ret;
}

/*
 * Copying
 */

/* Is the message to be copied encrypted already? One that can't be read isn't
   known to be; copying it will say why it can't be read. */
static bool mail_is_encrypted(struct mail *mail)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = mail_seal_core_get(&error);
	struct istream *input;
	bool encrypted;

	if (core == NULL ||
	    mail_get_stream_because(mail, NULL, NULL, "sealing", &input) < 0)
		return FALSE;
	encrypted = core->is_encrypted(input) > 0;
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
	set_storage_error(ctx,
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
		fail_copy(ctx);
		mail_seal_report_failing(&st->report, MAIL_SEAL_REASON_COPY);
		ret = -1;
	}
	return ret;
}

/* Copies as Dovecot likes best. A copy that isn't a save gives no warning
   elsewhere. */
static int
copy_as_it_is(struct mail_save_context *ctx, struct mail *mail,
	      const struct mail_seal_decision *decision)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	unsigned int old_saves = st->saves;
	int ret;

	ret = sbox->module_ctx.super.copy(ctx, mail);
	if (ret < 0 || st->saves != old_saves)
		return ret;
	warn_by_decision(box, decision);
	if (decision->action == MAIL_SEAL_ACTION_STORE) {
		mail_seal_report_end(&st->report, MAIL_SEAL_RESULT_STORED,
				     decision->reason);
	} else {
		mail_seal_report_end(&st->report, MAIL_SEAL_RESULT_ENCRYPTED,
				     MAIL_SEAL_REASON_ALREADY_ENCRYPTED);
	}
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
		fail_by_decision(ctx, decision);
	return -1;
}

static int mail_seal_copy(struct mail_save_context *ctx, struct mail *mail)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	struct mail_seal_decision decision;
	int ret;

	save_state_reset(st);
	mail_seal_report_begin(&st->report, ctx->transaction->box->event);
	mail_seal_decide(ctx->transaction, &decision);
	mail_seal_decision_free(&decision);
	if (decision.virtual)
		mail_seal_report_drop(&st->report);
	if (decision.action == MAIL_SEAL_ACTION_STORE ||
	    mail_is_encrypted(mail))
		ret = copy_as_it_is(ctx, mail, &decision);
	else if (decision.action == MAIL_SEAL_ACTION_SEAL &&
		 !is_copied_elsewhere(box, mail))
		ret = copy_by_saving(ctx, mail);
	else
		ret = refuse_copy(ctx, &decision);
	if (ret < 0)
		mail_seal_report_fail(&st->report, MAIL_SEAL_REASON_STORAGE);
	return ret;
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
	mail_seal_report_drop(&st->report);
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
	MODULE_CONTEXT_SET(box, mail_seal_storage_module, sbox);
}
