/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Gathers what is known of an owner, asks the policy what he has to be told,
   tells him, and remembers it. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "mail-user.h"
#include "str.h"
#include "../core/core.h"
#include "notice-policy.h"
#include "notify-pending.h"
#include "owner.h"
#include "user.h"

#include <time.h>

/* How long another back end's notice, if it is still in INBOX, is this one's,
   too: as long as anybody has that many days in mail_seal_notice_days. */
#define SAME_EXPIRY_SECS (90 * 24 * 60 * 60)
/* later than any expiry */
#define NEVER ((time_t)INT64_MAX)
/* Another change to the same key, later, is another one. */
#define SAME_CHANGE_SECS (14 * 24 * 60 * 60)

struct notify {
	const struct mail_seal_settings *set;
	mail_seal_notify_callback_t *callback;
	void *context;
	time_t now;
};

static void
tell(struct notify *notify, enum mail_seal_notice kind, int ret,
     const char *error)
{
	const char *result;

	/* it was there already: nothing was done, and there is no error */
	if (ret == 0)
		return;
	result = ret > 0 ? "stored in INBOX" :
		t_strconcat("not stored: ", error, NULL);
	notify->callback(notify->context, mail_seal_notice_name(kind), result,
			 ret < 0);
}

static void warn_of_state(struct notify *notify, const char *error)
{
	e_warning(notify->set->user->event, "mail_seal: The owner's state "
		  "can't be kept, so he may be told twice: %s", error);
}

/*
 * Changes by hand
 */

/* The state has the old certificates' fingerprints, not themselves; and the
   new one isn't asked, because it may be an attacker's. So this notice isn't
   sealed; it holds no secret. */
static int
send_changed(struct notify *notify, const struct mail_seal_state *state,
	     const char **error_r)
{
	const char *const *halves = t_strsplit(state->owed, " ");
	struct mail_seal_notice_facts facts = {
		.way = "hand",
		.once_since = notify->now - SAME_CHANGE_SECS
	};

	if (str_array_length(halves) != 2)
		return 0;
	facts.old_fingerprints = t_strsplit(halves[0], ",");
	facts.fingerprints = t_strsplit(halves[1], ",");
	return mail_seal_notice_send(notify->set, MAIL_SEAL_NOTICE_CHANGED,
				     &facts, NULL, error_r);
}

static void
settle_owed(struct notify *notify, const struct mail_seal_state *state)
{
	const char *error, *state_error;
	int ret;

	if (state->owed == NULL)
		return;
	ret = send_changed(notify, state, &error);
	if (ret >= 0 &&
	    mail_seal_state_set_owed(notify->set->user, NULL,
				     &state_error) < 0)
		warn_of_state(notify, state_error);
	tell(notify, MAIL_SEAL_NOTICE_CHANGED, ret, error);
}

static void
warn_if_failed(void *context, const char *notice, const char *result,
	       bool failed)
{
	struct mail_user *owner = context;

	if (failed) {
		e_warning(owner->event, "mail_seal: The owner's notice \"%s\" "
			  "waits: %s", notice, result);
	}
}

void mail_seal_notify_owed(struct mail_user *owner)
{
	static bool at_it = FALSE;
	struct notify notify = {
		.callback = warn_if_failed, .context = owner,
		.now = time(NULL)
	};
	struct mail_seal_state state;
	const char *error;

	/* a script that runs on what is saved may save it again (imapsieve) */
	if (owner->autocreated || at_it)
		return;
	at_it = TRUE;
	notify.set = mail_seal_user_get_settings(owner, &error);
	T_BEGIN {
		if (notify.set != NULL &&
		    mail_seal_state_read(owner, &state, &error) > 0)
			settle_owed(&notify, &state);
	} T_END;
	at_it = FALSE;
}

/*
 * Active certificates
 */

/* Those that mail is sealed to, or was */
struct active {
	struct mail_seal_notice_active policy;
	/* those that the notice is about, NULL-terminated */
	const char *const *fingerprints;
	bool x509;
	/* why they can't be used */
	const char *reason;
	/* to seal the notice to, or NULL */
	const buffer_t *content;
};

static const char *const *
one_fingerprint(const struct mail_seal_certificate *certificate)
{
	const char **list = t_new(const char *, 2);

	list[0] = certificate->fingerprint;
	return list;
}

/* The reason that certificate.c gives for each of the ways to expire has this
   word. */
static bool
has_expired(const struct mail_seal_certificate *certificate, time_t now)
{
	return certificate->problem != NULL &&
		strstr(certificate->problem, "expired") != NULL &&
		certificate->expires != 0 && certificate->expires <= now;
}

/* How much an owner can do with a certificate: one that can be used, and for
   how long; one whose time is over, to which a new one can be given; another. */
static time_t
worth(const struct mail_seal_certificate *certificate, time_t now)
{
	if (certificate->problem == NULL) {
		return certificate->expires == 0 ? NEVER :
			certificate->expires;
	}
	return has_expired(certificate, now) ? certificate->expires : 0;
}

static const struct mail_seal_certificate *
choose(const struct mail_seal_certificate *list, unsigned int count,
       time_t now)
{
	const struct mail_seal_certificate *best = &list[0];

	for (unsigned int i = 1; i < count; i++) {
		if (worth(&list[i], now) > worth(best, now))
			best = &list[i];
	}
	return best;
}

/* Asks nobody, as long as what the owner's state has of them holds. */
static int
read_certificates(struct notify *notify, const struct mail_seal_owner *owner,
		  buffer_t *content,
		  const struct mail_seal_certificate **list_r,
		  unsigned int *count_r, struct seal_error *error)
{
	struct mail_seal_contents contents = { .certificates = content };
	const struct mail_seal_core *core = mail_seal_core_get(error);
	buffer_t *extra = t_buffer_create(1024);
	const char *where;

	if (core == NULL ||
	    mail_seal_keys_read(notify->set, content, &where, error) <= 0)
		return -1;
	if (notify->set->extra_keys != NULL) {
		if (mail_seal_keys_read_extra(notify->set, extra, &where,
					      error) < 0)
			return -1;
		contents.extra = extra;
	}
	return core->summarize(&contents, notify->set, owner->state.facts,
			       pool_datastack_create(), list_r, count_r, error);
}

static int
describe(struct notify *notify, const struct mail_seal_owner *owner,
	 struct active *active, const char **error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	const struct mail_seal_certificate *list, *best;
	unsigned int count;

	if (read_certificates(notify, owner, content, &list, &count,
			      &error) < 0 || count == 0) {
		*error_r = t_strdup(error.text);
		return -1;
	}
	best = choose(list, count, notify->now);
	active->policy.usable = best->problem == NULL;
	active->policy.expires = best->expires;
	active->policy.expired = has_expired(best, notify->now);
	active->policy.key = best->fingerprint;
	active->fingerprints = one_fingerprint(best);
	active->x509 = strcmp(best->kind, "X.509") == 0;
	active->reason = best->problem;
	active->content = active->policy.usable ? content : NULL;
	return 0;
}

/* What is left of certificates that can't be read, or that aren't there */
static void
describe_lost(struct active *active, const struct mail_seal_owner *owner)
{
	active->fingerprints = owner->state.fingerprints;
	active->policy.key = active->fingerprints == NULL ? "unknown" :
		t_strarray_join(active->fingerprints, ",");
	active->reason = owner->keys.state == MAIL_SEAL_KEY_LOST ?
		"it is no longer there" : owner->keys.reason;
}

/* Returns 1, 0 if there is nothing to say of them, or -1. */
static int
get_active(struct notify *notify, const struct mail_seal_owner *owner,
	   struct active *active_r, const char **error_r)
{
	i_zero(active_r);
	active_r->policy.now = notify->now;
	active_r->policy.days = notify->set->notice_days;
	active_r->policy.days_count = notify->set->notice_days_count;
	switch (owner->keys.state) {
	case MAIL_SEAL_KEY_USABLE:
		return describe(notify, owner, active_r, error_r) < 0 ? -1 : 1;
	case MAIL_SEAL_KEY_MISSING:
		return 0;
	case MAIL_SEAL_KEY_LOST:
		describe_lost(active_r, owner);
		return 1;
	case MAIL_SEAL_KEY_UNUSABLE:
		if (describe(notify, owner, active_r, error_r) < 0)
			describe_lost(active_r, owner);
		else if (active_r->policy.usable) {
			/* the recovery key: nothing that he could do */
			*error_r = owner->log_error;
			return -1;
		}
		return 1;
	case MAIL_SEAL_KEY_ENGINE_FAILED:
		*error_r = owner->log_error;
		return -1;
	}
	i_unreached();
}

static int
send_active(struct notify *notify, const struct active *active,
	    const struct mail_seal_notice_due *due, const char **error_r)
{
	const struct mail_seal_notice_facts facts = {
		.fingerprints = active->fingerprints,
		.until = active->policy.expires,
		.days = due->days,
		.occasion = due->word,
		.x509 = active->x509,
		.reason = active->reason,
		.once_since = notify->now - SAME_EXPIRY_SECS
	};

	return mail_seal_notice_send(notify->set, due->kind, &facts,
				     active->content, error_r);
}

/* The words that still say something, and this one, if any. */
static const char *const *
told_now(const struct active *active, const char *const *told, const char *word)
{
	ARRAY_TYPE(const_string) words;

	t_array_init(&words, 8);
	for (; told != NULL && *told != NULL; told++) {
		if (mail_seal_notice_policy_keeps(&active->policy, *told))
			array_push_back(&words, told);
	}
	if (word != NULL)
		array_push_back(&words, &word);
	array_append_zero(&words);
	return array_front(&words);
}

static void
notify_active(struct notify *notify, const struct mail_seal_owner *owner)
{
	struct mail_seal_notice_due due;
	struct active active;
	const char *error, *word = NULL;
	int ret = get_active(notify, owner, &active, &error);

	if (ret < 0) {
		notify->callback(notify->context, "keys", error, TRUE);
		return;
	}
	if (ret == 0)
		return;
	if (mail_seal_notice_policy_active(&active.policy, owner->state.told,
					   &due)) {
		ret = send_active(notify, &active, &due, &error);
		if (ret >= 0)
			word = due.word;
		tell(notify, due.kind, ret, error);
	}
	if (mail_seal_state_set_told(notify->set->user,
				     told_now(&active, owner->state.told, word),
				     &error) < 0)
		warn_of_state(notify, error);
}

/* What a save would find out: that somebody has changed them by hand. */
static void
look_for_change(struct notify *notify, const struct mail_seal_owner *owner)
{
	struct mail_seal_state state;
	const char *error;

	if (owner->news.fingerprints != NULL && owner->state.enrolled)
		mail_seal_owner_note_sealed(notify->set->user, &owner->news);
	if (mail_seal_state_read(notify->set->user, &state, &error) > 0)
		settle_owed(notify, &state);
}

static void notify_owner(struct notify *notify)
{
	struct mail_seal_owner owner;

	mail_seal_owner_judge(notify->set, FALSE, &owner);
	look_for_change(notify, &owner);
	notify_active(notify, &owner);
	mail_seal_owner_free(&owner);
}

void mail_seal_notify(const struct mail_seal_settings *set,
		      mail_seal_notify_callback_t *callback, void *context)
{
	struct notify notify = {
		.set = set, .callback = callback, .context = context,
		.now = time(NULL)
	};

	if (set->source_count == 0)
		return;
	/* first, because it may change the rest */
	mail_seal_notify_pending(set, callback, context);
	notify_owner(&notify);
}
