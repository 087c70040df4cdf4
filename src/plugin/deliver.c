/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* One delivery: the owner's key is judged before scripts run, and a message
   for several recipients is sealed anew for each. */

#include "lib.h"
#include "lda-settings.h"
#include "mail-deliver.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "smtp-address.h"
#include "str-sanitize.h"
#include "../core/core.h"
#include "answer.h"
#include "copy.h"
#include "deliver.h"
#include "group.h"
#include "report.h"
#include "user.h"

/* They are in libdovecot-lda, which only lmtp and dovecot-lda have. */
extern deliver_mail_func_t *
mail_deliver_hook_set(deliver_mail_func_t *new_hook) __attribute__((weak));
extern deliver_mail_func_t *deliver_mail __attribute__((weak));
extern typeof(mail_deliver_save) mail_deliver_save __attribute__((weak));
extern typeof(mail_deliver_log) mail_deliver_log __attribute__((weak));

static deliver_mail_func_t *next_deliver_mail;

static const struct mail_user *delivery_user;
static struct mail_seal_delivery delivery;

const struct mail_seal_delivery *
mail_seal_delivery_of(const struct mail_user *user)
{
	return user != NULL && user == delivery_user ? &delivery : NULL;
}

/* The detail is what comes behind the first of the delimiters, as
   message_detail_address_parse() has it. */
static const char *recipient_detail(const struct mail_deliver_context *ctx)
{
	const char *localpart = ctx->rcpt_to == NULL ? NULL :
		ctx->rcpt_to->localpart;
	size_t length;

	if (localpart == NULL || *ctx->set->recipient_delimiter == '\0')
		return "";
	length = strcspn(localpart, ctx->set->recipient_delimiter);
	return localpart[length] == '\0' ? "" : localpart + length + 1;
}

/* Sieve's answers, redirections and notifications are sent before the message
   is saved, and again each time the sender tries. So what can't be stored
   doesn't get there. */
static int
refuse(struct mail_deliver_context *ctx, struct mail_storage **storage_r)
{
	struct mail_namespace *ns =
		mail_namespace_find_inbox(ctx->rcpt_user->namespaces);
	struct mail_seal_report report;

	i_zero(&report);
	e_error(ctx->event, "mail_seal: Message can't be sealed: %s",
		delivery.owner.log_error);
	mail_seal_report_begin(&report, ctx->event);
	mail_seal_report_fail(&report, delivery.owner.verdict.reason);

	mail_deliver_log(ctx, "save failed to %s: %s",
			 str_sanitize(ctx->rcpt_default_mailbox, 80),
			 delivery.owner.verdict.sentence);

	*storage_r = mail_namespace_get_default_storage(ns);
	/* whatever else would make mail_deliver() try other mailboxes */
	mail_storage_set_error(*storage_r, MAIL_ERROR_TEMP,
			       delivery.owner.verdict.sentence);
	return -1;
}

/* Nothing of this recipient's is sealed. */
static bool stores_as_it_came(const struct mail_seal_verdict *verdict)
{
	return verdict->action == MAIL_SEAL_ACTION_STORE &&
		verdict->reason == MAIL_SEAL_REASON_MISSING_KEY;
}

/* The detail of an address may name another owner's mailbox, and what that
   owner's key says isn't known here. */
static void drop_foreign_source(struct mail_deliver_context *ctx)
{
	struct mailbox_transaction_context *t;
	struct mailbox *box;

	if (ctx->dest_mail == NULL ||
	    mailbox_get_namespace(ctx->dest_mail->box)->owner ==
	    ctx->rcpt_user)
		return;
	/* as lmtp-local.c does */
	t = ctx->dest_mail->transaction;
	box = ctx->dest_mail->box;
	mail_free(&ctx->dest_mail);
	mailbox_transaction_rollback(&t);
	mailbox_free(&box);
}

static int
deliver_with_keys(struct mail_deliver_context *ctx,
		  struct mail_storage **storage_r)
{
	const struct mail_seal_settings *set;
	const char *error;
	int ret;

	set = mail_seal_user_get_settings(ctx->rcpt_user, &error);
	/* Where it isn't known, it isn't safe either. */
	if (set == NULL && mail_seal_user_has_context(ctx->rcpt_user))
		ctx->save_dest_mail = FALSE;

	if (set != NULL && set->source_count > 0) {
		mail_seal_answer_delivered(ctx, set);
		mail_seal_owner_judge(set, TRUE, &delivery.owner);
		if (!stores_as_it_came(&delivery.owner.verdict))
			ctx->save_dest_mail = FALSE;
		if (delivery.owner.verdict.action == MAIL_SEAL_ACTION_FAIL &&
		    mail_seal_policy_refuses_delivery(&delivery.owner.verdict,
				set, mail_seal_group_may_be(ctx->rcpt_user)) &&
		    mail_seal_mail_is_encrypted(ctx->src_mail) <= 0)
			return refuse(ctx, storage_r);
	}
	ret = next_deliver_mail == NULL ? 0 :
		next_deliver_mail(ctx, storage_r);
	/* Not handled. mail_deliver() would save it now; we do that, as long
	   as what is known of the delivery holds. */
	if (ret == 0 && !ctx->saved_mail && !ctx->tried_default_save &&
	    ctx->tempfail_error == NULL && mail_deliver_save != NULL) {
		ret = mail_deliver_save(ctx, ctx->rcpt_default_mailbox, 0,
					NULL, storage_r) < 0 ? -1 : 1;
	}
	drop_foreign_source(ctx);
	return ret;
}

static int
mail_seal_deliver_mail(struct mail_deliver_context *ctx,
		       struct mail_storage **storage_r)
{
	int ret;

	/* the next one may have taken us for its next one */
	if (delivery_user != NULL)
		return 0;
	delivery_user = ctx->rcpt_user;
	delivery.detail = recipient_detail(ctx);
	ret = deliver_with_keys(ctx, storage_r);
	mail_seal_owner_free(&delivery.owner);
	i_zero(&delivery);
	delivery_user = NULL;
	return ret;
}

void mail_seal_deliver_hook(void)
{
	if (mail_deliver_hook_set == NULL || &deliver_mail == NULL ||
	    deliver_mail == mail_seal_deliver_mail)
		return;
	next_deliver_mail = mail_deliver_hook_set(mail_seal_deliver_mail);
}

void mail_seal_deliver_unhook(void)
{
	if (mail_deliver_hook_set == NULL || &deliver_mail == NULL ||
	    deliver_mail != mail_seal_deliver_mail)
		return;
	(void)mail_deliver_hook_set(next_deliver_mail);
	next_deliver_mail = NULL;
}
