/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_POLICY_H
#define MAIL_SEAL_POLICY_H

#include "report.h"
#include "owner-settings.h"
#include "../seal/seal-error.h"

/* The decisions, without the means: what is to be done with a message, and
   what its sender or owner is told when it can't be done. */

/* What is known of the mailbox a message is saved to */
struct mail_seal_destination {
	/* dsync's bytes and GUIDs must stay equal on both sides */
	bool dsync;
	/* its messages are stored by another mailbox, which decides */
	bool virtual;
	/* in a public namespace: it has no owner */
	bool public;
	/* and the configuration has given it certificates: group.h */
	bool group;
	/* mail_seal_exclude names it */
	bool excluded;
	/* mail_seal_keys_mailbox does */
	bool keys_mailbox;
	/* a \Drafts mailbox */
	bool drafts;
	/* the owner has mail_seal_keys */
	bool owner_has_sources;
};

enum mail_seal_key_state {
	MAIL_SEAL_KEY_USABLE,
	MAIL_SEAL_KEY_MISSING,
	/* the same, but the owner was enrolled once: something hides it */
	MAIL_SEAL_KEY_LOST,
	MAIL_SEAL_KEY_UNUSABLE,
	/* the engine couldn't tell */
	MAIL_SEAL_KEY_ENGINE_FAILED
};

enum mail_seal_action {
	MAIL_SEAL_ACTION_STORE,
	MAIL_SEAL_ACTION_SEAL,
	MAIL_SEAL_ACTION_FAIL
};

/* Is there nothing to seal for this destination, whatever the keys? */
bool mail_seal_policy_is_exempt(const struct mail_seal_destination *dest);
/* If so, why? */
enum mail_seal_reason
mail_seal_policy_exempt_reason(const struct mail_seal_destination *dest);

/* May header fields be hidden there? A client that edits a draft it hasn't
   shown before takes the subject from outside. */
bool mail_seal_policy_hides_headers(const struct mail_seal_destination *dest);

/* What is known of who does something with a mailbox */
struct mail_seal_act {
	/* Dovecot's name of the kind of session */
	const char *service;
	/* logged in as himself, not by a master user's password */
	bool own_login;
	/* the mailbox is his, in a private namespace */
	bool own_mailbox;
	/* a script does it (imapsieve) */
	bool script;
	bool dsync;
};
/* Is it the owner, by means of a mail client? Only then it says anything about
   his certificates. */
bool mail_seal_policy_is_owners_act(const struct mail_seal_act *act);

/* Does a mailbox of this name, which begins with its namespace's prefix, have
   the name that a setting says? */
bool mail_seal_policy_is_named(const char *vname, const char *prefix,
			       const char *setting);

/* What to do with a message, why, and what to tell whoever saves it if that is
   nothing */
struct mail_seal_verdict {
	enum mail_seal_action action;
	enum mail_seal_reason reason;
	/* one sentence without paths, from the data stack; NULL unless the
	   action is to fail */
	const char *sentence;
};

/* What to do with a message for an owner whose keys are in this state.
   key_reason is half a sentence about a key that can't be used, like "it has
   expired". */
void mail_seal_policy_judge(enum mail_seal_key_state state,
			    const char *key_reason,
			    const struct mail_seal_settings *set,
			    struct mail_seal_verdict *verdict_r);

/* The same for a group's certificates. left_out says what is wrong with one
   that can't be used while others can, or is NULL. */
void mail_seal_policy_judge_group(enum mail_seal_key_state state,
				  const char *key_reason, const char *left_out,
				  const struct mail_seal_settings *set,
				  struct mail_seal_verdict *verdict_r);

/* Is it sure that nothing of a delivery could be stored, whichever mailbox it
   goes to? Then it is refused before a script sends its answers. */
bool mail_seal_policy_refuses_delivery(const struct mail_seal_verdict *verdict,
				       const struct mail_seal_settings *set,
				       bool has_groups);

/* Did the sender choose this mailbox, by the detail of the address? Its name
   or the last parts of it may be given, in any case. Then excluding it isn't
   the administrator's choice. */
bool mail_seal_policy_is_detail(const char *detail, const char *vname,
				char separator);

/* What state of the keys an error from reading them means. */
enum mail_seal_key_state
mail_seal_policy_key_state(enum seal_error_code code);

/* Other sentences for whoever saves the message, without paths. */
const char *mail_seal_policy_unknown_owner_sentence(void);
const char *mail_seal_policy_settings_sentence(void);
const char *mail_seal_policy_engine_sentence(enum seal_error_code code);

#endif
