/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The whole core with an engine that encrypts nothing: what comes out must be
   the message as it came, if it was taken for encrypted; else all of its
   bytes outside and inside, as header-split.h says, with the inside's line
   ends as CRLF. The message comes in pieces whose sizes the input chooses. */

#include "engine.h"
#include "header-split.h"
#include "openpgp-armor.h"
#include "seal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * An engine that copies
 */

struct engine_job {
	struct engine_params params;
};

static GByteArray *copied;

static struct engine_job *
copy_start(const struct engine_params *params,
	   struct seal_error *error G_GNUC_UNUSED)
{
	struct engine_job *job = g_new0(struct engine_job, 1);

	job->params = *params;
	return job;
}

static int
copy_write(struct engine_job *job, const void *data, size_t size,
	   struct seal_error *error)
{
	g_byte_array_append(copied, data, size);
	return job->params.output(data, size, job->params.context, error);
}

static int copy_finish(struct engine_job *job G_GNUC_UNUSED,
		       struct seal_error *error G_GNUC_UNUSED)
{
	return 0;
}

static void copy_free(struct engine_job *job)
{
	g_free(job);
}

/* one for each form of sealed message */
static const struct engine copy_engines[] = {
	{ "copy", &envelope_pgp_mime, copy_start, copy_write, copy_finish,
	  copy_free },
	{ "copy", &envelope_smime, copy_start, copy_write, copy_finish,
	  copy_free }
};

/*
 * What must come out
 */

static void collect(enum header_split_side side, const char *data,
		    size_t size, void *context)
{
	GString **sides = context;

	g_string_append_len(sides[side], data, size);
}

static GString *with_crlf(const GString *text)
{
	GString *crlf = g_string_sized_new(text->len + 16);

	for (size_t i = 0; i < text->len; i++) {
		if (text->str[i] == '\n' &&
		    (i == 0 || text->str[i - 1] != '\r'))
			g_string_append_c(crlf, '\r');
		g_string_append_c(crlf, text->str[i]);
	}
	return crlf;
}

static void check_sealed(const struct engine *engine, const char *message,
			 size_t size, const GString *sealed)
{
	GString *sides[2] = { g_string_new(NULL), g_string_new(NULL) };
	struct header_split *split = header_split_new(collect, sides);
	const char *end = engine->format == &envelope_smime ?
		"\r\n" : "--\r\n";
	GString *inside;

	header_split_push(split, message, size);
	header_split_finish(split);
	header_split_free(&split);
	inside = with_crlf(sides[HEADER_SPLIT_INSIDE]);
	if (inside->len != copied->len ||
	    memcmp(inside->str, copied->data, copied->len) != 0)
		abort();
	if (sealed->len < sides[HEADER_SPLIT_OUTSIDE]->len ||
	    memcmp(sealed->str, sides[HEADER_SPLIT_OUTSIDE]->str,
		   sides[HEADER_SPLIT_OUTSIDE]->len) != 0)
		abort();
	if (memcmp(sealed->str + sealed->len - strlen(end), end,
		   strlen(end)) != 0)
		abort();
	g_string_free(inside, TRUE);
	g_string_free(sides[0], TRUE);
	g_string_free(sides[1], TRUE);
}

static GString *
seal_message(const struct engine *engine, const char *message, size_t size,
	     size_t step, bool *sealing_r)
{
	static char fingerprint[] = "0123456789ABCDEF0123456789ABCDEF01234567";
	struct certificate certificate = {
		.refcount = 1, .fingerprint = fingerprint
	};
	struct certificate *recipients[] = { &certificate };
	const struct seal_params params = {
		.engine = engine,
		.recipients = recipients,
		.recipient_count = 1
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct seal *seal = seal_new(&params);
	GString *sealed = g_string_new(NULL);
	char buf[777];
	ssize_t ret;

	for (size_t offset = 0;;) {
		while ((ret = seal_pull(seal, buf, sizeof(buf), &error)) > 0)
			g_string_append_len(sealed, buf, ret);
		if (ret < 0)
			abort();
		if (seal_is_complete(seal))
			break;
		if (offset == size) {
			seal_finish(seal);
			continue;
		}
		step = MIN(step, size - offset);
		if (seal_push(seal, message + offset, step, &error) < 0)
			abort();
		offset += step;
	}
	*sealing_r = seal_is_sealing(seal);
	seal_free(&seal);
	return sealed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *message = (const char *)data + 1;
	const struct engine *engine;
	GString *sealed;
	bool sealing;

	if (size == 0)
		return 0;
	size--;
	engine = &copy_engines[data[0] % 2];
	copied = g_byte_array_new();
	sealed = seal_message(engine, message, size,
			      data[0] == 0 ? 65536 : data[0], &sealing);
	if (sealing)
		check_sealed(engine, message, size, sealed);
	else if (sealed->len != size ||
		 memcmp(sealed->str, message, size) != 0)
		abort();
	g_string_free(sealed, TRUE);
	g_byte_array_unref(copied);
	return 0;
}
