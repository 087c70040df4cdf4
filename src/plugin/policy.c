/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "policy.h"

bool mail_seal_policy_is_exempt(const struct mail_seal_destination *dest)
{
	return dest->dsync || dest->virtual || dest->public ||
		dest->excluded || !dest->owner_has_sources;
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
	if (dest->public)
		return MAIL_SEAL_REASON_PUBLIC;
	if (!dest->owner_has_sources)
		return MAIL_SEAL_REASON_NO_SOURCES;
	return MAIL_SEAL_REASON_EXCLUDED;
}

enum mail_seal_reason mail_seal_policy_key_reason(enum mail_seal_key_state state)
{
	switch (state) {
	case MAIL_SEAL_KEY_USABLE:
		return MAIL_SEAL_REASON_USABLE_KEY;
	case MAIL_SEAL_KEY_MISSING:
		return MAIL_SEAL_REASON_MISSING_KEY;
	case MAIL_SEAL_KEY_UNUSABLE:
		return MAIL_SEAL_REASON_UNUSABLE_KEY;
	case MAIL_SEAL_KEY_ENGINE_FAILED:
		break;
	}
	return MAIL_SEAL_REASON_ENGINE;
}

static enum mail_seal_action fallback_action(enum mail_seal_fallback fallback)
{
	return fallback == MAIL_SEAL_STORE ? MAIL_SEAL_ACTION_STORE :
		MAIL_SEAL_ACTION_FAIL;
}

enum mail_seal_action
mail_seal_policy_action(enum mail_seal_key_state state,
			const struct mail_seal_settings *set)
{
	switch (state) {
	case MAIL_SEAL_KEY_USABLE:
		return MAIL_SEAL_ACTION_SEAL;
	case MAIL_SEAL_KEY_MISSING:
		return fallback_action(set->missing_key);
	case MAIL_SEAL_KEY_UNUSABLE:
		return fallback_action(set->unusable_key);
	case MAIL_SEAL_KEY_ENGINE_FAILED:
		break;
	}
	/* No setting allows plaintext because of a broken engine. */
	return MAIL_SEAL_ACTION_FAIL;
}

enum mail_seal_key_state
mail_seal_policy_key_state(enum seal_error_code code)
{
	return code == SEAL_ERROR_UNUSABLE_KEY ? MAIL_SEAL_KEY_UNUSABLE :
		MAIL_SEAL_KEY_ENGINE_FAILED;
}

const char *mail_seal_policy_missing_key_sentence(void)
{
	return "Message not stored: "
		"there is no encryption key for this mailbox";
}

const char *mail_seal_policy_unusable_key_sentence(const char *reason)
{
	return t_strdup_printf("Message not stored: the encryption key of "
			       "this mailbox can't be used: %s", reason);
}

const char *mail_seal_policy_unknown_owner_sentence(void)
{
	return "Message not stored: it can't be determined "
		"whose encryption key this mailbox has";
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
