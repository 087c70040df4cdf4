/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "../engine.h"
#include "gpg-context.h"
#include "worker.h"
#include "../certificate/openpgp-keys.h"
#include "../../exec/exec-protocol.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Larger than GPGME's own of 512 bytes */
#define IO_BUFFER_SIZE "16384"

/* Smaller pieces, like a header field, aren't worth a write each. */
#define GATHER_SIZE 8192

/* One message, one gpg: for keys that the engine in process doesn't know. */
struct engine_job {
	struct engine_params params;
	/* one for each recipient */
	const struct certificate_key **keys;
	struct worker *worker;
	/* what isn't sent yet */
	GByteArray *gathered;
	/* that has come */
	size_t cipher_size;
};

/*
 * In the worker
 */

struct work {
	const struct engine_job *job;
	int input, output;
	struct seal_error *error;
	/* the certificates, in front of the plaintext; see exec-protocol.h */
	GByteArray *preface;
	size_t preface_pos;
};

static ssize_t work_read(void *handle, void *buffer, size_t size)
{
	struct work *work = handle;
	const size_t left = work->preface->len - work->preface_pos;

	if (left == 0)
		return read(work->input, buffer, size);
	size = MIN(size, left);
	memcpy(buffer, work->preface->data + work->preface_pos, size);
	work->preface_pos += size;
	return size;
}

static ssize_t work_write(void *handle, const void *data, size_t size)
{
	struct work *work = handle;

	if (worker_write_all(work->output, data, size, work->error) < 0) {
		errno = EIO;
		return -1;
	}
	return size;
}

/* Returns the recipients as GPGME wants them. */
static GString *work_prepare(struct work *work)
{
	const struct engine_params *params = &work->job->params;
	GString *recipients = g_string_new("--file\n");
	GString *line = g_string_new(NULL);
	char start[32];

	work->preface = g_byte_array_new();
	for (size_t i = 0; i < params->recipient_count; i++) {
		const struct certificate_key *key = work->job->keys[i];
		GBytes *reduced =
			certificate_reduced(params->recipients[i], key);
		char *fingerprint = openpgp_fingerprint_hex(
			key->fingerprint, key->fingerprint_size);
		gsize size;
		const guint8 *data = g_bytes_get_data(reduced, &size);

		g_string_append_printf(recipients, "certificate:%zu\n", i);
		g_string_append_printf(line, " %s=%zu", fingerprint, size);
		g_byte_array_append(work->preface, data, size);
		g_free(fingerprint);
		g_bytes_unref(reduced);
	}
	g_string_append_c(line, '\n');
	(void)g_snprintf(start, sizeof(start), "certificates %06zu",
			 line->len);
	g_string_prepend(line, start);
	g_byte_array_prepend(work->preface, (const guint8 *)line->str,
			     line->len);
	g_string_free(line, TRUE);
	return recipients;
}

static gpgme_error_t
work_encrypt(struct work *work, struct gpg_context *gpg,
	     const char *recipients)
{
	static struct gpgme_data_cbs read_callbacks = { .read = work_read };
	static struct gpgme_data_cbs write_callbacks = { .write = work_write };
	gpgme_encrypt_flags_t flags = GPGME_ENCRYPT_ALWAYS_TRUST |
		GPGME_ENCRYPT_NO_ENCRYPT_TO;
	gpgme_data_t plain = NULL, cipher = NULL;
	gpgme_error_t err;

	if (!work->job->params.compress)
		flags |= GPGME_ENCRYPT_NO_COMPRESS;
	err = gpgme_data_new_from_cbs(&plain, &read_callbacks, work);
	if (err == 0)
		err = gpgme_data_new_from_cbs(&cipher, &write_callbacks, work);
	if (err == 0) {
		(void)gpgme_data_set_flag(plain, "io-buffer-size",
					  IO_BUFFER_SIZE);
		(void)gpgme_data_set_flag(cipher, "io-buffer-size",
					  IO_BUFFER_SIZE);
		(void)gpgme_data_set_flag(plain, "sensitive", "1");
		/* the envelope has armor: gpg's own is its slowest part */
		gpgme_set_armor(gpg->gpgme, 0);
		err = gpgme_op_encrypt_ext_start(gpg->gpgme, NULL, recipients,
						 flags, plain, cipher);
		err = gpg_context_wait(gpg, err);
	}
	return err;
}

static int work_main(int input, int output, void *context,
		     struct seal_error *error)
{
	struct work work = {
		.job = context, .input = input, .output = output,
		.error = error
	};
	struct gpg_context gpg;
	GString *recipients = work_prepare(&work);
	gpgme_error_t err;

	if (gpg_context_init(&gpg, EXEC_TASK_ENCRYPT, error) < 0) {
		g_string_free(recipients, TRUE);
		return -1;
	}
	err = work_encrypt(&work, &gpg, recipients->str);
	g_string_free(recipients, TRUE);
	if (err != 0)
		return gpg_context_failed(&gpg, err, error);
	if (gpg_context_check_exit(&gpg, error) < 0)
		return -1;
	if (!gpg.seen_end_encryption) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg ended without an encrypted message");
		return -1;
	}
	return 0;
}

/*
 * In our process
 */

static int job_output(const void *data, size_t size, void *context,
		      struct seal_error *error)
{
	struct engine_job *job = context;

	job->cipher_size += size;
	return job->params.output(data, size, job->params.context, error);
}

static int
job_send(struct engine_job *job, const void *data, size_t size,
	 struct seal_error *error)
{
	return worker_write(job->worker, data, size, job_output, job, error);
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
	worker_free(&job->worker);
	g_byte_array_unref(job->gathered);
	g_free(job->keys);
	g_free(job);
}

static int job_choose_keys(struct engine_job *job, struct seal_error *error)
{
	const struct engine_params *params = &job->params;

	job->keys = g_new0(const struct certificate_key *,
			   params->recipient_count);
	for (size_t i = 0; i < params->recipient_count; i++) {
		job->keys[i] = certificate_encryption_key(
			params->recipients[i], params->now);
		if (job->keys[i] != NULL)
			continue;
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "there is no key to encrypt to");
		return -1;
	}
	return 0;
}

static struct engine_job *
job_new(const struct engine_params *params, struct seal_error *error)
{
	struct engine_job *job = g_new0(struct engine_job, 1);

	job->params = *params;
	job->gathered = g_byte_array_new();
	if (job_choose_keys(job, error) == 0) {
		job->worker = worker_start(work_main, job,
					   params->timeout_secs, 0, error);
	}
	if (job->worker == NULL) {
		job_free(job);
		return NULL;
	}
	return job;
}

static int job_finish(struct engine_job *job, struct seal_error *error)
{
	if (job_send_gathered(job, error) < 0 ||
	    worker_finish(job->worker, job_output, job, error) < 0)
		return -1;
	if (job->cipher_size == 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg ended without an encrypted message");
		return -1;
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
