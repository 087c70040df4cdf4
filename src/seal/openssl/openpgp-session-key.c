/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Session key packets of version 3 (RFC 9580 section 5.1.1):

     RSA            section 5.1.3: PKCS #1 v1.5 of the session key
     ECDH           sections 5.1.5 and 11.5
     X25519, X448   sections 5.1.6 and 5.1.7

   The session key is wiped from each buffer it was in. */

#include "openpgp-recipient.h"
#include "openssl-common.h"
#include "../format/openpgp-body.h"
#include "../format/openpgp-packet.h"
#include "random.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <string.h>

/* Algorithm, key, checksum: RFC 9580 section 5.1 */
#define CHECKED_SIZE (1 + OPENPGP_SESSION_KEY_SIZE + 2)
/* The same with padding, section 11.5 */
#define PADDED_SIZE 40
/* RFC 3394 section 2.2.1: a wrapped key has 64 bits more. */
#define WRAPPED_MAX (PADDED_SIZE + 8)
#define POINT_MAX (1 + 2 * OPENPGP_SHARED_MAX)

static int engine_failed(struct seal_error *error)
{
	openssl_error_set(error);
	return -1;
}

/* RFC 9580 section 3.2: two octets of length in bits, no leading zeros */
static void append_number(GByteArray *out, const uint8_t *data, size_t size)
{
	uint8_t length[2];
	size_t bits;

	while (size > 0 && data[0] == 0) {
		data++;
		size--;
	}
	bits = size * 8;
	for (int bit = 7; size > 0 && (data[0] >> bit & 1) == 0; bit--)
		bits--;
	length[0] = bits >> 8;
	length[1] = bits;
	g_byte_array_append(out, length, sizeof(length));
	g_byte_array_append(out, data, size);
}

/* RFC 9580 section 5.1: "a 2-octet checksum is appended, which is equal to the
   sum of the preceding octets, not including the algorithm". padded_r has
   PADDED_SIZE; section 11.5: padded to a multiple of 8 octets, each of which
   says how many there are. */
static void session_key_check(const uint8_t *session_key, uint8_t *padded_r)
{
	unsigned int sum = 0;

	padded_r[0] = OPENPGP_AES256;
	memcpy(padded_r + 1, session_key, OPENPGP_SESSION_KEY_SIZE);
	for (size_t i = 0; i < OPENPGP_SESSION_KEY_SIZE; i++)
		sum += session_key[i];
	padded_r[CHECKED_SIZE - 2] = sum >> 8;
	padded_r[CHECKED_SIZE - 1] = sum;
	memset(padded_r + CHECKED_SIZE, PADDED_SIZE - CHECKED_SIZE,
	       PADDED_SIZE - CHECKED_SIZE);
}

/*
 * RSA
 */

static int
append_rsa(const struct openpgp_recipient *recipient,
	   const uint8_t *session_key, GByteArray *out,
	   struct seal_error *error)
{
	uint8_t *encrypted = g_malloc(recipient->fields.modulus.size);
	size_t size = recipient->fields.modulus.size;
	uint8_t checked[PADDED_SIZE];
	bool ok;

	session_key_check(session_key, checked);
	ok = EVP_PKEY_encrypt(recipient->rsa, encrypted, &size, checked,
			      CHECKED_SIZE) == 1;
	OPENSSL_cleanse(checked, sizeof(checked));
	if (ok)
		append_number(out, encrypted, size);
	g_free(encrypted);
	return ok ? 0 : engine_failed(error);
}

/*
 * Curves: the secret
 */

static bool is_native(enum openpgp_curve curve)
{
	return curve == OPENPGP_CURVE25519 || curve == OPENPGP_CURVE448;
}

/* For Curve25519 and Curve448 any octets are a secret key (RFC 7748 section
   5). Other curves' must be below the curve's order, which libcrypto's own
   generator sees to. */
static EVP_PKEY *
ephemeral_new(const struct openpgp_recipient *recipient,
	      struct seal_error *error)
{
	const enum openpgp_curve curve = recipient->fields.curve;
	uint8_t secret[OPENPGP_SHARED_MAX];
	EVP_PKEY_CTX *context;
	EVP_PKEY *key = NULL;

	if (is_native(curve)) {
		if (random_bytes(secret, openpgp_curve_size(curve), error) < 0)
			return NULL;
		key = EVP_PKEY_new_raw_private_key_ex(NULL,
			curve == OPENPGP_CURVE25519 ? "X25519" : "X448", NULL,
			secret, openpgp_curve_size(curve));
		OPENSSL_cleanse(secret, sizeof(secret));
	} else {
		context = EVP_PKEY_CTX_new_from_pkey(NULL, recipient->key,
						     NULL);
		if (context == NULL || EVP_PKEY_keygen_init(context) != 1 ||
		    EVP_PKEY_keygen(context, &key) != 1)
			key = NULL;
		EVP_PKEY_CTX_free(context);
	}
	if (key == NULL)
		(void)engine_failed(error);
	return key;
}

/* What a point of low order would give (RFC 7748 section 6). */
static bool is_zero(const uint8_t *data, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= data[i];
	return any == 0;
}

/* RFC 9580 section 11.4: what both sides share is the x coordinate, in as many
   octets as the curve's coordinates have. */
static int
derive_shared(const struct openpgp_recipient *recipient, EVP_PKEY *ephemeral,
	      uint8_t *shared_r, struct seal_error *error)
{
	EVP_PKEY_CTX *context =
		EVP_PKEY_CTX_new_from_pkey(NULL, ephemeral, NULL);
	size_t size = OPENPGP_SHARED_MAX;
	/* the recipient's key was checked when it was made */
	bool ok = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
		EVP_PKEY_derive_set_peer_ex(context, recipient->key, 0) == 1 &&
		EVP_PKEY_derive(context, shared_r, &size) == 1;

	EVP_PKEY_CTX_free(context);
	ok = ok && size == openpgp_curve_size(recipient->fields.curve) &&
		/* other curves have points with an x of 0 */
		!(is_native(recipient->fields.curve) &&
		  is_zero(shared_r, size));
	return ok ? 0 : engine_failed(error);
}

/*
 * Curves: the key that wraps
 */

static const EVP_MD *kdf_digest(enum openpgp_hash hash)
{
	switch (hash) {
	case OPENPGP_SHA256:
		return openssl_digest(OPENSSL_SHA256);
	case OPENPGP_SHA384:
		return openssl_digest(OPENSSL_SHA384);
	case OPENPGP_SHA512:
		return openssl_digest(OPENSSL_SHA512);
	}
	return NULL;
}

/* RFC 9580 section 11.5: "MB = Hash ( 00 || 00 || 00 || 01 || ZB || Param )",
   of which the leftmost octets are taken */
static int
kek_ecdh(const struct openpgp_recipient *recipient, const uint8_t *shared,
	 uint8_t *kek_r, size_t *size_r, struct seal_error *error)
{
	static const uint8_t counter[] = { 0, 0, 0, 1 };
	const struct openpgp_key *fields = &recipient->fields;
	const uint8_t oid_size = fields->oid.size;
	const uint8_t kdf[] = {
		OPENPGP_ECDH, 3, 1, fields->kdf_hash, fields->kdf_cipher
	};
	static const char sender[] = "Anonymous Sender    ";
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool ok = hash != NULL &&
		EVP_DigestInit_ex(hash, kdf_digest(fields->kdf_hash),
				  NULL) == 1 &&
		EVP_DigestUpdate(hash, counter, sizeof(counter)) == 1 &&
		EVP_DigestUpdate(hash, shared,
				 openpgp_curve_size(fields->curve)) == 1 &&
		EVP_DigestUpdate(hash, &oid_size, 1) == 1 &&
		EVP_DigestUpdate(hash, fields->oid.data, oid_size) == 1 &&
		EVP_DigestUpdate(hash, kdf, sizeof(kdf)) == 1 &&
		EVP_DigestUpdate(hash, sender, sizeof(sender) - 1) == 1 &&
		EVP_DigestUpdate(hash, recipient->fingerprint,
				 sizeof(recipient->fingerprint)) == 1 &&
		EVP_DigestFinal_ex(hash, digest, NULL) == 1;

	EVP_MD_CTX_free(hash);
	*size_r = openpgp_cipher_key_size(fields->kdf_cipher);
	if (ok)
		memcpy(kek_r, digest, *size_r);
	OPENSSL_cleanse(digest, sizeof(digest));
	return ok ? 0 : engine_failed(error);
}

/* RFC 9580 sections 5.1.6 and 5.1.7: HKDF without salt, of both public keys and
   the secret */
static int
kek_native(const struct openpgp_recipient *recipient, const uint8_t *shared,
	   const uint8_t *ephemeral, uint8_t *kek_r, size_t *size_r,
	   struct seal_error *error)
{
	const bool x25519 = recipient->fields.algorithm == OPENPGP_X25519;
	const size_t size = openpgp_curve_size(recipient->fields.curve);
	char *info = x25519 ? "OpenPGP X25519" : "OpenPGP X448";
	uint8_t input[3 * OPENPGP_SHARED_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
			x25519 ? "SHA256" : "SHA512", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, input,
						  3 * size),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
						  strlen(info)),
		OSSL_PARAM_construct_end()
	};
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
	bool ok;

	memcpy(input, ephemeral, size);
	memcpy(input + size, recipient->fields.point.data, size);
	memcpy(input + 2 * size, shared, size);
	*size_r = x25519 ? 16 : 32;
	ok = context != NULL &&
		EVP_KDF_derive(context, kek_r, *size_r, params) == 1;
	OPENSSL_cleanse(input, sizeof(input));
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(hkdf);
	return ok ? 0 : engine_failed(error);
}

int openpgp_kek(const struct openpgp_recipient *recipient,
		const uint8_t *shared, const uint8_t *ephemeral,
		uint8_t *kek_r, size_t *size_r, struct seal_error *error)
{
	return recipient->fields.algorithm == OPENPGP_ECDH ?
		kek_ecdh(recipient, shared, kek_r, size_r, error) :
		kek_native(recipient, shared, ephemeral, kek_r, size_r, error);
}

/* RFC 3394 section 2.2.1. out_r has 8 bytes more than data. */
static int
wrap(const uint8_t *kek, size_t kek_size, const uint8_t *data, size_t size,
     uint8_t *out_r, struct seal_error *error)
{
	const EVP_CIPHER *cipher =
		openssl_cipher(kek_size == 16 ? OPENSSL_AES128_WRAP :
			       kek_size == 24 ? OPENSSL_AES192_WRAP :
			       OPENSSL_AES256_WRAP);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int out_size = 0;
	bool ok;

	if (context == NULL)
		return engine_failed(error);
	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = EVP_EncryptInit_ex(context, cipher, NULL, kek, NULL) == 1 &&
		EVP_EncryptUpdate(context, out_r, &out_size, data, size) == 1 &&
		(size_t)out_size == size + 8;
	EVP_CIPHER_CTX_free(context);
	return ok ? 0 : engine_failed(error);
}

/*
 * Curves: the packet
 */

/* RFC 9580 section 5.1.5: the ephemeral point, as its curve writes points
   (section 11.2), and the wrapped key behind its size */
static void
append_ecdh(const struct openpgp_recipient *recipient, const uint8_t *point,
	    size_t point_size, const uint8_t *wrapped, uint8_t wrapped_size,
	    GByteArray *out)
{
	uint8_t prefixed[1 + OPENPGP_SHARED_MAX] = { 0x40 };

	if (is_native(recipient->fields.curve)) {
		memcpy(prefixed + 1, point, point_size);
		append_number(out, prefixed, 1 + point_size);
	} else {
		append_number(out, point, point_size);
	}
	g_byte_array_append(out, &wrapped_size, 1);
	g_byte_array_append(out, wrapped, wrapped_size);
}

/* RFC 9580 sections 5.1.6 and 5.1.7: the ephemeral key, the size of what
   follows, the algorithm that version 3 tells, and the wrapped key */
static void
append_native(const uint8_t *point, size_t point_size, const uint8_t *wrapped,
	      uint8_t wrapped_size, GByteArray *out)
{
	const uint8_t start[] = { 1 + wrapped_size, OPENPGP_AES256 };

	g_byte_array_append(out, point, point_size);
	g_byte_array_append(out, start, sizeof(start));
	g_byte_array_append(out, wrapped, wrapped_size);
}

/* Public keys: 4, x, y; or the native form. Returns 0 if that failed. */
static size_t key_point(EVP_PKEY *key, uint8_t *point_r)
{
	size_t size = 0;

	return EVP_PKEY_get_octet_string_param(key,
		OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point_r, POINT_MAX,
		&size) == 1 ? size : 0;
}

int openpgp_append_curve(const struct openpgp_recipient *recipient,
			 EVP_PKEY *ephemeral, const uint8_t *session_key,
			 size_t session_key_size, GByteArray *out,
			 struct seal_error *error)
{
	uint8_t point[POINT_MAX], shared[OPENPGP_SHARED_MAX];
	uint8_t kek[OPENPGP_KEK_MAX], wrapped[WRAPPED_MAX];
	const size_t point_size = key_point(ephemeral, point);
	size_t kek_size = 0;
	int ret;

	if (point_size != recipient->fields.point.size ||
	    session_key_size > PADDED_SIZE)
		return engine_failed(error);
	ret = derive_shared(recipient, ephemeral, shared, error);
	if (ret == 0) {
		ret = openpgp_kek(recipient, shared, point, kek, &kek_size,
				  error);
	}
	OPENSSL_cleanse(shared, sizeof(shared));
	if (ret == 0) {
		ret = wrap(kek, kek_size, session_key, session_key_size,
			   wrapped, error);
	}
	OPENSSL_cleanse(kek, sizeof(kek));
	if (ret < 0)
		return -1;
	if (recipient->fields.algorithm == OPENPGP_ECDH) {
		append_ecdh(recipient, point, point_size, wrapped,
			    session_key_size + 8, out);
	} else {
		append_native(point, point_size, wrapped,
			      session_key_size + 8, out);
	}
	return 0;
}

/* ECDH wraps what RSA encrypts, padded; X25519 and X448 the bare key. */
static int
append_curve(const struct openpgp_recipient *recipient,
	     const uint8_t *session_key, GByteArray *out,
	     struct seal_error *error)
{
	EVP_PKEY *ephemeral = ephemeral_new(recipient, error);
	uint8_t padded[PADDED_SIZE];
	int ret;

	if (ephemeral == NULL)
		return -1;
	if (recipient->fields.algorithm == OPENPGP_ECDH) {
		session_key_check(session_key, padded);
		ret = openpgp_append_curve(recipient, ephemeral, padded,
					   PADDED_SIZE, out, error);
		OPENSSL_cleanse(padded, sizeof(padded));
	} else {
		ret = openpgp_append_curve(recipient, ephemeral, session_key,
					   OPENPGP_SESSION_KEY_SIZE, out,
					   error);
	}
	EVP_PKEY_free(ephemeral);
	return ret;
}

int openpgp_recipient_append(const struct openpgp_recipient *recipient,
			     const uint8_t *session_key, GByteArray *out,
			     struct seal_error *error)
{
	GByteArray *body = g_byte_array_new();
	uint8_t start[10] = { 3 }, header[6] = { 0xc0 | OPENPGP_PKESK };
	int ret;

	for (int i = 0; i < 8; i++)
		start[1 + i] = recipient->id >> (56 - 8 * i);
	start[9] = recipient->fields.algorithm;
	g_byte_array_append(body, start, sizeof(start));
	ret = recipient->fields.modulus.size > 0 ?
		append_rsa(recipient, session_key, body, error) :
		append_curve(recipient, session_key, body, error);
	if (ret == 0) {
		g_byte_array_append(out, header, 1 +
			openpgp_length_write(header + 1, body->len));
		g_byte_array_append(out, body->data, body->len);
	}
	g_byte_array_unref(body);
	return ret;
}
