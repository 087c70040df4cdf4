/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "policy.h"

bool mail_seal_policy_is_exempt(const struct mail_seal_destination *dest)
{
	return dest->dsync || dest->virtual ||
		(dest->public && !dest->group) ||
		dest->excluded || dest->keys_mailbox ||
		!dest->owner_has_sources;
}

bool mail_seal_policy_hides_headers(const struct mail_seal_destination *dest)
{
	return !dest->drafts;
}

enum mail_seal_reason
mail_seal_policy_exempt_reason(const struct mail_seal_destination *dest)
{
	if (dest->dsync)
		return MAIL_SEAL_REASON_DSYNC;
	if (dest->public && !dest->group)
		return MAIL_SEAL_REASON_PUBLIC;
	if (!dest->owner_has_sources)
		return MAIL_SEAL_REASON_NO_SOURCES;
	return dest->keys_mailbox ? MAIL_SEAL_REASON_KEYS_MAILBOX :
		MAIL_SEAL_REASON_EXCLUDED;
}

bool mail_seal_policy_is_owners_act(const struct mail_seal_act *act)
{
	return strcmp(act->service, "imap") == 0 && act->own_login &&
		act->own_mailbox && !act->script && !act->dsync;
}

bool mail_seal_policy_is_named(const char *vname, const char *prefix,
			       const char *setting)
{
	size_t size = strlen(prefix);

	return strcmp(vname, setting) == 0 ||
		(strncmp(vname, prefix, size) == 0 &&
		 strcmp(vname + size, setting) == 0);
}

static enum mail_seal_action fallback_action(enum mail_seal_fallback fallback)
{
	return fallback == MAIL_SEAL_STORE ? MAIL_SEAL_ACTION_STORE :
		MAIL_SEAL_ACTION_FAIL;
}

static const char *unusable_key_sentence(const char *key_reason)
{
	return t_strdup_printf("Message not stored: the encryption key of "
			       "this mailbox can't be used: %s", key_reason);
}

void mail_seal_policy_judge(enum mail_seal_key_state state,
			    const char *key_reason,
			    const struct mail_seal_settings *set,
			    struct mail_seal_verdict *verdict_r)
{
	i_zero(verdict_r);
	switch (state) {
	case MAIL_SEAL_KEY_USABLE:
		verdict_r->action = MAIL_SEAL_ACTION_SEAL;
		verdict_r->reason = MAIL_SEAL_REASON_USABLE_KEY;
		break;
	case MAIL_SEAL_KEY_MISSING:
		verdict_r->action = fallback_action(set->missing_key);
		verdict_r->reason = MAIL_SEAL_REASON_MISSING_KEY;
		verdict_r->sentence = "Message not stored: "
			"there is no encryption key for this mailbox";
		break;
	case MAIL_SEAL_KEY_LOST:
		key_reason = "it is no longer there";
		/* fall through */
	case MAIL_SEAL_KEY_UNUSABLE:
		verdict_r->action = fallback_action(set->unusable_key);
		verdict_r->reason = MAIL_SEAL_REASON_UNUSABLE_KEY;
		verdict_r->sentence = unusable_key_sentence(key_reason);
		break;
	case MAIL_SEAL_KEY_ENGINE_FAILED:
		/* No setting allows plaintext because of a broken engine. */
		verdict_r->action = MAIL_SEAL_ACTION_FAIL;
		verdict_r->reason = MAIL_SEAL_REASON_ENGINE;
		verdict_r->sentence =
			mail_seal_policy_engine_sentence(SEAL_ERROR_ENGINE);
		break;
	}
	if (verdict_r->action != MAIL_SEAL_ACTION_FAIL)
		verdict_r->sentence = NULL;
}

void mail_seal_policy_judge_group(enum mail_seal_key_state state,
				  const char *key_reason, const char *left_out,
				  const struct mail_seal_settings *set,
				  struct mail_seal_verdict *verdict_r)
{
	/* whatever an owner's mail may do without a key */
	struct mail_seal_settings group_set = *set;

	group_set.missing_key = group_set.unusable_key = MAIL_SEAL_TEMPFAIL;
	mail_seal_policy_judge(state, key_reason, &group_set, verdict_r);
	if (verdict_r->action != MAIL_SEAL_ACTION_SEAL || left_out == NULL ||
	    set->group_skips_unusable)
		return;
	verdict_r->action = MAIL_SEAL_ACTION_FAIL;
	verdict_r->reason = MAIL_SEAL_REASON_UNUSABLE_KEY;
	verdict_r->sentence = "Message not stored: the encryption key of a "
		"member of this mailbox can't be used";
}

bool mail_seal_policy_refuses_delivery(const struct mail_seal_verdict *verdict,
				       const struct mail_seal_settings *set,
				       bool has_groups)
{
	/* the script may choose an excluded mailbox, or a group's */
	return verdict->action == MAIL_SEAL_ACTION_FAIL && !has_groups &&
		(set->exclude == NULL || *set->exclude == NULL);
}

bool mail_seal_policy_is_detail(const char *detail, const char *vname,
				char separator)
{
	if (*detail == '\0')
		return FALSE;
	for (; vname != NULL; vname = strchr(vname, separator)) {
		if (*vname == separator)
			vname++;
		if (strcasecmp(detail, vname) == 0)
			return TRUE;
	}
	return FALSE;
}

enum mail_seal_key_state
mail_seal_policy_key_state(enum seal_error_code code)
{
	return code == SEAL_ERROR_UNUSABLE_KEY ? MAIL_SEAL_KEY_UNUSABLE :
		MAIL_SEAL_KEY_ENGINE_FAILED;
}

const char *mail_seal_policy_unknown_owner_sentence(void)
{
	return "Message not stored: it can't be determined "
		"whose encryption key this mailbox has";
}

const char *mail_seal_policy_settings_sentence(void)
{
	return "Message not stored: the server's settings for "
		"encrypting this mailbox are wrong";
}

const char *mail_seal_policy_engine_sentence(enum seal_error_code code)
{
	switch (code) {
	case SEAL_ERROR_UNUSABLE_KEY:
		return "Message not stored: the encryption key of "
			"this mailbox was refused";
	case SEAL_ERROR_TIMEOUT:
		return "Message not stored: encrypting it took too long, "
			"please try again later";
	case SEAL_ERROR_STORE:
		return "Message not stored: the server has no room to "
			"encrypt it, please try again later";
	default:
		return "Message not stored: encrypting it failed on the "
			"server, please try again later";
	}
}
