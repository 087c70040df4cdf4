/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* A message's way through here:

     push -> held, while detect.c isn't sure whether it is encrypted already
               | encrypted                | plain
               v                          v
             pull as it was         header-split.c
                                     |          |
                            header-protect.c, if asked
                                     |          |
                              outside|          |inside
                                     |          v
                                     |   CRLF -> engine -> check -> envelope
                                     v          v
                             pull: header fields, the envelope's ciphertext */

#include "seal.h"
#include "../certificate/key-file.h"
#include "../detect/detect.h"
#include "../backends.h"
#include "header-protect.h"
#include "../text/crlf.h"
#include "../text/header-split.h"
#include "../text/line-reader.h"

#include <gmime/gmime.h>
#include <string.h>

/* What is held back of a message stays in memory up to this, bytes. */
#define HOLD_MEMORY_MAX (256*1024)
/* The most that the detector may have taken without having looked at it: a
   line, and one more in a transfer encoding. Bytes. */
#define HOLD_TAIL_MIN (4*LINE_READER_MAX)
/* How much held plaintext one pull works off, bytes. Each step down the line
   has a buffer for as much. */
#define REPLAY_STEP 8192

enum seal_state {
	/* it isn't known yet whether the message is encrypted already */
	SEAL_STATE_DETECTING,
	/* it is: it comes out of the hold as it went in */
	SEAL_STATE_PASSING,
	/* it isn't: what was held goes the way of new input */
	SEAL_STATE_REPLAYING,
	SEAL_STATE_SEALING,
	SEAL_STATE_COMPLETE,
	SEAL_STATE_FAILED
};

struct seal {
	struct seal_params params;
	/* NULL if there are no recipients, or none that can */
	const struct engine *engine;
	time_t now;
	struct certificate **recipients;
	char *refusal;
	char **protect_headers;

	enum seal_state state;
	bool input_complete;
	bool engine_started;
	struct seal_error error;

	struct seal_detector *detector;
	/* The message so far. Its last bytes aren't fully checked yet by the
	   detector and might be plaintext, so they stay in memory. */
	struct seal_queue *hold, *hold_tail;

	struct header_split *split;
	/* or NULL */
	struct header_protect *protect;
	struct crlf to_crlf;
	struct engine_job *job;
	struct check *check;
	struct envelope *envelope;
	/* our mark is out, which is above all header fields */
	bool marked;
	bool envelope_open;

	/* ready to be pulled */
	struct seal_queue *output;
	/* what the envelope has made, on its way there */
	GString *text;
	/* ciphertext that is ready before the header section is complete */
	struct seal_queue *early_ciphertext;
};

static void seal_split_output(enum header_split_side side, const char *data,
			      size_t size, void *context);
static void seal_split_field(enum header_split_side side, const char *name,
			     size_t size, void *context);
static void seal_side_output(enum header_split_side side, const char *data,
			     size_t size, void *context);

void seal_library_init(void)
{
	static bool initialized = false;

	if (!initialized)
		g_mime_init();
	initialized = true;
}

static void seal_engine_params(const struct seal *seal,
			       struct engine_params *params_r)
{
	memset(params_r, 0, sizeof(*params_r));
	params_r->recipients = seal->recipients;
	params_r->recipient_count = seal->params.recipient_count;
	params_r->compress = seal->params.compress;
	params_r->rsa_oaep = seal->params.rsa_oaep;
	params_r->now = seal->now;
	params_r->timeout_secs = seal->params.timeout_secs;
}

static void seal_choose_engine(struct seal *seal)
{
	struct engine_params params;

	seal_engine_params(seal, &params);
	seal->engine = backend_choose(&params,
		seal->recipients[0]->kind == CERTIFICATE_KIND_OPENPGP ?
			seal->params.openpgp_engine : NULL);
}

struct seal *seal_new(const struct seal_params *params)
{
	struct seal *seal = g_new0(struct seal, 1);

	seal_library_init();
	seal->params = *params;
	seal->engine = params->engine;
	seal->now = params->when != 0 ? params->when : time(NULL);
	seal->recipients = g_memdup2(params->recipients,
		params->recipient_count * sizeof(*params->recipients));
	for (size_t i = 0; i < params->recipient_count; i++)
		certificate_ref(seal->recipients[i]);
	if (seal->engine == NULL && params->recipient_count > 0)
		seal_choose_engine(seal);
	seal->refusal = g_strdup(params->refusal);
	seal->detector = seal_detector_new();
	seal->hold = seal_queue_new(HOLD_MEMORY_MAX, params->spool_open,
				    params->spool_context);
	seal->hold_tail = seal_queue_new(0, NULL, NULL);
	seal->split = header_split_new(seal_split_output, seal_split_field,
				       seal);
	if (params->protect_headers != NULL && seal->engine != NULL &&
	    seal->engine->format->shows_protected_headers) {
		seal->protect_headers =
			g_strdupv((char **)params->protect_headers);
		seal->protect = header_protect_new(
			(const char *const *)seal->protect_headers,
			seal_side_output, seal);
	}
	crlf_init(&seal->to_crlf);
	seal->output = seal_queue_new(HOLD_MEMORY_MAX, params->spool_open,
				      params->spool_context);
	seal->text = g_string_new(NULL);
	seal->early_ciphertext =
		seal_queue_new(HOLD_MEMORY_MAX, params->spool_open,
			       params->spool_context);
	return seal;
}

static void seal_engine_free(struct seal *seal)
{
	if (seal->job != NULL)
		seal->engine->free(seal->job);
	seal->job = NULL;
}

void seal_free(struct seal **_seal)
{
	struct seal *seal = *_seal;

	if (seal == NULL)
		return;
	*_seal = NULL;
	seal_engine_free(seal);
	check_free(&seal->check);
	if (seal->envelope != NULL)
		seal->engine->format->free(seal->envelope);
	seal_detector_free(&seal->detector);
	header_split_free(&seal->split);
	header_protect_free(&seal->protect);
	seal_queue_free(&seal->hold);
	seal_queue_free(&seal->hold_tail);
	seal_queue_free(&seal->output);
	seal_queue_free(&seal->early_ciphertext);
	g_string_free(seal->text, TRUE);
	for (size_t i = 0; i < seal->params.recipient_count; i++)
		certificate_unref(seal->recipients[i]);
	g_free(seal->recipients);
	g_free(seal->refusal);
	g_strfreev(seal->protect_headers);
	g_free(seal);
}

bool seal_is_complete(const struct seal *seal)
{
	return seal->state == SEAL_STATE_COMPLETE &&
		seal_queue_is_empty(seal->output);
}

bool seal_is_sealing(const struct seal *seal)
{
	return seal->envelope_open;
}

const char *seal_engine_name(const struct seal *seal)
{
	return seal->engine_started ? seal->engine->name : NULL;
}

static int seal_failed(struct seal *seal, struct seal_error *error)
{
	seal->state = SEAL_STATE_FAILED;
	seal_engine_free(seal);
	*error = seal->error;
	return -1;
}

/*
 * Output
 */

/* Moves what is in front of the last keep bytes of one queue to another. */
static int
seal_queue_move(struct seal *seal, struct seal_queue *from, size_t keep,
		struct seal_queue *to)
{
	char buffer[4096];
	ssize_t ret;

	while (seal_queue_size(from) > keep) {
		ret = seal_queue_take(from, buffer,
			MIN(sizeof(buffer), seal_queue_size(from) - keep),
			&seal->error);
		if (ret < 0 ||
		    seal_queue_append(to, buffer, ret, &seal->error) < 0)
			return -1;
	}
	return 0;
}

static void seal_output_text(struct seal *seal, struct seal_queue *queue)
{
	(void)seal_queue_append_text(queue, seal->text, &seal->error);
}

/* What the engine puts out. The envelope gets nothing that isn't checked. */
static int
seal_engine_output(const void *data, size_t size, void *context,
		   struct seal_error *error)
{
	struct seal *seal = context;

	return check_push(seal->check, data, size, error);
}

static int
seal_ciphertext(const void *data, size_t size, void *context,
		struct seal_error *error)
{
	struct seal *seal = context;

	seal->engine->format->write(seal->envelope, data, size, seal->text);
	seal_output_text(seal, seal->envelope_open ? seal->output :
			 seal->early_ciphertext);
	if (seal->error.code == SEAL_ERROR_NONE)
		return 0;
	*error = seal->error;
	return -1;
}

/* A header field begins, or the header section ends without one. Lines before
   that are no fields (an mbox From_ line, a line that continues nothing) and
   stay in front of our mark: they would cut it off from the fields that
   follow, or continue it. */
static void seal_mark(struct seal *seal)
{
	const char **fingerprints;

	if (seal->marked)
		return;
	fingerprints = g_new0(const char *, seal->params.recipient_count + 1);
	for (size_t i = 0; i < seal->params.recipient_count; i++)
		fingerprints[i] = seal->recipients[i]->fingerprint;
	envelope_append_mark(seal->text, fingerprints);
	seal_output_text(seal, seal->output);
	seal->marked = true;
	g_free(fingerprints);
}

/* The header section is complete: the fields of the envelope follow, and then
   whatever ciphertext is there already. */
static void seal_open_envelope(struct seal *seal)
{
	seal_mark(seal);
	if (!header_split_has_mime_version(seal->split))
		envelope_append_mime_version(seal->text);
	seal->engine->format->begin(seal->envelope, seal->text);
	seal_output_text(seal, seal->output);
	(void)seal_queue_move(seal, seal->early_ciphertext, 0, seal->output);
	seal->envelope_open = true;
}

static int seal_close_envelope(struct seal *seal)
{
	if (seal->engine->finish(seal->job, &seal->error) < 0 ||
	    check_finish(seal->check, &seal->error) < 0)
		return -1;
	seal->engine->format->end(seal->envelope, seal->text);
	seal_output_text(seal, seal->output);
	return seal->error.code == SEAL_ERROR_NONE ? 0 : -1;
}

/*
 * Input
 */

static int seal_start_engine(struct seal *seal)
{
	const struct check_params check_params = {
		.recipients = seal->recipients,
		.recipient_count = seal->params.recipient_count,
		.now = seal->now
	};
	struct engine_params params;

	if (seal->params.recipient_count == 0) {
		seal_error_set(&seal->error, SEAL_ERROR_UNUSABLE_KEY, "%s",
			       seal->refusal);
		return -1;
	}
	if (seal->engine == NULL) {
		seal_error_set(&seal->error, SEAL_ERROR_ENGINE,
			       "there is no engine for the recipients");
		return -1;
	}
	seal->envelope = seal->engine->format->alloc(&seal->error);
	if (seal->envelope == NULL)
		return -1;
	seal->check = check_new(seal->engine->format->check, &check_params,
				seal_ciphertext, seal);
	seal_engine_params(seal, &params);
	params.output = seal_engine_output;
	params.context = seal;
	seal->engine_started = true;
	seal->job = seal->engine->start(&params, &seal->error);
	return seal->job == NULL ? -1 : 0;
}

/* RFC 3156 section 4, RFC 8551 section 3.1.1: what is encrypted has CRLF line
   ends. */
static void seal_inside(struct seal *seal, const char *data, size_t size)
{
	while (size > 0 && seal->error.code == SEAL_ERROR_NONE) {
		const size_t take = MIN(size, CRLF_STEP);
		size_t crlf_size;
		const char *crlf = crlf_convert(&seal->to_crlf, data, take,
						&crlf_size);

		(void)seal->engine->write(seal->job, crlf, crlf_size,
					  &seal->error);
		data += take;
		size -= take;
	}
}

static void
seal_side_output(enum header_split_side side, const char *data, size_t size,
		 void *context)
{
	struct seal *seal = context;

	if (seal->error.code != SEAL_ERROR_NONE)
		return;
	if (side == HEADER_SPLIT_INSIDE)
		seal_inside(seal, data, size);
	else {
		(void)seal_queue_append(seal->output, data, size,
					&seal->error);
	}
}

static void
seal_split_field(enum header_split_side side, const char *name, size_t size,
		 void *context)
{
	struct seal *seal = context;

	if (size > 0)
		seal_mark(seal);
	if (seal->protect != NULL && seal->marked)
		header_protect_field(seal->protect, side, name, size);
}

static void
seal_split_output(enum header_split_side side, const char *data, size_t size,
		  void *context)
{
	struct seal *seal = context;

	if (!header_split_in_body(seal->split)) {
		if (seal->protect != NULL && seal->marked)
			header_protect_push(seal->protect, data, size);
		else
			seal_side_output(side, data, size, seal);
		return;
	}
	if (!seal->envelope_open) {
		if (seal->protect != NULL)
			header_protect_finish(seal->protect);
		seal_open_envelope(seal);
	}
	seal_side_output(side, data, size, seal);
}

static int seal_detect(struct seal *seal, const void *data, size_t size)
{
	enum seal_verdict verdict =
		seal_detector_push(seal->detector, data, size);

	if (seal_queue_append(seal->hold_tail, data, size, &seal->error) < 0)
		return -1;
	if (verdict == SEAL_VERDICT_OPEN) {
		return seal_queue_move(seal, seal->hold_tail, HOLD_TAIL_MIN,
				       seal->hold);
	}
	seal->state = SEAL_STATE_REPLAYING;
	return seal_start_engine(seal);
}

int seal_push(struct seal *seal, const void *data, size_t size,
	      struct seal_error *error)
{
	switch (seal->state) {
	case SEAL_STATE_DETECTING:
		(void)seal_detect(seal, data, size);
		break;
	case SEAL_STATE_SEALING:
		header_split_push(seal->split, data, size);
		break;
	default:
		seal_error_set(&seal->error, SEAL_ERROR_ENGINE,
			       "more input than can be taken");
		break;
	}
	return seal->error.code == SEAL_ERROR_NONE ? 0 :
		seal_failed(seal, error);
}

void seal_finish(struct seal *seal)
{
	seal->input_complete = true;
	if (seal->state != SEAL_STATE_DETECTING)
		return;
	if (seal_detector_finish(seal->detector) == SEAL_VERDICT_ENCRYPTED)
		seal->state = SEAL_STATE_PASSING;
	else {
		seal->state = SEAL_STATE_REPLAYING;
		(void)seal_start_engine(seal);
	}
}

/*
 * Pulling
 */

static ssize_t seal_take_held(struct seal *seal, void *data, size_t size)
{
	ssize_t ret = seal_queue_take(seal->hold, data, size, &seal->error);

	return ret != 0 ? ret :
		seal_queue_take(seal->hold_tail, data, size, &seal->error);
}

static void seal_replay(struct seal *seal)
{
	char buffer[REPLAY_STEP];
	ssize_t ret = seal_take_held(seal, buffer, sizeof(buffer));

	if (ret > 0)
		header_split_push(seal->split, buffer, ret);
	else if (ret == 0)
		seal->state = SEAL_STATE_SEALING;
}

/* Does the next step towards more output. Returns false if there is none. */
static bool seal_step(struct seal *seal)
{
	switch (seal->state) {
	case SEAL_STATE_REPLAYING:
		seal_replay(seal);
		return true;
	case SEAL_STATE_SEALING:
		if (!seal->input_complete)
			return false;
		header_split_finish(seal->split);
		if (seal->error.code == SEAL_ERROR_NONE &&
		    seal_close_envelope(seal) == 0)
			seal->state = SEAL_STATE_COMPLETE;
		return true;
	case SEAL_STATE_DETECTING:
	case SEAL_STATE_PASSING:
	case SEAL_STATE_COMPLETE:
	case SEAL_STATE_FAILED:
		break;
	}
	return false;
}

ssize_t seal_pull(struct seal *seal, void *data, size_t size,
		  struct seal_error *error)
{
	ssize_t ret = 0;

	do {
		if (seal->error.code != SEAL_ERROR_NONE)
			return seal_failed(seal, error);
		ret = seal->state == SEAL_STATE_PASSING ?
			seal_take_held(seal, data, size) :
			seal_queue_take(seal->output, data, size,
					&seal->error);
	} while (ret == 0 && seal_step(seal));

	if (ret < 0)
		return seal_failed(seal, error);
	if (ret == 0 && seal->state == SEAL_STATE_PASSING)
		seal->state = SEAL_STATE_COMPLETE;
	return ret;
}

void seal_deinit(void)
{
	certificates_deinit();
}
