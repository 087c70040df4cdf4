/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What time does to something that is pending: it is over, it is done at last,
   or its owner is told that it still is. What he was told is remembered beside
   it, for all back ends. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "../core/core.h"
#include "code.h"
#include "enrol.h"
#include "keys.h"
#include "notice-policy.h"
#include "notify-pending.h"
#include "owner-settings.h"
#include "pending.h"

#include <time.h>

#define NOTICE_WEEK "week"

struct pending_notify {
	const struct mail_seal_settings *set;
	mail_seal_notify_callback_t *callback;
	void *context;
	time_t now;
	struct mail_seal_pending_place place;
};

static void
say(struct pending_notify *notify, const char *notice, const char *result,
    bool failed)
{
	notify->callback(notify->context, notice, result, failed);
}

static void
say_failed(struct pending_notify *notify, const struct seal_error *error)
{
	say(notify, "pending", error->text, TRUE);
}

static time_t
last_told(const struct mail_seal_pending *pending, const char *name)
{
	time_t last = 0;

	for (unsigned int i = 0; i < pending->notice_count; i++) {
		if (strcmp(pending->notices[i].name, name) == 0)
			last = I_MAX(last, pending->notices[i].when);
	}
	return last;
}

static bool
is_due(struct pending_notify *notify, struct mail_seal_notice_due *due_r)
{
	const struct mail_seal_pending *pending = &notify->place.pending;
	const struct mail_seal_notice_pending policy = {
		.now = notify->now,
		.since = pending->since,
		.until = mail_seal_gate_until(pending, notify->set),
		.delay_until = mail_seal_gate_delay_until(pending, notify->set),
		.week_told = last_told(pending, NOTICE_WEEK),
		.delay_told = last_told(pending, MAIL_SEAL_GATE_NOTICE_DELAY)
	};

	/* a withdrawal has its code in INBOX, and nobody misses it */
	return mail_seal_notice_policy_pending(&policy, due_r) &&
		(due_r->kind != MAIL_SEAL_NOTICE_PENDING_WEEK ||
		 !pending->withdraw);
}

/* The active certificates, if there are any: whoever can read what is sealed to
   them has a right to know; who only waits for his first needn't be able to
   read anything. */
static const buffer_t *get_active(struct pending_notify *notify)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	const char *where;

	return mail_seal_keys_read(notify->set, content, &where, &error) > 0 ?
		content : NULL;
}

/* A new one each time: somebody with the password could have deleted the
   message with the first. Returns NULL if that can't be. */
static const char *
make_stop_code(struct pending_notify *notify, struct seal_error *error)
{
	const char *code = mail_seal_code_new();

	mail_seal_pending_add_code(&notify->place.pending, MAIL_SEAL_GATE_STOP,
				   mail_seal_code_hash(code),
				   pool_datastack_create());
	return mail_seal_pending_put(&notify->place, error) > 0 ? code : NULL;
}

static void
facts_init(struct pending_notify *notify,
	   const struct mail_seal_notice_due *due,
	   struct mail_seal_notice_facts *facts_r)
{
	const struct mail_seal_pending *pending = &notify->place.pending;
	bool delay = due->kind == MAIL_SEAL_NOTICE_DELAY;

	i_zero(facts_r);
	facts_r->fingerprints = pending->keys;
	facts_r->old_fingerprints = pending->old_keys;
	facts_r->old_code_needed = mail_seal_gate_needs_old(pending);
	facts_r->way = pending->way;
	facts_r->since = pending->since;
	facts_r->days = due->days;
	facts_r->until = delay ?
		mail_seal_gate_delay_until(pending, notify->set) :
		mail_seal_gate_until(pending, notify->set);
	facts_r->occasion = delay ? t_strdup_printf("%u", due->days) : NULL;
}

static int
send_due(struct pending_notify *notify, const struct mail_seal_notice_due *due,
	 const char **error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_notice_facts facts;

	facts_init(notify, due, &facts);
	if (due->kind == MAIL_SEAL_NOTICE_DELAY) {
		facts.stop_code = make_stop_code(notify, &error);
		if (facts.stop_code == NULL) {
			*error_r = error.code == SEAL_ERROR_NONE ?
				"something else was done with it just now" :
				t_strdup(error.text);
			return -1;
		}
	}
	return mail_seal_notice_send(notify->set, due->kind, &facts,
				     get_active(notify), error_r);
}

/* If it can't be remembered, he is told once more tomorrow. */
static void
remember(struct pending_notify *notify, const struct mail_seal_notice_due *due)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	mail_seal_pending_add_notice(&notify->place.pending,
		due->kind == MAIL_SEAL_NOTICE_DELAY ?
		MAIL_SEAL_GATE_NOTICE_DELAY : NOTICE_WEEK,
		notify->now, pool_datastack_create());
	if (mail_seal_pending_put(&notify->place, &error) < 0)
		say_failed(notify, &error);
}

static void tell_due(struct pending_notify *notify)
{
	struct mail_seal_notice_due due;
	const char *error;
	int ret;

	if (!is_due(notify, &due))
		return;
	ret = send_due(notify, &due, &error);
	if (ret >= 0)
		remember(notify, &due);
	say(notify, mail_seal_notice_name(due.kind), ret >= 0 ?
	    "stored in INBOX" : t_strconcat("not stored: ", error, NULL),
	    ret < 0);
}

/* Returns TRUE if it still waits. */
static bool do_due(struct pending_notify *notify)
{
	const struct mail_seal_enrolment enrolment = {
		.set = notify->set, .way = "doveadm", .who = "notify"
	};
	struct mail_seal_enrol_error error;
	const char *sentence;

	switch (mail_seal_enrol_due(&enrolment, &sentence, &error)) {
	case MAIL_SEAL_ENROL_PENDING:
		return TRUE;
	case MAIL_SEAL_ENROL_NOTHING:
		return FALSE;
	case MAIL_SEAL_ENROL_OK:
		say(notify, "pending", sentence, FALSE);
		return FALSE;
	default:
		say(notify, "pending", error.log_error, TRUE);
		return FALSE;
	}
}

void mail_seal_notify_pending(const struct mail_seal_settings *set,
			      mail_seal_notify_callback_t *callback,
			      void *context)
{
	struct pending_notify notify = {
		.set = set, .callback = callback, .context = context,
		.now = time(NULL)
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending pending;
	int ret = mail_seal_pending_get(set, &pending, &error);

	/* A dict need have no place for it. If it has, and is down, that is
	   said of the certificates. */
	if (ret < 0) {
		e_debug(set->user->event, "mail_seal: What is pending can't "
			"be read: %s", error.text);
	}
	if (ret <= 0 || !do_due(&notify))
		return;
	ret = mail_seal_pending_open(set, &notify.place, &error);
	if (ret < 0)
		say_failed(&notify, &error);
	else if (ret > 0)
		tell_due(&notify);
}
