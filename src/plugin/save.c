/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "istream.h"
#include "istream-hash.h"
#include "mail-user.h"
#include "str.h"
#include "../core/core.h"
#include "answer.h"
#include "group.h"
#include "keys-mailbox.h"
#include "owner.h"
#include "save.h"
#include "state-sync.h"

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

static void report_success(struct mail_save_context *ctx)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

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
		if (st->group) {
			mail_seal_group_note_encrypted(ctx->transaction->box,
				ctx->copy_src_mail == NULL ? NULL :
				ctx->copy_src_mail->box);
		}
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
void mail_seal_fail(struct mail_save_context *ctx, const char *sentence)
{
	struct mail_storage *storage = ctx->transaction->box->storage;
	/* mailbox_save_using_mail() */
	bool delivery = ctx->saving && ctx->copying_or_moving;
	bool imap = strcmp(storage->user->service, "imap") == 0;

	mail_storage_set_error(storage, imap && !delivery ?
			       MAIL_ERROR_UNAVAILABLE : MAIL_ERROR_TEMP,
			       sentence);
}

void mail_seal_fail_by_decision(struct mail_save_context *ctx,
				const struct mail_seal_decision *decision)
{
	e_error(ctx->transaction->box->event,
		"mail_seal: Message can't be sealed: %s", decision->log_error);
	mail_seal_fail(ctx, decision->sentence);
}

/* The administrator has allowed it, but should know how often it happens. */
void mail_seal_warn_by_decision(struct mailbox *box,
				const struct mail_seal_decision *decision)
{
	if (decision->warning == NULL)
		return;
	e_warning(box->event, "mail_seal: %s", decision->warning);
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
		mail_seal_fail(ctx, st->sentence);
}

/*
 * Saving
 */

void mail_seal_save_reset(struct mail_seal_transaction *st)
{
	i_stream_unref(&st->hashed_stream);
	i_stream_unref(&st->stream);
	i_stream_unref(&st->watched);
	i_stream_unref(&st->came);
	i_stream_unref(&st->input);
	i_free(st->refusal);
	i_free(st->sentence);
	i_free(st->new_fingerprints);
	i_free(st->new_facts);
	st->owner = NULL;
}

/* The event stays that of a copy that becomes this save. */
static void
save_state_begin(struct mail_save_context *ctx, struct istream *input,
		 const struct mail_seal_decision *decision)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	mail_seal_save_reset(st);
	st->saves++;
	st->input = input;
	i_stream_ref(st->input);
	st->input_start = input->v_offset;
	mail_seal_report_begin(&st->report, ctx->transaction->box->event);
	st->reason = decision->reason;
	st->group = decision->group;
	if (decision->virtual)
		mail_seal_report_drop(&st->report);
	if (decision->news.fingerprints != NULL) {
		st->owner = decision->set->user;
		st->new_fingerprints = i_strdup(
			t_strarray_join(decision->news.fingerprints, ","));
		st->new_facts = i_strdup(decision->news.facts);
		st->withdrawn_before = decision->news.withdrawn_before;
	}
}

/* Saves through the seal. Without recipients it lets through only what is
   encrypted already. */
static int
save_through(struct mail_save_context *ctx, struct istream *input,
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
		mail_seal_fail_by_decision(ctx, decision);
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
save_by_decision(struct mail_save_context *ctx, struct istream *input,
		 const struct mail_seal_decision *decision)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);

	save_state_begin(ctx, input, decision);
	input = mail_seal_answer_watch(ctx, input);
	input = mail_seal_state_sync_watch(ctx, input);
	mail_seal_warn_by_decision(box, decision);
	if (decision->action == MAIL_SEAL_ACTION_STORE)
		return sbox->module_ctx.super.save_begin(ctx, input);
	return save_through(ctx, input, decision);
}

int mail_seal_save_begin(struct mail_save_context *ctx, struct istream *input)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	struct mail_seal_decision decision;
	int ret;

	/* by the copy that becomes this save, or by own-message.c */
	if (st->decided != NULL)
		return save_by_decision(ctx, input, st->decided);
	mail_seal_decide(ctx, &decision);
	ret = save_by_decision(ctx, input, &decision);
	mail_seal_decision_free(&decision);
	return ret;
}

int mail_seal_save_continue(struct mail_save_context *ctx)
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

void mail_seal_save_cancel(struct mail_save_context *ctx)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	remember_stream_error(st);
	if (st->refusal != NULL)
		mail_seal_answer_refused(ctx);
	sbox->module_ctx.super.save_cancel(ctx);
	set_remembered_error(ctx);
	/* nobody gives up a copy */
	report_failure(st, ctx->copying_or_moving ?
		       MAIL_SEAL_REASON_STORAGE : MAIL_SEAL_REASON_CANCELLED);
	mail_seal_save_reset(st);
}

static void note_sealed(struct mail_seal_transaction *st)
{
	struct mail_seal_owner_news news = {
		.facts = st->new_facts,
		.withdrawn_before = st->withdrawn_before
	};

	if (st->new_fingerprints == NULL || st->stream == NULL ||
	    mail_seal_core_get_loaded()->istream_get_engine(st->stream) == NULL)
		return;
	news.fingerprints = t_strsplit(st->new_fingerprints, ",");
	mail_seal_owner_note_sealed(st->owner, &news);
	st->changed_owner = st->owner;
}

int mail_seal_save_finish(struct mail_save_context *ctx)
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
	if (ret == 0)
		ret = mail_seal_keys_mailbox_saved(ctx);
	if (ret == 0) {
		mail_seal_answer_saved(ctx);
		mail_seal_state_sync_saved(ctx);
		if (st->stream != NULL)
			st->sealed++;
		note_sealed(st);
		report_success(ctx);
	} else {
		set_remembered_error(ctx);
		report_failure(st, MAIL_SEAL_REASON_STORAGE);
	}
	mail_seal_save_reset(st);
	return ret;
}

