/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* OpenPGP messages by libcrypto, in this process.

   What it writes (RFC 9580 section 10.3), for each recipient in turn a session
   key packet, then one container:

     PKESK version 3     one for each recipient: openpgp-session-key.c
     SEIPD version 1     section 5.13.1: AES-256 in CFB mode, zero IV, over
       random prefix     16 octets, the last two of them again
       literal packet    section 5.9: binary, no file name, no date
       MDC packet        section 5.13.1: SHA-1 of all that is before it

   What it takes for granted: that the recipients' certificates were judged
   (signatures, expiry, revocation) and that certificate_encryption_key() says
   which key of each. What it sees to itself: that the key can be encrypted to
   at all (openpgp-recipient.c, format/openpgp-key.c).

   What it doesn't do: sign, compress, decrypt, hide recipients, write version
   2 or AEAD containers, which not all clients read. It keeps no session key
   and logs nothing. Session key, prefix and the secrets of X25519 and X448
   come from getrandom(2); those of NIST and Brainpool curves, and RSA's
   padding, from libcrypto's generator. Secrets are wiped; the plaintext, which
   all of Dovecot's buffers hold too, isn't. Memory: two parts of
   OPENPGP_PART_SIZE. Where an allocation fails, the process ends
   (openssl-common.h). */

#include "openpgp-engine.h"
#include "../format/openpgp-body.h"
#include "../format/openpgp-packet.h"
#include "openpgp-recipient.h"
#include "openssl-common.h"
#include "random.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#define BLOCK_SIZE 16
/* RFC 9580 section 5.13.1 */
#define PREFIX_SIZE (BLOCK_SIZE + 2)

struct engine_job {
	struct engine_params params;
	EVP_CIPHER_CTX *cipher;
	/* of all plaintext in the container */
	EVP_MD_CTX *digest;
	struct openpgp_body literal, container;
};

static int job_failed(struct seal_error *error)
{
	openssl_error_set(error);
	return -1;
}

/* A part of the container: ciphertext */
static int
job_output(const uint8_t *data, size_t size, void *context,
	   struct seal_error *error)
{
	struct engine_job *job = context;

	return job->params.output(data, size, job->params.context, error);
}

/* Takes plaintext of the container, which goes encrypted right to where it is
   put out from. */
static int
job_encrypt(struct engine_job *job, const uint8_t *data, size_t size,
	    struct seal_error *error)
{
	while (size > 0) {
		size_t take;
		int encrypted;
		uint8_t *room = openpgp_body_room(&job->container, &take,
						  error);

		if (room == NULL)
			return -1;
		take = MIN(take, size);
		if (EVP_EncryptUpdate(job->cipher, room, &encrypted, data,
				      take) != 1 ||
		    (size_t)encrypted != take)
			return job_failed(error);
		openpgp_body_wrote(&job->container, take);
		data += take;
		size -= take;
	}
	return 0;
}

/* Likewise, of what the MDC is about; a part of the literal packet is so. */
static int
job_encrypt_hashed(const uint8_t *data, size_t size, void *context,
		   struct seal_error *error)
{
	struct engine_job *job = context;

	if (EVP_DigestUpdate(job->digest, data, size) != 1)
		return job_failed(error);
	return job_encrypt(job, data, size, error);
}

/* RFC 9580 section 5.13.1: version, and the prefix. Section 5.9: format,
   length of the file name, date. */
static int job_begin_packets(struct engine_job *job, struct seal_error *error)
{
	static const uint8_t version = 1;
	static const uint8_t literal[] = { 'b', 0, 0, 0, 0, 0 };
	uint8_t prefix[PREFIX_SIZE];
	int ret;

	openpgp_body_init(&job->container, OPENPGP_SEIPD, job_output, job);
	openpgp_body_init(&job->literal, OPENPGP_LITERAL, job_encrypt_hashed,
			  job);
	if (random_bytes(prefix, BLOCK_SIZE, error) < 0)
		return -1;
	memcpy(prefix + BLOCK_SIZE, prefix + BLOCK_SIZE - 2, 2);
	ret = openpgp_body_append(&job->container, &version, 1, error);
	if (ret == 0)
		ret = job_encrypt_hashed(prefix, sizeof(prefix), job, error);
	if (ret == 0) {
		ret = openpgp_body_append(&job->literal, literal,
					  sizeof(literal), error);
	}
	OPENSSL_cleanse(prefix, sizeof(prefix));
	return ret;
}

/* A certificate may be given twice. */
static bool
is_repeated(const struct openpgp_recipient *const *recipients, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(recipients[i]->fingerprint,
			   recipients[count]->fingerprint,
			   sizeof(recipients[i]->fingerprint)) == 0)
			return true;
	}
	return false;
}

static int
job_output_session_keys(struct engine_job *job, const uint8_t *session_key,
			struct seal_error *error)
{
	const size_t count = job->params.recipient_count;
	const struct openpgp_recipient **recipients =
		g_new0(const struct openpgp_recipient *, count);
	GByteArray *out = g_byte_array_new();
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++) {
		recipients[i] = openpgp_recipient_get(
			job->params.recipients[i], job->params.now, error);
		if (recipients[i] == NULL)
			ret = -1;
		else if (!is_repeated(recipients, i)) {
			ret = openpgp_recipient_append(recipients[i],
						       session_key, out,
						       error);
		}
	}
	if (ret == 0)
		ret = job_output(out->data, out->len, job, error);
	g_byte_array_unref(out);
	g_free(recipients);
	return ret;
}

static int job_begin(struct engine_job *job, struct seal_error *error)
{
	static const uint8_t zero_iv[BLOCK_SIZE];
	uint8_t session_key[OPENPGP_SESSION_KEY_SIZE];
	int ret;

	job->cipher = EVP_CIPHER_CTX_new();
	job->digest = EVP_MD_CTX_new();
	if (job->cipher == NULL || job->digest == NULL)
		return job_failed(error);
	if (random_bytes(session_key, sizeof(session_key), error) < 0)
		return -1;
	ret = EVP_EncryptInit_ex(job->cipher,
				 openssl_cipher(OPENSSL_AES256_CFB), NULL,
				 session_key, zero_iv) == 1 &&
		EVP_DigestInit_ex(job->digest, openssl_digest(OPENSSL_SHA1),
				  NULL) == 1 ?
		0 : job_failed(error);
	if (ret == 0)
		ret = job_output_session_keys(job, session_key, error);
	OPENSSL_cleanse(session_key, sizeof(session_key));
	return ret < 0 ? -1 : job_begin_packets(job, error);
}

static void job_free(struct engine_job *job)
{
	/* this wipes the session key that the cipher has */
	EVP_CIPHER_CTX_free(job->cipher);
	EVP_MD_CTX_free(job->digest);
	g_free(job);
}

static struct engine_job *
job_new(const struct engine_params *params, struct seal_error *error)
{
	struct engine_job *job = g_new(struct engine_job, 1);

	/* all but the parts, which are written before they are read */
	job->params = *params;
	job->cipher = NULL;
	job->digest = NULL;
	openssl_begin();
	if (job_begin(job, error) < 0) {
		job_free(job);
		return NULL;
	}
	return job;
}

static int
job_write(struct engine_job *job, const void *data, size_t size,
	  struct seal_error *error)
{
	return openpgp_body_append(&job->literal, data, size, error);
}

/* RFC 9580 section 5.13.1: "the hash ... includes the packet header of the MDC
   packet itself" */
static int job_finish(struct engine_job *job, struct seal_error *error)
{
	static const uint8_t mdc_header[] = {
		0xc0 | OPENPGP_MDC, SHA_DIGEST_LENGTH
	};
	uint8_t digest[SHA_DIGEST_LENGTH];

	openssl_begin();
	if (openpgp_body_finish(&job->literal, error) < 0 ||
	    job_encrypt_hashed(mdc_header, sizeof(mdc_header), job,
			       error) < 0)
		return -1;
	if (EVP_DigestFinal_ex(job->digest, digest, NULL) != 1)
		return job_failed(error);
	if (job_encrypt(job, digest, sizeof(digest), error) < 0)
		return -1;
	return openpgp_body_finish(&job->container, error);
}

bool openpgp_libcrypto_can(struct certificate *certificate,
			   const struct engine_params *params)
{
	const struct certificate_key *key =
		certificate_encryption_key(certificate, params->now);
	struct openpgp_key fields;
	const char *reason;

	/* compression would need zlib; a key that the standard forbids is ours
	   to refuse with the reason, which gpg doesn't tell */
	return !params->compress && key != NULL && key->packet != NULL &&
		openpgp_key_read(key->packet, key->packet_size, &fields,
				 &reason) != OPENPGP_KEY_UNKNOWN;
}

int openpgp_libcrypto_check(struct certificate *certificate, time_t now,
			    struct seal_error *error)
{
	return openpgp_recipient_get(certificate, now, error) == NULL ? -1 : 0;
}

const struct engine engine_openpgp_libcrypto = {
	.name = "OpenPGP",
	.format = &envelope_pgp_mime,
	.start = job_new,
	.write = job_write,
	.finish = job_finish,
	.free = job_free
};
