/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "istream.h"
#include "mail-namespace.h"
#include "../core/core.h"
#include "istream-watch.h"
#include "keys-mailbox.h"
#include "owners-act.h"
#include "policy.h"
#include "transaction.h"

#define WAY "keys-mailbox"
#define NOT_STORED "Certificate not stored: "

bool mail_seal_is_keys_mailbox(struct mailbox *box,
			       const struct mail_seal_settings *set)
{
	const struct mail_namespace *ns = mailbox_get_namespace(box);

	return set->keys_mailbox != NULL && !box->inbox_any &&
		ns->owner == box->storage->user &&
		ns->type == MAIL_NAMESPACE_TYPE_PRIVATE &&
		/* a namespace besides the one of INBOX is named in full */
		mail_seal_policy_is_named(
			mailbox_get_vname(box),
			(ns->flags & NAMESPACE_FLAG_INBOX_USER) != 0 ?
			ns->prefix : "", set->keys_mailbox);
}

static enum mail_seal_enrol_result
bad(const char *reason, struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = error_r->log_error =
		t_strconcat(NOT_STORED, reason, NULL);
	return MAIL_SEAL_ENROL_BAD;
}

static enum mail_seal_enrol_result
failed(const struct seal_error *error, struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = NOT_STORED "the server failed, please try again "
		"later";
	error_r->log_error = t_strconcat(NOT_STORED, error->text, NULL);
	return MAIL_SEAL_ENROL_FAILED;
}

static enum mail_seal_enrol_result
find_in_stream(struct istream *input, const struct mail_seal_settings *set,
	       buffer_t *certificate, struct mail_seal_enrol_error *error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = mail_seal_core_get(&error);

	if (core == NULL)
		return failed(&error, error_r);
	if (core->find_certificate(input, set->timeout_secs, certificate,
				   &error) == 0)
		return MAIL_SEAL_ENROL_OK;
	return error.code == SEAL_ERROR_UNUSABLE_KEY ?
		bad(error.text, error_r) : failed(&error, error_r);
}

static enum mail_seal_enrol_result
find_in_mail(struct mail *mail, const struct mail_seal_settings *set,
	     buffer_t *certificate, struct mail_seal_enrol_error *error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	enum mail_seal_enrol_result result;
	struct istream *input;

	if (mail_get_stream_because(mail, NULL, NULL, "certificates",
				    &input) < 0) {
		seal_error_set(&error, SEAL_ERROR_STORE, "%s",
			       mailbox_get_last_internal_error(mail->box,
							       NULL));
		return failed(&error, error_r);
	}
	result = find_in_stream(input, set, certificate, error_r);
	i_stream_seek(input, 0);
	return result;
}

/* Of what came: what has been stored can't always be read before it is
   committed (sdbox with attachments in files of their own), or not here at all
   (mail_crypt without its private key). */
static enum mail_seal_enrol_result
find_in_save(const struct mail_seal_transaction *st,
	     const struct mail_seal_settings *set,
	     buffer_t *certificate, struct mail_seal_enrol_error *error_r)
{
	const buffer_t *message = i_stream_watch_get(st->watched);
	struct istream *input =
		i_stream_create_from_data(message->data, message->used);
	enum mail_seal_enrol_result result =
		find_in_stream(input, set, certificate, error_r);

	i_stream_unref(&input);
	return result;
}

/* Keeps the certificate until the transaction is committed. Several messages
   may come at once, all with the same one. */
static enum mail_seal_enrol_result
keep(struct mail_seal_transaction *st, const struct mail_seal_settings *set,
     buffer_t *certificate, struct mail_seal_enrol_error *error_r)
{
	struct mail_seal_enrolment enrolment;
	enum mail_seal_enrol_result result;

	mail_seal_owners_enrolment(set, WAY, &enrolment);
	result = mail_seal_enrol_check(&enrolment, certificate, error_r);
	if (result != MAIL_SEAL_ENROL_OK)
		return result;
	if (st->certificate == NULL) {
		st->certificate = buffer_create_dynamic(default_pool,
							certificate->used);
		buffer_append_buf(st->certificate, certificate, 0,
				  certificate->used);
	} else if (!buffer_cmp(st->certificate, certificate)) {
		return bad("the messages have certificates that differ: "
			   "take one message", error_r);
	}
	return MAIL_SEAL_ENROL_OK;
}

/* mail is the one to copy, or NULL: it is saved. */
static int take(struct mail_save_context *ctx, struct mail *mail)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	const struct mail_seal_settings *set = mail_seal_owners_save(ctx);
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;
	buffer_t *certificate;

	if (set == NULL || !mail_seal_is_keys_mailbox(box, set))
		return 0;
	certificate = buffer_create_dynamic(default_pool, 4096);
	result = mail == NULL ? find_in_save(st, set, certificate, &error) :
		find_in_mail(mail, set, certificate, &error);
	if (result == MAIL_SEAL_ENROL_OK)
		result = keep(st, set, certificate, &error);
	buffer_free(&certificate);
	if (result == MAIL_SEAL_ENROL_OK)
		return 0;
	mail_seal_report_failing(&st->report, MAIL_SEAL_REASON_KEYS_MAILBOX);
	return mail_seal_owners_act_failed(box, result, &error);
}

int mail_seal_keys_mailbox_saved(struct mail_save_context *ctx)
{
	/* a copy has been looked at before it was saved */
	return ctx->copying_or_moving ? 0 : take(ctx, NULL);
}

int mail_seal_keys_mailbox_copying(struct mail_save_context *ctx,
				   struct mail *mail)
{
	return take(ctx, mail);
}

int mail_seal_keys_mailbox_commit(struct mailbox_transaction_context *t)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(t);
	const struct mail_seal_settings *set;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;

	if (st->certificate == NULL)
		return 0;
	set = mail_seal_owners_act(t->box);
	i_assert(set != NULL);
	mail_seal_owners_enrolment(set, WAY, &enrolment);
	result = mail_seal_enrol_offer(&enrolment, st->certificate, &error);
	if (result == MAIL_SEAL_ENROL_OK || result == MAIL_SEAL_ENROL_PENDING)
		return 0;
	return mail_seal_owners_act_failed(t->box, result, &error);
}
