/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the owner is told while his certificates change, and to what that is
   sealed: each code to the key whose holder it is for. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "../seal/clock.h"
#include "enrol-private.h"
#include "notice.h"
#include "pending-text.h"

#include <time.h>

static buffer_t *text_buffer(const char *text)
{
	buffer_t *buffer = t_buffer_create(strlen(text));

	buffer_append(buffer, text, strlen(text));
	return buffer;
}

/*
 * The challenge
 */

static int
send_to_new(const struct mail_seal_settings *set,
	    const struct mail_seal_pending *pending,
	    const struct mail_seal_notice_facts *common,
	    const struct enrol_codes *codes, const char **error_r)
{
	struct mail_seal_notice_facts facts = *common;

	facts.code = codes->code[MAIL_SEAL_GATE_NEW];
	if (facts.code == NULL)
		return 0;
	return mail_seal_notice_send(set, MAIL_SEAL_NOTICE_CHALLENGE, &facts,
				     text_buffer(pending->certificates),
				     error_r);
}

static int
send_to_old(const struct mail_seal_settings *set,
	    const struct mail_seal_pending *pending,
	    const struct mail_seal_notice_facts *common,
	    const struct enrolled *before, const struct enrol_codes *codes,
	    const char **error_r)
{
	struct mail_seal_notice_facts facts = *common;

	facts.code = codes->code[MAIL_SEAL_GATE_OLD];
	facts.stop_code = codes->code[MAIL_SEAL_GATE_STOP];
	if (facts.code == NULL)
		return 0;
	return mail_seal_notice_send(set, pending->withdraw ?
				     MAIL_SEAL_NOTICE_CHALLENGE_WITHDRAW :
				     MAIL_SEAL_NOTICE_CHALLENGE_OLD, &facts,
				     before->content, error_r);
}

int enrol_send_challenge(const struct mail_seal_settings *set,
			 const struct mail_seal_pending *pending,
			 const struct enrolled *before,
			 const struct enrol_codes *codes, bool once,
			 const char **error_r)
{
	const struct mail_seal_notice_facts common = {
		.fingerprints = pending->keys,
		.old_fingerprints = pending->old_keys,
		.old_code_needed = mail_seal_gate_needs_old(pending),
		.change_delay_secs = set->change_delay_secs,
		.way = pending->way,
		.since = pending->since,
		.until = mail_seal_gate_until(pending, set),
		/* the clock that it was put into INBOX by may be behind */
		.once_since = once ? pending->since - SEAL_CLOCK_SKEW_SECS : 0
	};
	int to_old, to_new;

	/* who holds the key that counts is told first */
	to_old = send_to_old(set, pending, &common, before, codes, error_r);
	if (to_old < 0)
		return -1;
	to_new = send_to_new(set, pending, &common, codes, error_r);
	return to_new < 0 ? -1 : to_old > 0 || to_new > 0 ? 1 : 0;
}

/*
 * What has become of it
 */

static void
tell(const struct mail_seal_enrolment *enrolment, enum mail_seal_notice kind,
     const struct enrolled *before, const struct enrolled *after,
     const buffer_t *seal_to)
{
	const struct mail_seal_notice_facts facts = {
		.fingerprints = after->known ? after->keys : NULL,
		.old_fingerprints = before->known ? before->keys : NULL,
		.way = enrolment->way,
		.since = time(NULL)
	};
	const char *error;

	if (mail_seal_notice_send(enrolment->set, kind, &facts,
				  seal_to->used > 0 ? seal_to : NULL,
				  &error) < 0) {
		e_warning(enrolment->set->user->event, "mail_seal: The owner "
			  "can't be told that his key has changed: %s", error);
	}
}

void enrol_tell_change(const struct mail_seal_enrolment *enrolment,
		       const struct enrolled *before,
		       const struct enrolled *after)
{
	const bool same_keys =
		mail_seal_gate_same_keys(before->keys, after->keys);

	/* one that was lost is there again */
	if (same_keys && before->content->used == 0)
		return;
	if (after->keys == NULL) {
		struct enrolled gone = { .keys = NULL };

		/* what was withdrawn is what it is about */
		tell(enrolment, MAIL_SEAL_NOTICE_WITHDRAWN, &gone, before,
		     before->content);
	} else if (before->keys == NULL) {
		tell(enrolment, MAIL_SEAL_NOTICE_ACTIVE, before, after,
		     after->content);
	} else {
		tell(enrolment, MAIL_SEAL_NOTICE_CHANGED, before, after,
		     before->content);
		if (!same_keys) {
			tell(enrolment, MAIL_SEAL_NOTICE_ACTIVE, before, after,
			     after->content);
		}
	}
}
