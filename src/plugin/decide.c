/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Gathers what there is to know of a message's destination, and asks the
   policy. */

#include "lib.h"
#include "imap-match.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "dovecot-compat.h"
#include "decide.h"
#include "deliver.h"
#include "group.h"
#include "keys-mailbox.h"
#include "owner.h"
#include "../core/core.h"
#include "user.h"

static bool
mailbox_is_excluded(struct mailbox *box, const struct mail_seal_settings *set)
{
	const char *vname = mailbox_get_vname(box);
	char separator = mail_namespace_get_sep(mailbox_get_namespace(box));
	const char *const *word;
	bool excluded = FALSE;

	for (word = set->exclude; *word != NULL && !excluded; word++) T_BEGIN {
		if (**word == '\\') {
			excluded = compat_mailbox_has_special_use(box, *word);
		} else {
			struct imap_match_glob *glob = imap_match_init(
				pool_datastack_create(), *word, TRUE,
				separator);

			excluded = imap_match(glob, vname) == IMAP_MATCH_YES;
		}
	} T_END;
	return excluded;
}

/* Exclusion is the administrator's and the owner's, not the sender's. */
static bool
is_senders_choice(struct mailbox *box)
{
	/* whose mail it is that is delivered, be it into another's mailbox */
	const struct mail_seal_delivery *delivery =
		mail_seal_delivery_of(box->storage->user);
	struct mail_namespace *ns = mailbox_get_namespace(box);

	/* with the namespace's prefix, which the detail may have, too */
	return delivery != NULL &&
		mail_seal_policy_is_detail(delivery->detail,
					   mailbox_get_vname(box),
					   mail_namespace_get_sep(ns));
}

static void
decision_fail(struct mail_seal_decision *decision,
	      enum mail_seal_reason reason, const char *log_error,
	      const char *sentence)
{
	decision->action = MAIL_SEAL_ACTION_FAIL;
	decision->reason = reason;
	decision->log_error = log_error;
	decision->sentence = sentence;
}

/* Finds the settings of the mailbox's owner. Returns FALSE if the decision
   is made by that. */
static bool
decide_owner(struct mailbox *box, struct mail_seal_decision *decision)
{
	struct mail_user *owner = mailbox_get_namespace(box)->owner;
	struct mail_user *accessor = box->storage->user;
	const char *error;

	decision->set = owner == accessor ?
		mail_seal_user_get_settings(owner, &error) :
		mail_seal_user_get_owner_settings(owner, accessor, &error);
	if (decision->set == NULL) {
		decision_fail(decision, MAIL_SEAL_REASON_UNKNOWN_OWNER,
			t_strdup_printf("settings of the mailbox's owner %s: %s",
			owner->username, error),
			mail_seal_policy_unknown_owner_sentence());
	}
	return decision->set != NULL;
}

/* A delivery has looked at its owner's keys before it began. */
static void decide_by_keys(struct mail_seal_decision *decision)
{
	const struct mail_seal_delivery *delivery =
		mail_seal_delivery_of(decision->set->user);
	struct mail_seal_owner judged;
	const struct mail_seal_owner *owner = &judged;

	if (delivery != NULL && delivery->owner.set == decision->set)
		owner = &delivery->owner;
	else
		mail_seal_owner_judge(decision->set, TRUE, &judged);
	decision->action = owner->verdict.action;
	decision->reason = owner->verdict.reason;
	decision->sentence = owner->verdict.sentence;
	decision->log_error = owner->log_error;
	decision->news = owner->news;
	decision->recipients = owner->keys.recipients;
	if (decision->recipients != NULL && owner != &judged) {
		mail_seal_core_get_loaded()->recipients_ref(
			decision->recipients);
	}
	if (decision->action == MAIL_SEAL_ACTION_STORE &&
	    decision->reason == MAIL_SEAL_REASON_UNUSABLE_KEY) {
		decision->warning = t_strconcat("Message stored as it came "
			"(mail_seal_unusable_key = store): ",
			decision->log_error, NULL);
	}
}

static void decide_by_group_keys(struct mail_seal_decision *decision)
{
	struct mail_seal_group_keys judged;

	mail_seal_group_judge(decision->set, &judged);
	decision->action = judged.verdict.action;
	decision->reason = judged.verdict.reason;
	decision->sentence = judged.verdict.sentence;
	decision->log_error = judged.log_error;
	decision->warning = judged.warning;
	decision->recipients = judged.keys.recipients;
}

/* Finds the settings of a group if the mailbox has one. Returns FALSE if the
   decision is made by that. */
static bool
decide_group(struct mailbox *box, struct mail_seal_destination *dest,
	     struct mail_seal_decision *decision)
{
	const struct mail_seal_group *group;
	const char *error;
	int ret = mail_seal_group_of_mailbox(box, &group, &error);

	if (ret < 0) {
		decision_fail(decision, MAIL_SEAL_REASON_SETTINGS, error,
			      mail_seal_policy_settings_sentence());
		return FALSE;
	}
	dest->group = decision->group = ret > 0;
	if (dest->group) {
		decision->set = &group->set;
		dest->owner_has_sources = TRUE;
	}
	return TRUE;
}

/* Finds out whether there is anything to seal. What is filed, by a delivery or
   a script, isn't what an owner puts into the keys mailbox: who has his
   password could write a script that files all his mail there. Returns FALSE
   if that can't be told, which is the decision then. */
static bool
decide_exempt(struct mailbox *box, bool dsync, bool filed,
	      struct mail_seal_decision *decision)
{
	struct mail_seal_destination dest;

	i_zero(decision);
	i_zero(&dest);
	dest.dsync = dsync;
	dest.virtual = box->virtual_vfuncs != NULL;
	dest.public = mailbox_get_namespace(box)->owner == NULL;
	if (!dest.dsync && !dest.virtual &&
	    !decide_group(box, &dest, decision))
		return FALSE;
	if (!dest.dsync && !dest.virtual && !dest.public) {
		if (!decide_owner(box, decision))
			return FALSE;
		dest.excluded = mailbox_is_excluded(box, decision->set) &&
			!is_senders_choice(box);
		dest.keys_mailbox =
			!filed &&
			mail_seal_is_keys_mailbox(box, decision->set);
		dest.owner_has_sources = decision->set->source_count > 0;
	}
	dest.drafts = compat_mailbox_has_special_use(box, "\\Drafts");
	if (decision->set != NULL && mail_seal_policy_hides_headers(&dest))
		decision->protect_headers = decision->set->protect_headers;
	decision->virtual = dest.virtual;
	decision->exempt = mail_seal_policy_is_exempt(&dest);
	if (decision->exempt)
		decision->reason = mail_seal_policy_exempt_reason(&dest);
	return TRUE;
}

static void
decide(struct mailbox *box, bool dsync, bool filed,
       struct mail_seal_decision *decision_r)
{
	if (!decide_exempt(box, dsync, filed, decision_r))
		return;
	if (decision_r->exempt) {
		decision_r->action = MAIL_SEAL_ACTION_STORE;
		/* the mailbox behind a virtual one decides for itself */
		if (decision_r->reason == MAIL_SEAL_REASON_NO_SOURCES &&
		    !decision_r->virtual)
			mail_seal_user_note_unsealed(decision_r->set->user);
	} else if (decision_r->group)
		decide_by_group_keys(decision_r);
	else
		decide_by_keys(decision_r);
}

void mail_seal_decide(struct mail_save_context *ctx,
		      struct mail_seal_decision *decision_r)
{
	const struct mailbox_transaction_context *t = ctx->transaction;

	/* mailbox_save_using_mail() */
	decide(t->box, (t->flags & MAILBOX_TRANSACTION_FLAG_SYNC) != 0,
	       ctx->saving && ctx->copying_or_moving, decision_r);
}

void mail_seal_decide_for_mailbox(struct mailbox *box,
				  struct mail_seal_decision *decision_r)
{
	decide(box, FALSE, FALSE, decision_r);
}

int mail_seal_mailbox_is_exempt(struct mailbox *box, const char **error_r)
{
	struct mail_seal_decision decision;

	if (!decide_exempt(box, FALSE, FALSE, &decision)) {
		*error_r = decision.log_error;
		return -1;
	}
	return decision.exempt ? 1 : 0;
}

const char *mail_seal_mailbox_excluded_by(struct mailbox *box)
{
	struct mail_seal_decision decision;

	if (!decide_exempt(box, FALSE, FALSE, &decision) || !decision.exempt)
		return NULL;
	return decision.reason == MAIL_SEAL_REASON_EXCLUDED ?
		"mail_seal_exclude" :
		decision.reason == MAIL_SEAL_REASON_KEYS_MAILBOX ?
		"mail_seal_keys_mailbox" : NULL;
}

bool mail_seal_mailbox_may_exclude(struct mailbox *box)
{
	struct mail_seal_decision decision;
	struct mail_seal_owner owner;
	bool sealed;

	if (mailbox_get_namespace(box)->owner == NULL ||
	    box->virtual_vfuncs != NULL || !decide_owner(box, &decision) ||
	    decision.set->source_count == 0 ||
	    (*decision.set->exclude == NULL &&
	     decision.set->keys_mailbox == NULL))
		return FALSE;
	mail_seal_owner_judge(decision.set, FALSE, &owner);
	sealed = owner.verdict.reason != MAIL_SEAL_REASON_MISSING_KEY;
	mail_seal_owner_free(&owner);
	return sealed;
}

void mail_seal_decision_free(struct mail_seal_decision *decision)
{
	if (decision->recipients != NULL) {
		mail_seal_core_get_loaded()->recipients_unref(
			&decision->recipients);
	}
}
