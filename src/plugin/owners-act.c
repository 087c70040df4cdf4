/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "owners-act.h"
#include "policy.h"
#include "user.h"

/* auth tells who has logged in with another user's name
   (auth-request-handler.c). The name alone doesn't say: it may have been
   written in another case. */
static bool is_own_login(const struct mail_user *user)
{
	const char *const *field = user->userdb_fields;
	const char *name = "master_user=";

	for (; field != NULL && *field != NULL; field++) {
		if (strncmp(*field, name, strlen(name)) == 0)
			return strcmp(*field + strlen(name),
				      user->username) == 0;
	}
	return TRUE;
}

static const struct mail_seal_settings *
owners_act(struct mailbox *box, bool script, bool dsync)
{
	struct mail_user *user = box->storage->user;
	const struct mail_namespace *ns = mailbox_get_namespace(box);
	const struct mail_seal_act act = {
		.service = user->service,
		.own_login = is_own_login(user),
		.own_mailbox = ns->owner == user &&
			ns->type == MAIL_NAMESPACE_TYPE_PRIVATE &&
			box->virtual_vfuncs == NULL,
		.script = script,
		.dsync = dsync || user->dsyncing
	};
	const struct mail_seal_settings *set;
	const char *error;

	if (!mail_seal_policy_is_owners_act(&act))
		return NULL;
	set = mail_seal_user_get_settings(user, &error);
	return set != NULL && set->source_count > 0 ? set : NULL;
}

const struct mail_seal_settings *mail_seal_owners_act(struct mailbox *box)
{
	return owners_act(box, FALSE, FALSE);
}

const struct mail_seal_settings *
mail_seal_owners_save(struct mail_save_context *ctx)
{
	const struct mailbox_transaction_context *t = ctx->transaction;

	/* in a session of IMAP only imapsieve saves a message by copying it
	   (mailbox_save_using_mail()) */
	return owners_act(t->box, ctx->saving && ctx->copying_or_moving,
			  (t->flags & MAILBOX_TRANSACTION_FLAG_SYNC) != 0);
}

void mail_seal_owners_enrolment(const struct mail_seal_settings *set,
				const char *way,
				struct mail_seal_enrolment *enrolment_r)
{
	i_zero(enrolment_r);
	enrolment_r->set = set;
	enrolment_r->way = way;
	enrolment_r->who = set->user->username;
}

static enum mail_error result_error(enum mail_seal_enrol_result result)
{
	return result == MAIL_SEAL_ENROL_FAILED ? MAIL_ERROR_UNAVAILABLE :
		MAIL_ERROR_NOTPOSSIBLE;
}

int mail_seal_owners_act_failed(struct mailbox *box,
				enum mail_seal_enrol_result result,
				const struct mail_seal_enrol_error *error)
{
	if (result == MAIL_SEAL_ENROL_FAILED)
		e_error(box->event, "mail_seal: %s", error->log_error);
	else
		e_info(box->event, "mail_seal: %s", error->log_error);
	mail_storage_set_error(box->storage, result_error(result),
			       error->sentence);
	return -1;
}
