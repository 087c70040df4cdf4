/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "../engine.h"
#include "openssl-common.h"
#include "x509.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/* Plaintext comes line by line and less. It is gathered, because each write to
   the cipher becomes an element of its own in the ciphertext. Bytes. */
#define GATHER_SIZE (16*1024)
/* As much goes through the chain at a time, bytes. */
#define WRITE_STEP (64*1024)

/* One message. Plaintext is written into the front of the chain; what comes
   out at its end is taken out of the memory there. */
struct engine_job {
	struct engine_params params;
	CMS_ContentInfo *cms;
	/* gather -> encrypt -> encode -> ciphertext */
	BIO *chain;
	BIO *ciphertext;
};

static int job_failed(struct seal_error *error)
{
	openssl_error_set(error);
	return -1;
}

/*
 * Recipients
 */

/* RFC 8551 section 2.3 wants all to read PKCS #1 v1.5. With OAEP: SHA-256,
   which the profiles that ask for OAEP ask for. */
static bool key_set_rsa(EVP_PKEY_CTX *key, bool oaep)
{
	if (!oaep) {
		return EVP_PKEY_CTX_set_rsa_padding(key,
						    RSA_PKCS1_PADDING) > 0;
	}
	return EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_OAEP_PADDING) > 0 &&
		EVP_PKEY_CTX_set_rsa_oaep_md(key, EVP_sha256()) > 0 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md(key, EVP_sha256()) > 0;
}

static bool
job_add_recipient(struct engine_job *job, struct certificate *recipient)
{
	X509 *x509 = certificate_x509(recipient);
	CMS_RecipientInfo *info = NULL;
	EVP_PKEY_CTX *key = NULL;
	bool ok = false;

	if (x509 != NULL) {
		info = CMS_add1_recipient(job->cms, x509, NULL, NULL,
					  CMS_KEY_PARAM);
	}
	if (info != NULL)
		key = CMS_RecipientInfo_get0_pkey_ctx(info);
	if (key != NULL) {
		/* RFC 5753 section 8: SHA-256 is what all must read; OpenSSL's
		   default is SHA-1. The key wrap is as long as the key. */
		ok = recipient->keys[0].algorithm ==
			CERTIFICATE_ALGORITHM_EC ?
			EVP_PKEY_CTX_set_ecdh_kdf_md(key, EVP_sha256()) > 0 :
			key_set_rsa(key, job->params.rsa_oaep);
	}
	return ok;
}

/*
 * The chain
 */

static bool job_make_chain(struct engine_job *job)
{
	BIO *gather, *encoder;

	job->ciphertext = BIO_new(BIO_s_mem());
	if (job->ciphertext == NULL)
		return false;
	/* from here on job->chain ends in job->ciphertext */
	job->chain = job->ciphertext;
	encoder = BIO_new_CMS(job->ciphertext, job->cms);
	if (encoder == NULL)
		return false;
	job->chain = encoder;
	gather = BIO_new(BIO_f_buffer());
	if (gather == NULL)
		return false;
	job->chain = BIO_push(gather, encoder);
	return BIO_set_write_buffer_size(gather, GATHER_SIZE) > 0;
}

static bool job_make(struct engine_job *job)
{
	job->cms = CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(),
			       CMS_BINARY | CMS_STREAM | CMS_PARTIAL);
	if (job->cms == NULL)
		return false;
	for (size_t i = 0; i < job->params.recipient_count; i++) {
		if (!job_add_recipient(job, job->params.recipients[i]))
			return false;
	}
	return job_make_chain(job);
}

/* Gives the ciphertext that is ready to who wants it. */
static int job_output(struct engine_job *job, struct seal_error *error)
{
	uint8_t *data;
	long size = BIO_get_mem_data(job->ciphertext, &data);

	if (size <= 0)
		return 0;
	if (job->params.output(data, size, job->params.context, error) < 0)
		return -1;
	return BIO_reset(job->ciphertext) > 0 ? 0 : job_failed(error);
}

/*
 * The engine
 */

static void job_free(struct engine_job *job)
{
	BIO_free_all(job->chain);
	CMS_ContentInfo_free(job->cms);
	g_free(job);
}

static struct engine_job *
job_new(const struct engine_params *params, struct seal_error *error)
{
	struct engine_job *job = g_new0(struct engine_job, 1);

	job->params = *params;
	openssl_begin();
	if (!job_make(job)) {
		openssl_error_set(error);
		job_free(job);
		return NULL;
	}
	return job;
}

static int
job_write(struct engine_job *job, const void *data, size_t size,
	  struct seal_error *error)
{
	const char *next = data;

	openssl_begin();
	while (size > 0) {
		int step = MIN(size, WRITE_STEP);

		if (BIO_write(job->chain, next, step) != step)
			return job_failed(error);
		if (job_output(job, error) < 0)
			return -1;
		next += step;
		size -= step;
	}
	return 0;
}

static int job_finish(struct engine_job *job, struct seal_error *error)
{
	openssl_begin();
	/* the last block, and the end of all elements */
	if (BIO_flush(job->chain) <= 0)
		return job_failed(error);
	return job_output(job, error);
}

const struct engine engine_smime = {
	.name = "S/MIME",
	.format = &envelope_smime,
	.start = job_new,
	.write = job_write,
	.finish = job_finish,
	.free = job_free
};
