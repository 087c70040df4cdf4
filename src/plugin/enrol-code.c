/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Somebody gives back a code, or time does: what is pending becomes active, or
   is over. Two processes, or two back ends, may do so at once: each step is
   done only if what is pending is still what was looked at. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "code.h"
#include "declined.h"
#include "enrol-private.h"
#include "owner-time.h"
#include "pending.h"
#include "../core/core.h"

#include <time.h>

/* how often somebody else can be faster */
#define TRIES 5
/* People write two into one text; who writes more is guessing. */
#define CODES_MAX 4

#define NOT_CHANGED "What is pending can't be changed now"

/* What is being done. It begins anew if somebody else was faster. */
struct step {
	const struct mail_seal_enrolment *enrolment;
	struct mail_seal_pending_place place;
	time_t now;
	/* begins the sentence if it fails */
	const char *what;
	/* in which the codes are */
	const char *text;
	/* what to tell who has called */
	const char *sentence;
	struct mail_seal_enrol_error *error;
};

enum step_result {
	STEP_DONE,
	STEP_AGAIN
};

/* Does what is to be done with what is pending. */
typedef enum step_result step_t(struct step *step,
				enum mail_seal_enrol_result *result_r);

static enum mail_seal_enrol_result
step_failed(struct step *step, const struct seal_error *error)
{
	return enrol_failed(step->what,
			    mail_seal_source_name(step->place.source), error,
			    step->error);
}

static enum mail_seal_enrol_result
step_run(struct step *step, step_t *function)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	enum mail_seal_enrol_result result = MAIL_SEAL_ENROL_FAILED;

	for (unsigned int i = 0; i < TRIES; i++) {
		int ret = mail_seal_pending_open(step->enrolment->set,
						 &step->place, &error);

		if (ret < 0)
			return step_failed(step, &error);
		if (step->place.source == NULL || step->place.seen->used == 0)
			return MAIL_SEAL_ENROL_NOTHING;
		step->now = time(NULL);
		if (function(step, &result) == STEP_DONE)
			return result;
	}
	seal_error_set(&error, SEAL_ERROR_STORE,
		       "somebody else changes it at the same time");
	return step_failed(step, &error);
}

/* What was done with it, with this result. Returns what that means, if ret is
   pending.h's. */
static enum step_result
step_end(struct step *step, int ret, const struct seal_error *error,
	 enum mail_seal_enrol_result result,
	 enum mail_seal_enrol_result *result_r)
{
	if (ret == 0)
		return STEP_AGAIN;
	*result_r = ret < 0 ? step_failed(step, error) : result;
	return STEP_DONE;
}

/* The line about what is over: "rejected", "given up", ... */
static void log_end(struct step *step, const char *end)
{
	const struct mail_seal_enrolment *enrolment = step->enrolment;
	const struct mail_seal_pending *pending = &step->place.pending;
	const char *line;

	line = t_strdup_printf("mail_seal: Key %s by %s (%s) is %s by %s (%s): "
		"from %s to %s", pending->withdraw ? "unset" : "set",
		pending->way, pending->who, end, enrolment->way,
		enrolment->who, pending->old_keys == NULL ? "none" :
		t_strarray_join(pending->old_keys, ","),
		pending->keys == NULL ? "none" :
		t_strarray_join(pending->keys, ","));
	e_info(enrolment->set->user->event, "%s", line);
	if (enrolment->trace != NULL)
		enrolment->trace(enrolment->set->user, line);
}

/* It is over, without having become active: what end is this for the owner? */
struct end {
	/* the word for the log */
	const char *word;
	const char *sentence;
	enum mail_seal_enrol_result result;
	/* he doesn't want it, of this kind; or there's no telling */
	bool declined;
	enum mail_seal_declined_kind kind;
};

/* A copy of what is active isn't declined with its news. */
static void note_declined(struct step *step, const struct end *end)
{
	const struct mail_seal_pending *pending = &step->place.pending;

	if (end->declined && !mail_seal_gate_same_keys(pending->keys,
						       pending->old_keys)) {
		mail_seal_declined_note(step->enrolment->set->user, end->kind,
					step->now, pending->keys);
	}
}

static enum step_result
end_it(struct step *step, const struct end *end,
       enum mail_seal_enrol_result *result_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const bool understood = step->place.pending.since != 0;
	int ret = mail_seal_pending_drop(&step->place, &error);

	if (ret > 0 && understood) {
		log_end(step, end->word);
		note_declined(step, end);
	}
	step->sentence = end->sentence;
	return step_end(step, ret, &error, end->result, result_r);
}

/*
 * It becomes active
 */

/* What was usable when it was offered needn't be now. Returns 0, or -1 and
   whether that is its fault. */
static int
check_again(struct step *step, struct seal_error *error)
{
	const struct mail_seal_core *core = mail_seal_core_get(error);
	const char *text = step->place.pending.certificates;
	buffer_t *content = t_buffer_create(strlen(text));

	buffer_append(content, text, strlen(text));
	return core == NULL ? -1 :
		core->check_enrolment(content, step->enrolment->set, error);
}

/* Has what is active got something that isn't in what becomes active now? That
   was made of it when it was offered. Returns 1, 0 or -1. */
static int
has_become_older(struct step *step, const struct enrolled *before,
		 struct seal_error *error)
{
	const char *text = step->place.pending.certificates;
	buffer_t *content = t_buffer_create(strlen(text));
	int ret;

	buffer_append(content, text, strlen(text));
	ret = enrolled_add_to(step->enrolment->set, before,
			      step->place.pending.keys, content, error);
	return ret < 0 ? -1 : ret == 0 || content->used != strlen(text) ||
		memcmp(content->data, text, content->used) != 0 ? 1 : 0;
}

/* Whose word it was, for the log and the owner: of who has asked for it */
static void
asked_by(const struct step *step, struct mail_seal_enrolment *enrolment_r)
{
	*enrolment_r = *step->enrolment;
	enrolment_r->way = step->place.pending.way;
	enrolment_r->who = step->place.pending.who;
}

static enum step_result
activate_set(struct step *step, const struct enrolled *before,
	     enum mail_seal_enrol_result *result_r)
{
	struct mail_seal_enrolment enrolment;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *text = step->place.pending.certificates;
	buffer_t *content = t_buffer_create(strlen(text));
	int ret;

	if (check_again(step, &error) < 0) {
		const struct end refused = {
			.word = "refused",
			.sentence = t_strdup_printf("The certificate can't be "
				"used any more: %s", error.text),
			.result = MAIL_SEAL_ENROL_BAD
		};

		return error.code == SEAL_ERROR_UNUSABLE_KEY ?
			end_it(step, &refused, result_r) :
			step_end(step, -1, &error, MAIL_SEAL_ENROL_OK,
				 result_r);
	}
	ret = mail_seal_pending_activate(&step->place, &error);
	if (ret > 0) {
		asked_by(step, &enrolment);
		buffer_append(content, text, strlen(text));
		enrol_has_set(&enrolment, before, content);
		step->sentence = "Done: new mail is now encrypted to this key";
	}
	return step_end(step, ret, &error, MAIL_SEAL_ENROL_OK, result_r);
}

/* Other sources first, which would be used then: killed between, it is to be
   done again. */
static enum step_result
activate_withdrawal(struct step *step, struct enrolled *before,
		    enum mail_seal_enrol_result *result_r)
{
	struct mail_seal_pending_place *place = &step->place;
	struct mail_seal_enrolment enrolment;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	int ret;

	place->pending.certificates = mail_seal_source_withdrawal(
		mail_seal_settings_time(step->enrolment->set));
	ret = mail_seal_pending_put(place, &error);
	if (ret <= 0)
		return step_end(step, ret, &error, MAIL_SEAL_ENROL_OK,
				result_r);
	*result_r = enrol_remove(step->enrolment->set, place->source,
				 step->error);
	if (*result_r == MAIL_SEAL_ENROL_FAILED)
		return STEP_DONE;
	ret = mail_seal_pending_activate(place, &error);
	if (ret <= 0)
		return step_end(step, ret, &error, MAIL_SEAL_ENROL_OK,
				result_r);
	asked_by(step, &enrolment);
	*result_r = MAIL_SEAL_ENROL_OK;
	enrol_has_removed(&enrolment, TRUE, before, result_r, step->error);
	step->sentence = "Done: new mail isn't encrypted any more";
	return STEP_DONE;
}

static const struct end end_void = {
	.word = "void",
	.sentence = "Your key has been changed meanwhile in another way: "
		"nothing is done",
	.result = MAIL_SEAL_ENROL_BAD
};

/* All that it takes has been given. */
static enum step_result
finish(struct step *step, enum mail_seal_enrol_result *result_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_pending *pending = &step->place.pending;
	struct enrolled before;
	int ret;

	if (enrolled_get(step->enrolment->set, &before, &error) < 0)
		return step_end(step, -1, &error, MAIL_SEAL_ENROL_OK,
				result_r);
	ret = pending->withdraw ? 0 : has_become_older(step, &before, &error);
	if (ret < 0)
		return step_end(step, -1, &error, MAIL_SEAL_ENROL_OK,
				result_r);
	/* or somebody would change what nobody was asked about */
	if (ret > 0 ||
	    !mail_seal_gate_same_keys(before.keys, pending->old_keys))
		return end_it(step, &end_void, result_r);
	return pending->withdraw ?
		activate_withdrawal(step, &before, result_r) :
		activate_set(step, &before, result_r);
}

/*
 * A code is given back
 */

/* The best answer to any of the codes in the text: people write both into one
   subject. */
static enum mail_seal_gate_answer give_codes(struct step *step)
{
	enum mail_seal_gate_answer best = MAIL_SEAL_GATE_WRONG, answer;
	const char *text = step->text, *code;

	for (unsigned int i = 0; i < CODES_MAX &&
	     (code = mail_seal_code_next(&text)) != NULL; i++) {
		answer = mail_seal_gate_give(&step->place.pending, code,
					     step->now);
		best = I_MAX(best, answer);
	}
	return best;
}

static const char *missing_sentence(const struct step *step)
{
	const struct mail_seal_pending *pending = &step->place.pending;

	return (mail_seal_gate_missing(pending) &
		MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_NEW)) != 0 ?
		"Right, and the code from the message that is encrypted with "
		"your new key is needed, too" :
		"Right, and the code from the message that is encrypted with "
		"your present key is needed, too";
}

static enum step_result
take_counting(struct step *step, bool is_new,
	      enum mail_seal_enrol_result *result_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	int ret = 1;

	if (is_new)
		ret = mail_seal_pending_put(&step->place, &error);
	if (ret <= 0)
		return step_end(step, ret, &error, MAIL_SEAL_ENROL_OK,
				result_r);
	if (mail_seal_gate_is_complete(&step->place.pending,
				       step->enrolment->set, step->now))
		return finish(step, result_r);
	step->sentence = missing_sentence(step);
	*result_r = MAIL_SEAL_ENROL_PENDING;
	return STEP_DONE;
}

/* He wanted it: then it isn't declined. */
static enum step_result
take_late_code(struct step *step, enum mail_seal_enrol_result *result_r)
{
	const struct end end = {
		.word = "given up",
		.sentence = "This code is too old: please begin again",
		.result = MAIL_SEAL_ENROL_BAD,
		.declined = give_codes(step) == MAIL_SEAL_GATE_WRONG,
		.kind = MAIL_SEAL_DECLINED_UNANSWERED
	};

	return end_it(step, &end, result_r);
}

static const struct end end_stopped = {
	.word = "stopped",
	.sentence = "Done: nothing is changed",
	.result = MAIL_SEAL_ENROL_OK,
	.declined = TRUE,
	.kind = MAIL_SEAL_DECLINED_REJECTED
};

static enum step_result
take_code(struct step *step, enum mail_seal_enrol_result *result_r)
{
	struct mail_seal_pending *pending = &step->place.pending;

	if (pending->since == 0) {
		*result_r = MAIL_SEAL_ENROL_NOTHING;
		return STEP_DONE;
	}
	if (step->now >= mail_seal_gate_until(pending, step->enrolment->set))
		return take_late_code(step, result_r);
	switch (give_codes(step)) {
	case MAIL_SEAL_GATE_STOPS:
		return end_it(step, &end_stopped, result_r);
	case MAIL_SEAL_GATE_COUNTS:
		return take_counting(step, TRUE, result_r);
	case MAIL_SEAL_GATE_KNOWN:
		return take_counting(step, FALSE, result_r);
	case MAIL_SEAL_GATE_WRONG:
		break;
	}
	e_info(step->enrolment->set->user->event, "mail_seal: A wrong code by "
	       "%s (%s)", step->enrolment->way, step->enrolment->who);
	step->sentence = "This isn't the code that is awaited: please look "
		"for the latest message";
	*result_r = MAIL_SEAL_ENROL_BAD;
	return STEP_DONE;
}

enum mail_seal_enrol_result
mail_seal_enrol_code(const struct mail_seal_enrolment *enrolment,
		     const char *text, const char **sentence_r,
		     struct mail_seal_enrol_error *error_r)
{
	struct step step = {
		.enrolment = enrolment,
		.what = "The code can't be taken now",
		.text = text,
		.error = error_r
	};
	enum mail_seal_enrol_result result;

	if (mail_seal_code_find(text) == NULL) {
		*sentence_r = "There is no code in it: a code looks like "
			"seal-12345-abcde";
		error_r->sentence = error_r->log_error = *sentence_r;
		return MAIL_SEAL_ENROL_NOTHING;
	}
	result = step_run(&step, take_code);
	*sentence_r = result != MAIL_SEAL_ENROL_NOTHING ? step.sentence :
		"No code is awaited: it was used already, or is too old";
	if (result == MAIL_SEAL_ENROL_BAD || result == MAIL_SEAL_ENROL_NOTHING)
		error_r->sentence = error_r->log_error = *sentence_r;
	return result;
}

/*
 * Without a code
 */

static enum step_result
reject(struct step *step, enum mail_seal_enrol_result *result_r)
{
	static const struct end end = {
		.word = "rejected",
		.result = MAIL_SEAL_ENROL_OK,
		.declined = TRUE,
		.kind = MAIL_SEAL_DECLINED_REJECTED
	};

	return end_it(step, &end, result_r);
}

enum mail_seal_enrol_result
mail_seal_enrol_reject(const struct mail_seal_enrolment *enrolment,
		       struct mail_seal_enrol_error *error_r)
{
	struct step step = {
		.enrolment = enrolment,
		.what = NOT_CHANGED,
		.error = error_r
	};

	return step_run(&step, reject);
}

static const struct end end_given_up = {
	.word = "given up",
	.sentence = "What was pending has not been confirmed in time, and is "
		"given up",
	.result = MAIL_SEAL_ENROL_OK,
	.declined = TRUE,
	.kind = MAIL_SEAL_DECLINED_UNANSWERED
};

static enum step_result
due(struct step *step, enum mail_seal_enrol_result *result_r)
{
	const struct mail_seal_settings *set = step->enrolment->set;
	const struct mail_seal_pending *pending = &step->place.pending;

	if (pending->since == 0) {
		*result_r = MAIL_SEAL_ENROL_NOTHING;
		return STEP_DONE;
	}
	if (mail_seal_gate_is_complete(pending, set, step->now))
		return finish(step, result_r);
	if (step->now >= mail_seal_gate_until(pending, set))
		return end_it(step, &end_given_up, result_r);
	*result_r = MAIL_SEAL_ENROL_PENDING;
	return STEP_DONE;
}

enum mail_seal_enrol_result
mail_seal_enrol_due(const struct mail_seal_enrolment *enrolment,
		    const char **sentence_r,
		    struct mail_seal_enrol_error *error_r)
{
	struct step step = {
		.enrolment = enrolment,
		.what = NOT_CHANGED,
		.error = error_r
	};
	enum mail_seal_enrol_result result = step_run(&step, due);

	*sentence_r = step.sentence;
	if (result == MAIL_SEAL_ENROL_BAD)
		error_r->sentence = error_r->log_error = step.sentence;
	return result;
}
