/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* From a key packet to a key that libcrypto can use. What it is refused for
   here or in format/openpgp-key.c, nobody could open. */

#include "openpgp-recipient.h"
#include "openssl-common.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

/* libcrypto's names, in the order of enum openpgp_curve */
static const char *const curve_names[] = {
	"X25519", "X448", "P-256", "P-384", "P-521", "brainpoolP256r1",
	"brainpoolP384r1", "brainpoolP512r1"
};

static bool rsa_push(OSSL_PARAM_BLD *builder, BIGNUM *modulus, BIGNUM *exponent)
{
	return builder != NULL && modulus != NULL && exponent != NULL &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N,
				       modulus) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E,
				       exponent) == 1;
}

static OSSL_PARAM *rsa_params(const struct openpgp_key *fields)
{
	BIGNUM *modulus = BN_bin2bn(fields->modulus.data,
				    fields->modulus.size, NULL);
	BIGNUM *exponent = BN_bin2bn(fields->exponent.data,
				     fields->exponent.size, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = rsa_push(builder, modulus, exponent) ?
		OSSL_PARAM_BLD_to_param(builder) : NULL;

	OSSL_PARAM_BLD_free(builder);
	BN_free(modulus);
	BN_free(exponent);
	return params;
}

/* Returns NULL with *ready_r if what is in params makes no key. */
static EVP_PKEY *
key_from_params(const char *type, OSSL_PARAM *params, bool *ready_r)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	*ready_r = context != NULL && EVP_PKEY_fromdata_init(context) == 1;
	if (*ready_r)
		(void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY,
					params);
	EVP_PKEY_CTX_free(context);
	return key;
}

static EVP_PKEY *rsa_key(const struct openpgp_key *fields)
{
	OSSL_PARAM *params = rsa_params(fields);
	EVP_PKEY *key = NULL;
	bool ready;

	if (params != NULL)
		key = key_from_params("RSA", params, &ready);
	OSSL_PARAM_free(params);
	return key;
}

/* NIST SP 800-56A section 5.6.2.3.4: a point that isn't on its curve gives a
   secret of a weaker one. These curves have prime order, so any point on them
   but the one at infinity will do. Returns NULL with *reason_r if it isn't. */
static EVP_PKEY *
point_key(const struct openpgp_key *fields, const char **reason_r)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
			(char *)curve_names[fields->curve], 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
			(void *)fields->point.data, fields->point.size),
		OSSL_PARAM_construct_end()
	};
	bool ready;
	EVP_PKEY *key = key_from_params("EC", params, &ready);
	EVP_PKEY_CTX *check = key == NULL ? NULL :
		EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

	if (ready && (check == NULL ||
		      EVP_PKEY_public_check_quick(check) != 1)) {
		*reason_r = "its point isn't on the curve";
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_CTX_free(check);
	return key;
}

/* Does it give the same secret, nothing but zeros, whatever our key is? Then
   libcrypto doesn't derive it. */
static bool has_low_order(EVP_PKEY *key, const char *curve, size_t size)
{
	static const uint8_t any[OPENPGP_SHARED_MAX];
	EVP_PKEY *secret = EVP_PKEY_new_raw_private_key_ex(NULL, curve, NULL,
							   any, size);
	EVP_PKEY_CTX *context = secret == NULL ? NULL :
		EVP_PKEY_CTX_new_from_pkey(NULL, secret, NULL);
	uint8_t shared[OPENPGP_SHARED_MAX];
	size_t shared_size = sizeof(shared);
	bool low = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
		EVP_PKEY_derive_set_peer_ex(context, key, 0) == 1 &&
		EVP_PKEY_derive(context, shared, &shared_size) != 1;

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(secret);
	return low;
}

/* RFC 7748 section 5: every string of octets is a point. Section 6: of those
   with a low order a secret must not be used, which is better known now than
   when a message is there to be sealed. */
static EVP_PKEY *
native_key(const struct openpgp_key *fields, const char **reason_r)
{
	const char *curve = curve_names[fields->curve];
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, curve, NULL,
		fields->point.data, fields->point.size);

	if (key != NULL && has_low_order(key, curve, fields->point.size)) {
		*reason_r = "its point has a low order";
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static EVP_PKEY *
recipient_key(const struct openpgp_key *fields, const char **reason_r)
{
	if (fields->algorithm == OPENPGP_RSA ||
	    fields->algorithm == OPENPGP_RSA_ENCRYPT_ONLY)
		return rsa_key(fields);
	if (fields->curve != OPENPGP_CURVE25519 &&
	    fields->curve != OPENPGP_CURVE448)
		return point_key(fields, reason_r);
	return native_key(fields, reason_r);
}

static void recipient_free(void *data)
{
	struct openpgp_recipient *recipient = data;

	EVP_PKEY_CTX_free(recipient->rsa);
	EVP_PKEY_free(recipient->key);
	g_free(recipient->packet);
	g_free(recipient);
}

/* RFC 9580 section 5.1.3: PKCS #1 v1.5 */
static bool recipient_prepare_rsa(struct openpgp_recipient *recipient)
{
	recipient->rsa = EVP_PKEY_CTX_new_from_pkey(NULL, recipient->key,
						    NULL);
	return recipient->rsa != NULL &&
		EVP_PKEY_encrypt_init(recipient->rsa) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(recipient->rsa,
					     RSA_PKCS1_PADDING) > 0;
}

static void
recipient_unusable(const struct certificate_key *key, const char *reason,
		   struct seal_error *error)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
		       "its key %016"G_GINT64_MODIFIER"X (%s) can't be sealed "
		       "to: %s", key->id, key->name, reason);
}

static struct openpgp_recipient *
recipient_new(const struct certificate_key *key, struct seal_error *error)
{
	struct openpgp_recipient *recipient =
		g_new0(struct openpgp_recipient, 1);
	const char *reason;

	recipient->id = key->id;
	memcpy(recipient->fingerprint, key->fingerprint,
	       sizeof(recipient->fingerprint));
	recipient->packet = g_memdup2(key->packet, key->packet_size);
	if (key->fingerprint_size != sizeof(recipient->fingerprint))
		reason = "its version isn't known";
	else if (openpgp_key_read(recipient->packet, key->packet_size,
				  &recipient->fields, &reason) ==
		 OPENPGP_KEY_OK)
		recipient->key = recipient_key(&recipient->fields, &reason);
	if (recipient->key != NULL &&
	    (recipient->fields.modulus.size == 0 ||
	     recipient_prepare_rsa(recipient)))
		return recipient;
	if (reason != NULL)
		recipient_unusable(key, reason, error);
	else
		openssl_error_set(error);
	recipient_free(recipient);
	return NULL;
}

const struct openpgp_recipient *
openpgp_recipient_get(struct certificate *certificate, time_t now,
		      struct seal_error *error)
{
	const struct certificate_key *key =
		certificate_encryption_key(certificate, now);
	/* another engine may have left something else there */
	struct openpgp_recipient *recipient =
		certificate->prepared_free == recipient_free ?
		certificate->prepared : NULL;

	if (key == NULL || key->packet == NULL) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it has no encryption subkey");
		return NULL;
	}
	if (recipient != NULL &&
	    key->fingerprint_size == sizeof(recipient->fingerprint) &&
	    memcmp(recipient->fingerprint, key->fingerprint,
		   sizeof(recipient->fingerprint)) == 0)
		return recipient;
	openssl_begin();
	recipient = recipient_new(key, error);
	openssl_begin();
	if (recipient == NULL)
		return NULL;
	if (certificate->prepared != NULL)
		certificate->prepared_free(certificate->prepared);
	certificate->prepared = recipient;
	certificate->prepared_free = recipient_free;
	return recipient;
}
