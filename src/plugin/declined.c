/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What an owner declined: where that lies, and how it changes. */

#include "lib.h"
#include "mail-user.h"
#include "str.h"
#include "../seal/clock.h"
#include "clocks.h"
#include "declined.h"
#include "keys.h"
#include "owner.h"
#include "pending.h"
#include "state-file.h"

#include <time.h>

/* how often somebody else can be faster */
#define TRIES 5

static const struct mail_seal_state_file declined_file = {
	.name = "~dovecot-mail-seal-declined",
	.name_mbox = ".imap/dovecot-mail-seal-declined.lock"
};

/* What is to be done: add these, or take them away. */
struct change {
	bool forget;
	/* what it was that wasn't known is known now, or doesn't matter */
	bool known;
	enum mail_seal_declined_kind kind;
	time_t when;
	const char *const *fingerprints;
};

static void
apply(const struct change *change, struct mail_seal_declined *declined)
{
	const char *const *fingerprint = change->fingerprints;

	for (; *fingerprint != NULL; fingerprint++) {
		const struct mail_seal_declined_entry entry = {
			.kind = change->kind,
			.when = change->when,
			.fingerprint = *fingerprint
		};

		if (change->forget)
			mail_seal_declined_remove(declined, *fingerprint);
		else
			mail_seal_declined_add(declined, &entry);
	}
	if (change->known) {
		mail_seal_declined_remove(declined,
					  MAIL_SEAL_DECLINED_UNKNOWN);
	}
}

/* Returns 1, 0 if somebody else was faster, or -1. */
static int
change_once(struct mail_user *owner, const struct change *change,
	    const char **error_r)
{
	string_t *seen = t_str_new(1024), *text = t_str_new(1024);
	struct mail_seal_declined declined;
	int ret = mail_seal_state_file_read(owner, &declined_file, seen,
					    error_r);

	if (ret < 0)
		return -1;
	mail_seal_declined_parse(str_c(seen), pool_datastack_create(),
				 &declined);
	apply(change, &declined);
	mail_seal_declined_print(&declined, text);
	if (str_equals(seen, text))
		return 1;
	/* none of ours is like that */
	if (ret > 0 && (str_len(seen) == 0 ||
			str_len(seen) > MAIL_SEAL_STATE_SIZE_MAX)) {
		return mail_seal_state_file_write(owner, &declined_file, text,
						  error_r) < 0 ? -1 : 1;
	}
	return mail_seal_state_file_write_if(owner, &declined_file, seen, text,
					     error_r);
}

/* Returns 1, or 0 or -1 and why it can't be done. */
static int
make_change_quietly(struct mail_user *owner, const struct change *change,
		    const char **error_r)
{
	int ret = 0;

	*error_r = "somebody else changes it at the same time";
	for (unsigned int i = 0; i < TRIES && ret == 0; i++)
		ret = change_once(owner, change, error_r);
	return ret;
}

static void make_change(struct mail_user *owner, const struct change *change)
{
	const char *error;

	if (change->fingerprints != NULL &&
	    make_change_quietly(owner, change, &error) <= 0) {
		e_warning(owner->event, "mail_seal: Which certificates the "
			  "owner declined can't be kept: %s", error);
	}
}

void mail_seal_declined_note(struct mail_user *owner,
			     enum mail_seal_declined_kind kind, time_t when,
			     const char *const *fingerprints)
{
	const struct change change = {
		.kind = kind,
		.when = when,
		.fingerprints = fingerprints
	};

	make_change(owner, &change);
}

void mail_seal_declined_identify(struct mail_user *owner,
				 const struct mail_seal_declined_entry *entry,
				 const char *const *fingerprints)
{
	const struct change change = {
		.known = TRUE,
		.kind = entry->kind,
		.when = entry->when,
		.fingerprints = fingerprints
	};

	make_change(owner, &change);
}

void mail_seal_declined_forget(struct mail_user *owner,
			       const char *const *fingerprints)
{
	const struct change change = {
		.forget = TRUE,
		.known = TRUE,
		.fingerprints = fingerprints
	};

	make_change(owner, &change);
}

/*
 * Of another mail store
 */

time_t mail_seal_declined_last_withdrawn(struct mail_user *owner)
{
	string_t *text = t_str_new(1024);
	struct mail_seal_declined declined;
	const char *error;

	if (mail_seal_state_file_read(owner, &declined_file, text,
				      &error) <= 0)
		return 0;
	mail_seal_declined_parse(str_c(text), pool_datastack_create(),
				 &declined);
	return mail_seal_declined_last(&declined, TRUE, time(NULL));
}

bool mail_seal_declined_has_withdrawn(struct mail_user *owner, time_t since)
{
	time_t last = mail_seal_declined_last_withdrawn(owner);

	return last != 0 && last >= since;
}

int mail_seal_declined_get_text(struct mail_user *owner, string_t *text,
				time_t *changed_r, const char **error_r)
{
	struct mail_seal_declined declined;
	const time_t now = time(NULL);
	int ret;

	*changed_r = mail_seal_clocks_possible(
		mail_seal_state_file_changed(owner, &declined_file), now);
	ret = mail_seal_state_file_read(owner, &declined_file, text, error_r);
	if (ret > 0) {
		mail_seal_declined_parse(str_c(text), pool_datastack_create(),
					 &declined);
		/* by whichever clock that was */
		*changed_r = I_MAX(*changed_r, mail_seal_declined_last(
					&declined, FALSE, now));
	}
	return ret;
}

int mail_seal_declined_add_text(struct mail_user *owner, const char *text,
				const char **error_r)
{
	struct mail_seal_declined declined;
	const char *fingerprints[2] = { NULL, NULL };

	mail_seal_declined_parse(text, pool_datastack_create(), &declined);
	for (unsigned int i = 0; i < declined.count; i++) {
		struct change change = {
			.kind = declined.list[i].kind,
			.when = declined.list[i].when,
			.fingerprints = fingerprints
		};

		fingerprints[0] = declined.list[i].fingerprint;
		if (make_change_quietly(owner, &change, error_r) <= 0)
			return -1;
	}
	return 0;
}

/*
 * Reading
 */

/* Does this back end know that withdrawal? By a clock that was far ahead it may
   be any. */
static bool
knows_withdrawal(const struct mail_seal_declined *declined, time_t when,
		 time_t now)
{
	when = mail_seal_clocks_possible(when, now);
	for (unsigned int i = 0; i < declined->count; i++) {
		const struct mail_seal_declined_entry *entry =
			&declined->list[i];

		if (entry->kind == MAIL_SEAL_DECLINED_WITHDRAWN &&
		    entry->when + SEAL_CLOCK_SKEW_SECS >= when)
			return TRUE;
	}
	return FALSE;
}

/* Another back end has taken the withdrawal. */
static void
add_withdrawal(const struct mail_seal_settings *set,
	       struct mail_seal_declined *declined)
{
	struct mail_seal_declined_entry entry = {
		.kind = MAIL_SEAL_DECLINED_WITHDRAWN,
		.fingerprint = MAIL_SEAL_DECLINED_UNKNOWN
	};

	const time_t now = time(NULL);
	time_t when = mail_seal_keys_get_withdrawn(set);

	if (when != 0 && !knows_withdrawal(declined, when, now)) {
		entry.when = mail_seal_clocks_mend(when, now);
		mail_seal_declined_add(declined, &entry);
	}
}

/* Nobody has given it up yet (mail_seal_enrol_due()). A dict need have no place
   for what is pending. */
static void
add_run_out(const struct mail_seal_settings *set,
	    struct mail_seal_declined *declined)
{
	struct mail_seal_declined_entry entry = {
		.kind = MAIL_SEAL_DECLINED_UNANSWERED
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending pending;
	const char *const *key;

	if (mail_seal_pending_get(set, &pending, &error) <= 0 ||
	    pending.keys == NULL)
		return;
	entry.when = mail_seal_gate_until(&pending, set);
	if (entry.when > time(NULL))
		return;
	for (key = pending.keys; *key != NULL; key++) {
		entry.fingerprint = *key;
		mail_seal_declined_add(declined, &entry);
	}
}

static void drop_what_is_over(struct mail_seal_declined *declined)
{
	time_t now = time(NULL);

	for (unsigned int i = declined->count; i > 0; i--) {
		time_t until =
			mail_seal_declined_until(&declined->list[i - 1]);

		if (until != 0 && until <= now) {
			mail_seal_declined_remove(declined,
				declined->list[i - 1].fingerprint);
		}
	}
}

int mail_seal_declined_get(const struct mail_seal_settings *set,
			   struct mail_seal_declined *declined_r,
			   struct seal_error *error)
{
	string_t *text = t_str_new(1024);
	const char *reason;

	if (mail_seal_state_file_read(set->user, &declined_file, text,
				      &reason) < 0) {
		seal_error_set(error, SEAL_ERROR_STORE, "%s", reason);
		return -1;
	}
	mail_seal_declined_parse(str_c(text), pool_datastack_create(),
				 declined_r);
	add_withdrawal(set, declined_r);
	add_run_out(set, declined_r);
	drop_what_is_over(declined_r);
	return 0;
}
