/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "copy-engine.h"
#include "format/openpgp-body.h"
#include "format/openpgp-packet.h"
#include "seal-run.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY_ID 0x0123456789abcdef
#define AES_BLOCK_SIZE 16

struct engine_job {
	struct engine_params params;
	/* OpenPGP */
	struct openpgp_body *body;
	/* S/MIME: of the ciphertext so far */
	size_t size;
};

/* of copy_engine_seal() */
static GString *copied;

/* RFC 5280 section 4.1, as far as format/check-cms.c looks: serial number 1 of
   an issuer without a name */
static const uint8_t x509[] = {
	0x30, 9, 0x30, 7, 2, 1, 1, 0x30, 0, 0x30, 0
};
static char fingerprint[] = "0123456789ABCDEF0123456789ABCDEF01234567";
static struct certificate_key key = { .id = KEY_ID, .can_encrypt = true };
static struct certificate certificate = {
	.refcount = 1, .fingerprint = fingerprint, .keys = &key,
	.key_count = 1
};
struct certificate *const copy_engine_recipients[1] = { &certificate };


static int
job_output(struct engine_job *job, const void *data, size_t size,
	   struct seal_error *error)
{
	return job->params.output(data, size, job->params.context, error);
}

/*
 * Nothing around it
 */

static struct engine_job *
bare_start(const struct engine_params *params,
	   struct seal_error *error G_GNUC_UNUSED)
{
	struct engine_job *job = g_new0(struct engine_job, 1);

	job->params = *params;
	if (certificate.data == NULL)
		certificate.data = g_bytes_new_static(x509, sizeof(x509));
	return job;
}

static int
bare_write(struct engine_job *job, const void *data, size_t size,
	   struct seal_error *error)
{
	return job_output(job, data, size, error);
}

static int bare_finish(struct engine_job *job G_GNUC_UNUSED,
		       struct seal_error *error G_GNUC_UNUSED)
{
	return 0;
}

static void copy_free(struct engine_job *job)
{
	g_free(job->body);
	g_free(job);
}

const struct engine engine_bare_pgp_mime = {
	.name = "bare",
	.format = &envelope_pgp_mime,
	.start = bare_start,
	.write = bare_write,
	.finish = bare_finish,
	.free = copy_free
};

const struct engine engine_bare_smime = {
	.name = "bare",
	.format = &envelope_smime,
	.start = bare_start,
	.write = bare_write,
	.finish = bare_finish,
	.free = copy_free
};

/*
 * OpenPGP
 */

static int
body_output(const uint8_t *data, size_t size, void *context,
	    struct seal_error *error)
{
	return job_output(context, data, size, error);
}

static struct engine_job *
pgp_start(const struct engine_params *params, struct seal_error *error)
{
	static const uint8_t start[COPY_START] = {
		0xc1, COPY_START - 2, 3, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
		0xcd, 0xef, 1, 0, 1, 1
	};
	static const uint8_t prefix[COPY_PREFIX] = { 1 };
	struct engine_job *job = bare_start(params, error);

	job->body = g_new(struct openpgp_body, 1);
	openpgp_body_init(job->body, OPENPGP_SEIPD, body_output, job);
	if (job_output(job, start, sizeof(start), error) < 0 ||
	    openpgp_body_append(job->body, prefix, sizeof(prefix), error) < 0) {
		copy_free(job);
		return NULL;
	}
	return job;
}

static int
pgp_write(struct engine_job *job, const void *data, size_t size,
	  struct seal_error *error)
{
	if (copied != NULL)
		g_string_append_len(copied, data, size);
	return openpgp_body_append(job->body, data, size, error);
}

static int pgp_finish(struct engine_job *job, struct seal_error *error)
{
	static const uint8_t mdc[COPY_MDC];

	return openpgp_body_append(job->body, mdc, sizeof(mdc), error) < 0 ?
		-1 : openpgp_body_finish(job->body, error);
}

const struct engine engine_copy_pgp_mime = {
	.name = "copy",
	.format = &envelope_pgp_mime,
	.start = pgp_start,
	.write = pgp_write,
	.finish = pgp_finish,
	.free = copy_free
};

/*
 * S/MIME
 */

/* RFC 5652 section 6.1 */
static struct engine_job *
cms_start(const struct engine_params *params, struct seal_error *error)
{
	static const uint8_t start[] = {
		0x30, 0x80, 0x06, 9,
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03,
		0xa0, 0x80, 0x30, 0x80, 2, 1, 0,
		0x31, 16, 0x30, 14, 2, 1, 0, 0x30, 5, 0x30, 0, 2, 1, 1,
		0x30, 0, 4, 0,
		0x30, 0x80, 0x06, 9,
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01,
		0x30, 11, 0x06, 9,
		0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a,
		0xa0, 0x80
	};
	struct engine_job *job = bare_start(params, error);

	if (job_output(job, start, sizeof(start), error) < 0) {
		copy_free(job);
		return NULL;
	}
	return job;
}

static int
cms_put(struct engine_job *job, const void *data, size_t size,
	struct seal_error *error)
{
	const uint8_t header[] = {
		4, 0x84, size >> 24, size >> 16, size >> 8, size
	};

	job->size += size;
	return size == 0 ? 0 :
		job_output(job, header, sizeof(header), error) < 0 ? -1 :
		job_output(job, data, size, error);
}

static int
cms_write(struct engine_job *job, const void *data, size_t size,
	  struct seal_error *error)
{
	if (copied != NULL)
		g_string_append_len(copied, data, size);
	return cms_put(job, data, size, error);
}

static int cms_finish(struct engine_job *job, struct seal_error *error)
{
	static const uint8_t padding[AES_BLOCK_SIZE];
	/* of five elements */
	static const uint8_t ends[5 * 2];

	return cms_put(job, padding, AES_BLOCK_SIZE - job->size %
		       AES_BLOCK_SIZE, error) < 0 ? -1 :
		job_output(job, ends, sizeof(ends), error);
}

const struct engine engine_copy_smime = {
	.name = "copy",
	.format = &envelope_smime,
	.start = cms_start,
	.write = cms_write,
	.finish = cms_finish,
	.free = copy_free
};

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
	if (sealed == NULL) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return sealed;
}
