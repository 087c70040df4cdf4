/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The way of a message that is to be sealed:

     push -> header-split.c
              |          |
     header-protect.c, if asked
              |          |
       outside|          |inside
              |          v
              |   CRLF -> engine -> check -> envelope
              v          v
     pull: header fields, the envelope's ciphertext */

#include "sealing.h"
#include "../backends.h"
#include "header-protect.h"
#include "../text/crlf.h"
#include "../text/header-split.h"

#include <string.h>

/* What isn't pulled yet stays in memory up to this, bytes. */
#define OUTPUT_MEMORY_MAX (256*1024)

struct sealing {
	struct seal_params params;
	/* NULL if there are no recipients, or none that can */
	const struct engine *engine;
	time_t now;
	struct certificate **recipients;
	char *refusal;
	char **protect_headers;

	bool engine_started;
	/* the first one */
	struct seal_error error;

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

static header_split_output_t split_output, side_output;
static header_split_field_t split_field;

static void get_engine_params(const struct sealing *sealing,
			      struct engine_params *params_r)
{
	memset(params_r, 0, sizeof(*params_r));
	params_r->recipients = sealing->recipients;
	params_r->recipient_count = sealing->params.recipient_count;
	params_r->compress = sealing->params.compress;
	params_r->rsa_oaep = sealing->params.rsa_oaep;
	params_r->now = sealing->now;
	params_r->timeout_secs = sealing->params.timeout_secs;
}

static void choose_engine(struct sealing *sealing)
{
	struct engine_params params;

	get_engine_params(sealing, &params);
	sealing->engine = backend_choose(&params,
		sealing->recipients[0]->kind == CERTIFICATE_KIND_OPENPGP ?
			sealing->params.openpgp_engine : NULL);
}

struct sealing *sealing_new(const struct seal_params *params)
{
	struct sealing *sealing = g_new0(struct sealing, 1);

	sealing->params = *params;
	sealing->engine = params->engine;
	sealing->now = params->when != 0 ? params->when : time(NULL);
	sealing->recipients = g_memdup2(params->recipients,
		params->recipient_count * sizeof(*params->recipients));
	for (size_t i = 0; i < params->recipient_count; i++)
		certificate_ref(sealing->recipients[i]);
	if (sealing->engine == NULL && params->recipient_count > 0)
		choose_engine(sealing);
	sealing->refusal = g_strdup(params->refusal);
	sealing->split = header_split_new(split_output, split_field, sealing);
	if (params->protect_headers != NULL && sealing->engine != NULL &&
	    sealing->engine->format->shows_protected_headers) {
		sealing->protect_headers =
			g_strdupv((char **)params->protect_headers);
		sealing->protect = header_protect_new(
			(const char *const *)sealing->protect_headers,
			side_output, sealing);
	}
	crlf_init(&sealing->to_crlf);
	sealing->output = seal_queue_new(OUTPUT_MEMORY_MAX, params->spool_open,
					 params->spool_context);
	sealing->text = g_string_new(NULL);
	sealing->early_ciphertext =
		seal_queue_new(OUTPUT_MEMORY_MAX, params->spool_open,
			       params->spool_context);
	return sealing;
}

void sealing_stop(struct sealing *sealing)
{
	if (sealing->job != NULL)
		sealing->engine->free(sealing->job);
	sealing->job = NULL;
}

void sealing_free(struct sealing **_sealing)
{
	struct sealing *sealing = *_sealing;

	*_sealing = NULL;
	sealing_stop(sealing);
	check_free(&sealing->check);
	if (sealing->envelope != NULL)
		sealing->engine->format->free(sealing->envelope);
	header_split_free(&sealing->split);
	header_protect_free(&sealing->protect);
	seal_queue_free(&sealing->output);
	seal_queue_free(&sealing->early_ciphertext);
	g_string_free(sealing->text, TRUE);
	for (size_t i = 0; i < sealing->params.recipient_count; i++)
		certificate_unref(sealing->recipients[i]);
	g_free(sealing->recipients);
	g_free(sealing->refusal);
	g_strfreev(sealing->protect_headers);
	g_free(sealing);
}

bool sealing_is_empty(const struct sealing *sealing)
{
	return seal_queue_is_empty(sealing->output);
}

bool sealing_has_begun(const struct sealing *sealing)
{
	return sealing->envelope_open;
}

const char *sealing_engine_name(const struct sealing *sealing)
{
	return sealing->engine_started ? sealing->engine->name : NULL;
}

/* Returns 0, or -1 if something has failed. */
static int
sealing_result(const struct sealing *sealing, struct seal_error *error)
{
	if (sealing->error.code == SEAL_ERROR_NONE)
		return 0;
	*error = sealing->error;
	return -1;
}

/*
 * Output
 */

static void output_text(struct sealing *sealing, struct seal_queue *queue)
{
	(void)seal_queue_append_text(queue, sealing->text, &sealing->error);
}

/* What the engine puts out. The envelope gets nothing that isn't checked. */
static int
engine_output(const void *data, size_t size, void *context,
	      struct seal_error *error)
{
	struct sealing *sealing = context;

	return check_push(sealing->check, data, size, error);
}

static int
write_ciphertext(const void *data, size_t size, void *context,
		 struct seal_error *error)
{
	struct sealing *sealing = context;

	sealing->engine->format->write(sealing->envelope, data, size,
				       sealing->text);
	output_text(sealing, sealing->envelope_open ? sealing->output :
		    sealing->early_ciphertext);
	return sealing_result(sealing, error);
}

/* A header field begins, or the header section ends without one. Lines before
   that are no fields (an mbox From_ line, a line that continues nothing) and
   stay in front of our mark: they would cut it off from the fields that
   follow, or continue it. */
static void put_mark(struct sealing *sealing)
{
	const char **fingerprints;

	if (sealing->marked)
		return;
	fingerprints = g_new0(const char *,
			      sealing->params.recipient_count + 1);
	for (size_t i = 0; i < sealing->params.recipient_count; i++)
		fingerprints[i] = sealing->recipients[i]->fingerprint;
	envelope_append_mark(sealing->text, fingerprints);
	output_text(sealing, sealing->output);
	sealing->marked = true;
	g_free(fingerprints);
}

/* The header section is complete: the fields of the envelope follow, and then
   whatever ciphertext is there already. */
static void open_envelope(struct sealing *sealing)
{
	put_mark(sealing);
	if (!header_split_has_mime_version(sealing->split))
		envelope_append_mime_version(sealing->text);
	sealing->engine->format->begin(sealing->envelope, sealing->text);
	output_text(sealing, sealing->output);
	(void)seal_queue_move(sealing->early_ciphertext, 0, sealing->output,
			      &sealing->error);
	sealing->envelope_open = true;
}

static int close_envelope(struct sealing *sealing)
{
	if (sealing->engine->finish(sealing->job, &sealing->error) < 0 ||
	    check_finish(sealing->check, &sealing->error) < 0)
		return -1;
	sealing->engine->format->end(sealing->envelope, sealing->text);
	output_text(sealing, sealing->output);
	return sealing->error.code == SEAL_ERROR_NONE ? 0 : -1;
}

/*
 * Input
 */

static int start_engine(struct sealing *sealing)
{
	const struct check_params check_params = {
		.recipients = sealing->recipients,
		.recipient_count = sealing->params.recipient_count,
		.now = sealing->now
	};
	struct engine_params params;

	if (sealing->params.recipient_count == 0) {
		seal_error_set(&sealing->error, SEAL_ERROR_UNUSABLE_KEY, "%s",
			       sealing->refusal);
		return -1;
	}
	if (sealing->engine == NULL) {
		seal_error_set(&sealing->error, SEAL_ERROR_ENGINE,
			       "there is no engine for the recipients");
		return -1;
	}
	sealing->envelope = sealing->engine->format->alloc(&sealing->error);
	if (sealing->envelope == NULL)
		return -1;
	sealing->check = check_new(sealing->engine->format->check,
				   &check_params, write_ciphertext, sealing);
	get_engine_params(sealing, &params);
	params.output = engine_output;
	params.context = sealing;
	sealing->engine_started = true;
	sealing->job = sealing->engine->start(&params, &sealing->error);
	return sealing->job == NULL ? -1 : 0;
}

/* RFC 3156 section 4, RFC 8551 section 3.1.1: what is encrypted has CRLF line
   ends. */
static void encrypt(struct sealing *sealing, const char *data, size_t size)
{
	while (size > 0 && sealing->error.code == SEAL_ERROR_NONE) {
		const size_t take = MIN(size, CRLF_STEP);
		size_t crlf_size;
		const char *crlf = crlf_convert(&sealing->to_crlf, data, take,
						&crlf_size);

		(void)sealing->engine->write(sealing->job, crlf, crlf_size,
					     &sealing->error);
		data += take;
		size -= take;
	}
}

static void
side_output(enum header_split_side side, const char *data, size_t size,
	    void *context)
{
	struct sealing *sealing = context;

	if (sealing->error.code != SEAL_ERROR_NONE)
		return;
	if (side == HEADER_SPLIT_INSIDE)
		encrypt(sealing, data, size);
	else {
		(void)seal_queue_append(sealing->output, data, size,
					&sealing->error);
	}
}

static void
split_field(enum header_split_side side, const char *name, size_t size,
	    void *context)
{
	struct sealing *sealing = context;

	if (size > 0)
		put_mark(sealing);
	if (sealing->protect != NULL && sealing->marked)
		header_protect_field(sealing->protect, side, name, size);
}

static void
split_output(enum header_split_side side, const char *data, size_t size,
	     void *context)
{
	struct sealing *sealing = context;

	if (!header_split_in_body(sealing->split)) {
		if (sealing->protect != NULL && sealing->marked)
			header_protect_push(sealing->protect, data, size);
		else
			side_output(side, data, size, sealing);
		return;
	}
	if (!sealing->envelope_open) {
		if (sealing->protect != NULL)
			header_protect_finish(sealing->protect);
		open_envelope(sealing);
	}
	side_output(side, data, size, sealing);
}

/*
 * What seal.c calls
 */

int sealing_start(struct sealing *sealing, struct seal_error *error)
{
	if (start_engine(sealing) == 0)
		return 0;
	*error = sealing->error;
	return -1;
}

int sealing_push(struct sealing *sealing, const void *data, size_t size,
		 struct seal_error *error)
{
	header_split_push(sealing->split, data, size);
	return sealing_result(sealing, error);
}

int sealing_finish(struct sealing *sealing, struct seal_error *error)
{
	header_split_finish(sealing->split);
	if (sealing->error.code == SEAL_ERROR_NONE &&
	    close_envelope(sealing) == 0)
		return 0;
	*error = sealing->error;
	return -1;
}

ssize_t sealing_pull(struct sealing *sealing, void *data, size_t size,
		     struct seal_error *error)
{
	return seal_queue_take(sealing->output, data, size, error);
}
