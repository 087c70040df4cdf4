/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "../engine.h"
#include "gpg-context.h"
#include "keyring.h"

#include <errno.h>
#include <string.h>

/* GPGME's own is 512 bytes. Larger ones, like the pipe's 64 kB, save little:
   after GPGME's fork each page that we touch is copied first. */
#define IO_BUFFER_SIZE "16384"

/* gpg reads as much at a time. Smaller pieces, like a header field, aren't
   worth a write and a turn each; larger ones only fill the pipe, and GPGME
   looks at all that it offers again for each part that gets into it. */
#define GATHER_SIZE 8192

/* One message, one gpg. The certificates go to the helper in front of the
   plaintext, so that gpg gets what we looked at and no file that somebody
   changed since. See src/exec/mail-seal-exec.c for the form. */
struct engine_job {
	struct engine_params params;
	struct gpg_context *context;
	gpgme_data_t plain, cipher;
	/* all recipients' keyrings, or NULL */
	GBytes **keyrings;

	/* what gpg hasn't taken yet: first the certificates, then plaintext,
	   which is gathered until it is worth a write */
	GByteArray *preface, *gathered;
	const uint8_t *pending;
	size_t pending_size;
	bool complete;

	size_t cipher_size;
	struct seal_error output_error;
};

static ssize_t job_read_plain(void *handle, void *buffer, size_t size)
{
	struct engine_job *job = handle;

	if (job->pending_size == 0 && !job->complete) {
		/* GPGME asks only when we let it, which is when there is
		   some; but should it ask, then "later" is the answer */
		errno = EAGAIN;
		return -1;
	}
	size = MIN(size, job->pending_size);
	if (size > 0)
		memcpy(buffer, job->pending, size);
	job->pending += size;
	job->pending_size -= size;
	return size;
}

static int
job_output(struct engine_job *job, const void *data, size_t size)
{
	job->cipher_size += size;
	return job->params.output(data, size, job->params.context,
				  &job->output_error);
}

static ssize_t job_write_cipher(void *handle, const void *data, size_t size)
{
	struct engine_job *job = handle;

	if (job_output(job, data, size) < 0) {
		errno = EIO;
		return -1;
	}
	return size;
}

static struct gpgme_data_cbs job_plain_callbacks = {
	.read = job_read_plain
};
static struct gpgme_data_cbs job_cipher_callbacks = {
	.write = job_write_cipher
};

static int job_failed(struct engine_job *job, struct seal_error *error)
{
	const struct engine_params *params = &job->params;

	/* should it be the keyrings' fault, the next try does without */
	for (size_t i = 0; job->keyrings != NULL &&
	     i < params->recipient_count; i++)
		openpgp_keyring_drop(params->recipients[i]);
	g_clear_pointer(&job->keyrings, g_free);
	/* what the output said explains why GPGME failed */
	if (job->output_error.code != SEAL_ERROR_NONE)
		*error = job->output_error;
	return -1;
}

/* Takes the keyrings if every recipient has one. They stay the
   certificates'. */
static int job_get_keyrings(struct engine_job *job, struct seal_error *error)
{
	const struct engine_params *params = &job->params;
	GBytes **keyrings = g_new0(GBytes *, params->recipient_count);
	bool all = true;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < params->recipient_count; i++) {
		ret = openpgp_keyring_use(params->recipients[i],
					  params->timeout_secs, &keyrings[i],
					  error);
		all = all && keyrings[i] != NULL;
	}
	if (ret == 0 && all)
		job->keyrings = keyrings;
	else
		g_free(keyrings);
	return ret;
}

static GString *job_recipients(struct engine_job *job)
{
	const struct engine_params *params = &job->params;
	GString *recipients = g_string_new("--file\n");
	GString *line = g_string_new(NULL);
	char start[32];

	for (size_t i = 0; i < params->recipient_count; i++) {
		const struct certificate *recipient = params->recipients[i];
		gsize size;
		const void *data = g_bytes_get_data(job->keyrings != NULL ?
			job->keyrings[i] : recipient->data, &size);

		g_string_append_printf(recipients, "certificate:%zu\n", i);
		g_string_append_c(line, ' ');
		if (job->keyrings != NULL)
			g_string_append_printf(line, "%s=",
					       recipient->fingerprint);
		g_string_append_printf(line, "%zu", size);
		g_byte_array_append(job->preface, data, size);
	}
	g_string_append_c(line, '\n');
	(void)g_snprintf(start, sizeof(start), "certificates %04zu",
			 line->len);
	g_string_prepend(line, start);
	g_byte_array_prepend(job->preface, (const guint8 *)line->str,
			     line->len);
	g_string_free(line, TRUE);
	return recipients;
}

static int job_start(struct engine_job *job, struct seal_error *error)
{
	gpgme_ctx_t gpgme = gpg_context_gpgme(job->context);
	gpgme_encrypt_flags_t flags = GPGME_ENCRYPT_ALWAYS_TRUST |
		GPGME_ENCRYPT_NO_ENCRYPT_TO;
	GString *recipients = job_recipients(job);
	gpgme_error_t err;

	if (!job->params.compress)
		flags |= GPGME_ENCRYPT_NO_COMPRESS;
	err = gpgme_data_new_from_cbs(&job->plain, &job_plain_callbacks, job);
	if (err == 0) {
		err = gpgme_data_new_from_cbs(&job->cipher,
					      &job_cipher_callbacks, job);
	}
	if (err == 0) {
		err = gpgme_data_set_flag(job->plain, "io-buffer-size",
					  IO_BUFFER_SIZE);
	}
	if (err == 0) {
		err = gpgme_data_set_flag(job->cipher, "io-buffer-size",
					  IO_BUFFER_SIZE);
	}
	if (err == 0) {
		err = gpgme_data_set_flag(job->plain, "sensitive", "1");
	}
	if (err == 0) {
		/* the envelope has armor: gpg's own is its slowest part */
		gpgme_set_armor(gpgme, 0);
		err = gpgme_op_encrypt_ext_start(gpgme, NULL, recipients->str,
						 flags, job->plain,
						 job->cipher);
	}
	g_string_free(recipients, TRUE);
	return gpg_context_started(job->context, err, error);
}

static int
job_send(struct engine_job *job, const void *data, size_t size,
	 struct seal_error *error)
{
	int ret;

	job->pending = data;
	job->pending_size = size;
	while (job->pending_size > 0) {
		ret = gpg_context_turn(job->context, true, error);
		if (ret < 0)
			return job_failed(job, error);
		if (ret == 0) {
			/* Ended without having read all. Ask why. */
			if (gpg_context_finish(job->context, error) == 0) {
				seal_error_set(error, SEAL_ERROR_ENGINE,
					       "gpg didn't read all");
			}
			return job_failed(job, error);
		}
	}
	return 0;
}

static int job_send_gathered(struct engine_job *job, struct seal_error *error)
{
	int ret = job_send(job, job->gathered->data, job->gathered->len,
			   error);

	g_byte_array_set_size(job->gathered, 0);
	return ret;
}

static int
job_write(struct engine_job *job, const void *data, size_t size,
	  struct seal_error *error)
{
	if (job->gathered->len + size <= GATHER_SIZE) {
		g_byte_array_append(job->gathered, data, size);
		return 0;
	}
	if (job_send_gathered(job, error) < 0)
		return -1;
	return job_send(job, data, size, error);
}

static void job_free(struct engine_job *job)
{
	/* this ends the operation, which uses the data objects */
	gpg_context_put(&job->context);
	if (job->plain != NULL)
		gpgme_data_release(job->plain);
	if (job->cipher != NULL)
		gpgme_data_release(job->cipher);
	g_free(job->keyrings);
	g_byte_array_unref(job->preface);
	g_byte_array_unref(job->gathered);
	g_free(job);
}

static struct engine_job *
job_new(const struct engine_params *params, struct seal_error *error)
{
	struct engine_job *job = g_new0(struct engine_job, 1);

	job->params = *params;
	job->preface = g_byte_array_new();
	job->gathered = g_byte_array_new();
	if (job_get_keyrings(job, error) == 0)
		job->context = gpg_context_get(NULL, params->timeout_secs,
					       error);
	if (job->context == NULL || job_start(job, error) < 0 ||
	    job_send(job, job->preface->data, job->preface->len,
		     error) < 0) {
		job_free(job);
		return NULL;
	}
	return job;
}

static int job_finish(struct engine_job *job, struct seal_error *error)
{
	if (job_send_gathered(job, error) < 0)
		return -1;
	job->complete = true;
	if (gpg_context_finish(job->context, error) < 0)
		return job_failed(job, error);
	if (!gpg_context_seen_end_encryption(job->context) ||
	    job->cipher_size == 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg ended without an encrypted message");
		return job_failed(job, error);
	}
	return 0;
}

const struct engine engine_openpgp_gpg = {
	.name = "OpenPGP",
	.format = &envelope_pgp_mime,
	.start = job_new,
	.write = job_write,
	.finish = job_finish,
	.free = job_free
};
