/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "copy-engine.h"
#include "seal-run.h"

#include <stdlib.h>

struct engine_job {
	struct engine_params params;
};

/* of copy_engine_seal() */
static GString *copied;

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
	if (copied != NULL)
		g_string_append_len(copied, data, size);
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

const struct engine engine_copy_pgp_mime = {
	.name = "copy",
	.format = &envelope_pgp_mime,
	.start = copy_start,
	.write = copy_write,
	.finish = copy_finish,
	.free = copy_free
};

const struct engine engine_copy_smime = {
	.name = "copy",
	.format = &envelope_smime,
	.start = copy_start,
	.write = copy_write,
	.finish = copy_finish,
	.free = copy_free
};

static char fingerprint[] = "0123456789ABCDEF0123456789ABCDEF01234567";
static struct certificate certificate = {
	.refcount = 1, .fingerprint = fingerprint
};
struct certificate *const copy_engine_recipients[1] = { &certificate };

GString *
copy_engine_seal(const struct engine *engine, const char *message,
		 size_t size, size_t step, const char *const *protect_headers,
		 GString **inside_r, bool *sealing_r)
{
	const struct seal_params params = {
		.engine = engine,
		.recipients = copy_engine_recipients,
		.recipient_count = 1,
		.protect_headers = protect_headers
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GString *sealed;

	*inside_r = copied = g_string_new(NULL);
	sealed = seal_run(&params, message, size, step, sealing_r, &error);
	copied = NULL;
	if (sealed == NULL)
		abort();
	return sealed;
}
