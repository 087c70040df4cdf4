/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Gathers what there is to know of a message's destination, and asks the
   policy. */

#include "lib.h"
#include "imap-match.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "dovecot-compat.h"
#include "decide.h"
#include "keys.h"
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

static void
decision_fail(struct mail_seal_decision *decision, const char *log_error,
	      const char *sentence)
{
	decision->action = MAIL_SEAL_ACTION_FAIL;
	decision->reason = MAIL_SEAL_REASON_UNKNOWN_OWNER;
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
		decision_fail(decision, t_strdup_printf(
			"settings of the mailbox's owner %s: %s",
			owner->username, error),
			mail_seal_policy_unknown_owner_sentence());
	}
	return decision->set != NULL;
}

static void
decide_by_keys(struct mail_seal_decision *decision)
{
	struct mail_seal_keys keys;

	mail_seal_keys_get(decision->set, &keys);
	decision->action = mail_seal_policy_action(keys.state, decision->set);
	decision->reason = mail_seal_policy_key_reason(keys.state);
	decision->recipients = keys.recipients;
	decision->log_error = keys.log_error;
	if (decision->action == MAIL_SEAL_ACTION_STORE &&
	    keys.state == MAIL_SEAL_KEY_UNUSABLE)
		decision->warning = keys.log_error;
	if (decision->action != MAIL_SEAL_ACTION_FAIL)
		return;
	switch (keys.state) {
	case MAIL_SEAL_KEY_MISSING:
		decision->sentence = mail_seal_policy_missing_key_sentence();
		break;
	case MAIL_SEAL_KEY_UNUSABLE:
		decision->sentence =
			mail_seal_policy_unusable_key_sentence(keys.reason);
		break;
	default:
		decision->sentence =
			mail_seal_policy_engine_sentence(SEAL_ERROR_ENGINE);
		break;
	}
}

/* Finds out whether there is anything to seal. Returns FALSE if that can't be
   told, which is the decision then. */
static bool
decide_exempt(struct mailbox *box, bool dsync,
	      struct mail_seal_decision *decision)
{
	struct mail_seal_destination dest;

	i_zero(decision);
	i_zero(&dest);
	dest.dsync = dsync;
	dest.virtual = box->virtual_vfuncs != NULL;
	dest.public = mailbox_get_namespace(box)->owner == NULL;
	if (!dest.dsync && !dest.virtual && !dest.public) {
		if (!decide_owner(box, decision))
			return FALSE;
		dest.drafts = compat_mailbox_has_special_use(box, "\\Drafts");
		dest.excluded = mailbox_is_excluded(box, decision->set);
		dest.owner_has_sources = decision->set->source_count > 0;
		if (mail_seal_policy_hides_headers(&dest)) {
			decision->protect_headers =
				decision->set->protect_headers;
		}
	}
	decision->virtual = dest.virtual;
	decision->exempt = mail_seal_policy_is_exempt(&dest);
	if (decision->exempt)
		decision->reason = mail_seal_policy_exempt_reason(&dest);
	return TRUE;
}

static void
decide(struct mailbox *box, bool dsync, struct mail_seal_decision *decision_r)
{
	if (!decide_exempt(box, dsync, decision_r))
		return;
	if (decision_r->exempt)
		decision_r->action = MAIL_SEAL_ACTION_STORE;
	else
		decide_by_keys(decision_r);
}

void mail_seal_decide(struct mailbox_transaction_context *t,
		      struct mail_seal_decision *decision_r)
{
	decide(t->box, (t->flags & MAILBOX_TRANSACTION_FLAG_SYNC) != 0,
	       decision_r);
}

void mail_seal_decide_for_mailbox(struct mailbox *box,
				  struct mail_seal_decision *decision_r)
{
	decide(box, FALSE, decision_r);
}

int mail_seal_mailbox_is_exempt(struct mailbox *box, const char **error_r)
{
	struct mail_seal_decision decision;

	if (!decide_exempt(box, FALSE, &decision)) {
		*error_r = decision.log_error;
		return -1;
	}
	return decision.exempt ? 1 : 0;
}

void mail_seal_decision_free(struct mail_seal_decision *decision)
{
	if (decision->recipients != NULL) {
		mail_seal_core_get_loaded()->recipients_free(
			&decision->recipients);
	}
}
