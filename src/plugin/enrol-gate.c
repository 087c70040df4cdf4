/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What comes from the owner's side, and from the network: it is pending until
   the codes that it takes have been given back (gate.h decides which). Who
   gives them is in enrol-code.c.

   What is pending is stored before the challenge, so that a code in INBOX is
   always one that counts. If the process is killed between the two, the owner
   repeats what he did, and gets a challenge for what is pending already. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "code.h"
#include "declined.h"
#include "enrol-private.h"
#include "keys.h"
#include "pending.h"

#include <time.h>

/* of repeated challenges for the same; then it begins anew */
#define CODES_MAX 32
/* how often somebody else can be faster */
#define TRIES 5

static const char *
what_failed(bool withdraw)
{
	return withdraw ? "Certificate not removed" :
		"Certificate not stored";
}

enum mail_seal_enrol_result
mail_seal_enrol_check(const struct mail_seal_enrolment *enrolment,
		      buffer_t *content, struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_source *source;
	const char *warning;

	return enrol_check_all(enrolment, content, &source, &warning, error_r);
}

/*
 * The challenge
 */

/* Makes the codes of this set, and adds them to what is pending. */
static void
make_codes(struct mail_seal_pending *pending, unsigned int set,
	   struct enrol_codes *codes_r)
{
	pool_t pool = pool_datastack_create();

	i_zero(codes_r);
	for (unsigned int i = 0; i < MAIL_SEAL_GATE_CODE_COUNT; i++) {
		if ((set & MAIL_SEAL_GATE_BIT(i)) == 0)
			continue;
		codes_r->code[i] = mail_seal_code_new();
		mail_seal_pending_add_code(pending, i,
			mail_seal_code_hash(codes_r->code[i]), pool);
	}
}

static enum mail_seal_enrol_result
challenge_failed(bool withdraw, const char *sentence,
		 struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = t_strdup_printf("%s: the message with the code "
		"can't be put into your inbox: %s", what_failed(withdraw),
		sentence);
	error_r->log_error = error_r->sentence;
	return MAIL_SEAL_ENROL_IMPOSSIBLE;
}

/* Where certificates and what is pending are columns of one table, the new row
   has an empty certificate. */
static int
check_still_readable(const struct mail_seal_settings *set,
		     const struct enrolled *before, struct seal_error *error)
{
	const char *where;

	return before->keys != NULL ? 0 :
		mail_seal_keys_read(set, t_buffer_create(1024), &where, error);
}

/* Puts what is pending there. Returns 1, 0 or -1 as pending.h, or -1 if it
   can't stay there. */
static int
put_checked(struct mail_seal_pending_place *place,
	    const struct enrolled *before, struct seal_error *error)
{
	struct seal_error ignored = { .code = SEAL_ERROR_NONE };
	int ret = mail_seal_pending_put(place, error);

	if (ret > 0 && check_still_readable(place->set, before, error) < 0) {
		(void)mail_seal_pending_drop(place, &ignored);
		return -1;
	}
	return ret;
}

/* Puts what is pending there, and the challenge into INBOX. If that fails, it
   is taken back. previous is what was pending before if this is the same
   again, else NULL. Returns NOTHING if somebody else was faster. */
static enum mail_seal_enrol_result
put_and_send(struct mail_seal_pending_place *place,
	     const struct mail_seal_pending *previous,
	     const struct enrolled *before, const struct enrol_codes *codes,
	     struct mail_seal_enrol_error *error_r)
{
	const bool withdraw = place->pending.withdraw;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *sentence;
	int ret;

	ret = put_checked(place, before, &error);
	if (ret == 0)
		return MAIL_SEAL_ENROL_NOTHING;
	if (ret < 0) {
		return enrol_failed(what_failed(withdraw),
			mail_seal_source_name(place->source), &error, error_r);
	}
	ret = enrol_send_challenge(place->set, &place->pending, before, codes,
				   previous != NULL, &sentence);
	if (ret == 0 && previous != NULL) {
		/* it is there, with the codes that it has */
		place->pending = *previous;
		(void)mail_seal_pending_put(place, &error);
	} else if (ret < 0 && previous == NULL) {
		(void)mail_seal_pending_drop(place, &error);
	}
	return ret < 0 ? challenge_failed(withdraw, sentence, error_r) :
		MAIL_SEAL_ENROL_PENDING;
}

/*
 * What is asked for
 */

/* What there is to know of what the owner's side asks for */
struct request {
	const struct mail_seal_enrolment *enrolment;
	struct mail_seal_gate_wish wish;
	/* what the certificates are, or what is to stand in their place */
	const char *certificates;
	struct enrolled before;
	/* of codes that are needed */
	unsigned int codes;
};

static enum mail_seal_enrol_result
request_decide(struct request *request, enum mail_seal_gate_way *way_r,
	       struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_settings *set = request->enrolment->set;
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	if (enrolled_get(set, &request->before, &error) < 0) {
		return enrol_failed(what_failed(request->wish.withdraw), NULL,
				    &error, error_r);
	}
	request->wish.old_keys = request->before.keys;
	request->wish.old_usable = request->before.usable;
	*way_r = mail_seal_gate_decide(set, &request->wish, &request->codes);
	if (*way_r == MAIL_SEAL_GATE_CLOSED) {
		return enrol_impossible(what_failed(request->wish.withdraw),
			"the present one can't be used to ask its owner, so "
			"only the administrator can change it",
			request->before.fingerprints, error_r);
	}
	return MAIL_SEAL_ENROL_OK;
}

/* Is it what is pending already? */
static bool
request_is_repeated(const struct request *request,
		    const struct mail_seal_pending *pending, time_t now)
{
	return pending->since != 0 &&
		pending->withdraw == request->wish.withdraw &&
		pending->code_count < CODES_MAX &&
		now < mail_seal_gate_until(pending,
					   request->enrolment->set) &&
		mail_seal_gate_same_keys(pending->old_keys,
					 request->before.keys) &&
		(pending->withdraw ||
		 strcmp(pending->certificates, request->certificates) == 0);
}

/* Is it what the owner's mail is sealed to anyway? */
static bool is_active(const struct request *request)
{
	const buffer_t *active = request->before.content;

	return active->used == strlen(request->certificates) &&
		memcmp(active->data, request->certificates, active->used) == 0;
}

static void
request_to_pending(const struct request *request, time_t now,
		   struct mail_seal_pending *pending_r)
{
	i_zero(pending_r);
	pending_r->withdraw = request->wish.withdraw;
	pending_r->since = now;
	pending_r->way = request->enrolment->way;
	pending_r->who = request->enrolment->who;
	pending_r->keys = request->wish.keys;
	pending_r->old_keys = request->before.keys;
	pending_r->certificates = request->certificates;
}

static void log_request(const struct request *request)
{
	const struct mail_seal_enrolment *enrolment = request->enrolment;

	e_info(enrolment->set->user->event, "mail_seal: Key %s by %s (%s) is "
	       "pending: from %s to %s", request->wish.withdraw ? "unset" :
	       "set", enrolment->way, enrolment->who,
	       request->before.fingerprints, request->wish.keys == NULL ?
	       "none" : t_strarray_join(request->wish.keys, ","));
}

/* What was pending before has run out, and nobody has given it up: that it was
   asked for mustn't be forgotten. */
static void note_run_out(const struct mail_seal_settings *set,
			 const struct mail_seal_pending *previous, time_t now)
{
	time_t until;

	if (previous->since == 0)
		return;
	until = mail_seal_gate_until(previous, set);
	if (until <= now && !mail_seal_gate_same_keys(previous->keys,
						      previous->old_keys)) {
		mail_seal_declined_note(set->user,
					MAIL_SEAL_DECLINED_UNANSWERED, until,
					previous->keys);
	}
}

/* Returns NOTHING if somebody else was faster. */
static enum mail_seal_enrol_result
request_try(const struct request *request,
	    struct mail_seal_pending_place *place,
	    struct mail_seal_enrol_error *error_r)
{
	struct mail_seal_pending previous;
	struct enrol_codes codes;
	enum mail_seal_enrol_result result;
	time_t now = time(NULL);
	bool repeated;

	repeated = request_is_repeated(request, &place->pending, now);
	if (!repeated) {
		note_run_out(request->enrolment->set, &place->pending, now);
		request_to_pending(request, now, &place->pending);
	}
	previous = place->pending;
	make_codes(&place->pending, request->codes, &codes);
	result = put_and_send(place, repeated ? &previous : NULL,
			      &request->before, &codes, error_r);
	if (result == MAIL_SEAL_ENROL_PENDING && !repeated)
		log_request(request);
	return result;
}

static bool
is_waiting(const struct mail_seal_settings *set,
	   const struct mail_seal_pending *pending)
{
	return pending->since != 0 &&
		time(NULL) < mail_seal_gate_until(pending, set);
}

static enum mail_seal_enrol_result
request_pend(const struct request *request,
	     struct mail_seal_enrol_error *error_r)
{
	const char *what = what_failed(request->wish.withdraw);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	enum mail_seal_enrol_result result = MAIL_SEAL_ENROL_NOTHING;
	struct mail_seal_pending_place place;

	for (unsigned int i = 0; i < TRIES &&
	     result == MAIL_SEAL_ENROL_NOTHING; i++) {
		if (mail_seal_pending_open(request->enrolment->set, &place,
					   &error) < 0)
			break;
		if (place.source == NULL) {
			return enrol_only_read(request->enrolment->set, what,
					       error_r);
		}
		if (request->enrolment->only_first &&
		    is_waiting(request->enrolment->set, &place.pending))
			return MAIL_SEAL_ENROL_PENDING;
		result = request_try(request, &place, error_r);
	}
	if (result != MAIL_SEAL_ENROL_NOTHING)
		return result;
	seal_error_set(&error, SEAL_ERROR_STORE,
		       "somebody else changes it at the same time");
	return enrol_failed(what, mail_seal_source_name(place.source), &error,
			    error_r);
}

/* Returns NOTHING if it is a copy of what is active, and has nothing new. */
static enum mail_seal_enrol_result
keep_known(const struct request *request, buffer_t *content,
	   struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_enrolment *enrolment = request->enrolment;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_source *source;
	const char *warning;

	switch (enrolled_add_to(enrolment->set, &request->before,
				request->wish.keys, content, &error)) {
	case 1:
		/* what has become of it must do as well */
		return enrol_check_all(enrolment, content, &source, &warning,
				       error_r);
	case 0:
		return MAIL_SEAL_ENROL_NOTHING;
	default:
		return error.code == SEAL_ERROR_UNUSABLE_KEY ?
			enrol_bad(error.text, error_r) :
			enrol_failed(what_failed(FALSE), NULL, &error,
				     error_r);
	}
}

enum mail_seal_enrol_result
mail_seal_enrol_offer(const struct mail_seal_enrolment *enrolment,
		      buffer_t *content, struct mail_seal_enrol_error *error_r)
{
	struct request request = { .enrolment = enrolment };
	const struct mail_seal_source *source;
	enum mail_seal_enrol_result result;
	enum mail_seal_gate_way way;
	const char *warning;

	result = enrol_check_all(enrolment, content, &source, &warning,
				 error_r);
	if (result != MAIL_SEAL_ENROL_OK)
		return result;
	request.wish.keys = enrol_fingerprints(enrolment->set, content);
	if (request.wish.keys == NULL)
		return enrol_bad("it can't be read", error_r);
	result = request_decide(&request, &way, error_r);
	if (result == MAIL_SEAL_ENROL_OK) {
		result = enrol_check_first(enrolment, &request.before,
					   error_r);
	}
	if (result == MAIL_SEAL_ENROL_OK && way == MAIL_SEAL_GATE_CODES)
		result = keep_known(&request, content, error_r);
	if (result == MAIL_SEAL_ENROL_NOTHING)
		return MAIL_SEAL_ENROL_OK;
	request.certificates = t_strndup(content->data, content->used);
	/* the same again is no change */
	if (result != MAIL_SEAL_ENROL_OK || is_active(&request))
		return result;
	result = way == MAIL_SEAL_GATE_OPEN ?
		enrol_store(enrolment, source, content, error_r) :
		request_pend(&request, error_r);
	if (result == MAIL_SEAL_ENROL_OK || result == MAIL_SEAL_ENROL_PENDING)
		enrol_warn(enrolment, warning);
	return result;
}

enum mail_seal_enrol_result
mail_seal_enrol_withdraw(const struct mail_seal_enrolment *enrolment,
			 struct mail_seal_enrol_error *error_r)
{
	struct request request = {
		.enrolment = enrolment,
		.wish = { .withdraw = TRUE },
		/* the time is that at which it becomes active */
		.certificates = mail_seal_source_withdrawal(time(NULL))
	};
	enum mail_seal_enrol_result result;
	enum mail_seal_gate_way way;

	result = request_decide(&request, &way, error_r);
	if (result != MAIL_SEAL_ENROL_OK)
		return result;
	switch (way) {
	case MAIL_SEAL_GATE_OPEN:
		return mail_seal_enrol_unset(enrolment, error_r);
	case MAIL_SEAL_GATE_NOTHING:
		/* who has none yet takes back what he has asked for */
		return mail_seal_enrol_reject(enrolment, error_r);
	default:
		result = enrol_check_removable(enrolment->set,
					       what_failed(TRUE), error_r);
		return result != MAIL_SEAL_ENROL_OK ? result :
			request_pend(&request, error_r);
	}
}
