/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Session key packets on curves against published answers: secrets that two
   keys share (RFC 7748, RFC 5903, RFC 7027), with the rest of the way back by
   other means than the engine's: GLib's digests and a key unwrapping of our
   own, which RFC 3394's and RFC 5869's answers are for.

   MAIL_SEAL_VECTORS is a file of more: "CURVE valid|invalid|acceptable PUBLIC
   PRIVATE SHARED" on each line, in hexadecimal, "-" for nothing, and CURVE as
   enum openpgp_curve counts. */

#include "engine.h"
#include "openssl/openpgp-recipient.h"
#include "openssl/openssl-common.h"
#include "test-lib.h"
#include "test-openpgp-lib.h"
#include "test-openpgp-seal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <stdlib.h>

#define SESSION_KEY "a session key of thirty-two byte"
/* Octets of what ECDH wraps here; it doesn't look at them. */
#define PADDED_SIZE 40

static GByteArray *from_hex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; g_ascii_isxdigit(*hex); hex += 2) {
		uint8_t byte = g_ascii_xdigit_value(hex[0]) << 4 |
			g_ascii_xdigit_value(hex[1]);

		g_byte_array_append(bytes, &byte, 1);
	}
	return bytes;
}

/*
 * The way back
 */

static void
aes_decrypt_block(const uint8_t *key, size_t key_size, uint8_t *block)
{
	const EVP_CIPHER *cipher = key_size == 16 ? EVP_aes_128_ecb() :
		key_size == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int size;

	assert_int_equal(EVP_DecryptInit_ex(context, cipher, NULL, key, NULL),
			 1);
	EVP_CIPHER_CTX_set_padding(context, 0);
	assert_int_equal(EVP_DecryptUpdate(context, block, &size, block, 16),
			 1);
	assert_int_equal(size, 16);
	EVP_CIPHER_CTX_free(context);
}

/* RFC 3394 section 2.2.2, in its words: C, A, B, R. Returns the key data. */
static GByteArray *
unwrap(const uint8_t *kek, size_t kek_size, const uint8_t *c, size_t size)
{
	const size_t n = size / 8 - 1;
	GByteArray *r = g_byte_array_new();
	uint8_t b[16];

	assert_int_equal(size % 8, 0);
	memcpy(b, c, 8);
	g_byte_array_append(r, c + 8, size - 8);
	for (int j = 5; j >= 0; j--) {
		for (size_t i = n; i >= 1; i--) {
			/* fewer than 256 steps */
			b[7] ^= n * j + i;
			memcpy(b + 8, r->data + (i - 1) * 8, 8);
			aes_decrypt_block(kek, kek_size, b);
			memcpy(r->data + (i - 1) * 8, b + 8, 8);
		}
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(b[i], 0xa6);
	return r;
}

/* RFC 5869 without salt; up to one block */
static void
hkdf(GChecksumType type, const uint8_t *input, size_t input_size,
     const char *info, uint8_t *out, size_t size)
{
	static const uint8_t zero[64], one = 1;
	gsize digest_size = g_checksum_type_get_length(type);
	uint8_t prk[64], block[64];
	GHmac *hmac = g_hmac_new(type, zero, digest_size);

	g_hmac_update(hmac, input, input_size);
	g_hmac_get_digest(hmac, prk, &digest_size);
	g_hmac_unref(hmac);
	hmac = g_hmac_new(type, prk, digest_size);
	g_hmac_update(hmac, (const guchar *)info, strlen(info));
	g_hmac_update(hmac, &one, 1);
	g_hmac_get_digest(hmac, block, &digest_size);
	g_hmac_unref(hmac);
	assert_true(size <= digest_size);
	memcpy(out, block, size);
}

static void test_unwrap(void **state G_GNUC_UNUSED)
{
	/* RFC 3394 sections 4.1 to 4.6: these many octets of key and data */
	static const struct {
		size_t kek_size, size;
		const char *wrapped;
	} tests[] = {
		{ 16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5" },
		{ 24, 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d" },
		{ 32, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7" },
		{ 24, 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814"
		  "915c6762d2" },
		{ 32, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d1"
		  "7d6b254da1" },
		{ 32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0"
		  "e71a99f43bfb988b9b7a02dd21" }
	};
	GByteArray *data = from_hex("00112233445566778899aabbccddeeff"
				    "000102030405060708090a0b0c0d0e0f");
	uint8_t kek[32];

	for (int i = 0; i < 32; i++)
		kek[i] = i;
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		GByteArray *wrapped = from_hex(tests[i].wrapped);
		GByteArray *got = unwrap(kek, tests[i].kek_size, wrapped->data,
					 wrapped->len);

		assert_bytes(got->data, got->len, data->data, tests[i].size);
		g_byte_array_unref(got);
		g_byte_array_unref(wrapped);
	}
	g_byte_array_unref(data);
}

/* RFC 5869 appendix A.3: neither salt nor info */
static void test_hkdf(void **state G_GNUC_UNUSED)
{
	GByteArray *expected = from_hex("8da4e775a563c18f715f802a063c5a31"
					"b8a11f5c5ee1879ec3454e5f3c738d2d");
	uint8_t input[22], out[32];

	memset(input, 0x0b, sizeof(input));
	hkdf(G_CHECKSUM_SHA256, input, sizeof(input), "", out, sizeof(out));
	assert_bytes(out, sizeof(out), expected->data, expected->len);
	g_byte_array_unref(expected);
}

/*
 * Keys
 */

static const struct {
	/* as libcrypto calls it, and its identifier in DER with its size */
	const char *name, *oid;
} curves[] = {
	[OPENPGP_CURVE25519] = { "X25519", "0a2b060104019755010501" },
	[OPENPGP_CURVE448] = { "X448", NULL },
	[OPENPGP_NIST_P256] = { "P-256", "082a8648ce3d030107" },
	[OPENPGP_NIST_P384] = { "P-384", "052b81040022" },
	[OPENPGP_NIST_P521] = { "P-521", "052b81040023" },
	[OPENPGP_BRAINPOOL_P256] = { "brainpoolP256r1",
				     "092b2403030208010107" },
	[OPENPGP_BRAINPOOL_P384] = { "brainpoolP384r1",
				     "092b240303020801010b" },
	[OPENPGP_BRAINPOOL_P512] = { "brainpoolP512r1",
				     "092b240303020801010d" }
};

static bool is_native(enum openpgp_curve curve)
{
	return curve == OPENPGP_CURVE25519 || curve == OPENPGP_CURVE448;
}

/* A point that isn't native, for this secret; 4, x, y */
static GByteArray *
point_of(enum openpgp_curve curve, const BIGNUM *secret)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(
		OBJ_sn2nid(curve == OPENPGP_NIST_P256 ? "prime256v1" :
			   curve == OPENPGP_NIST_P384 ? "secp384r1" :
			   curve == OPENPGP_NIST_P521 ? "secp521r1" :
			   curves[curve].name));
	EC_POINT *point = EC_POINT_new(group);
	GByteArray *out = g_byte_array_new();
	uint8_t octets[1 + 2 * OPENPGP_SHARED_MAX];

	assert_int_equal(EC_POINT_mul(group, point, secret, NULL, NULL, NULL),
			 1);
	g_byte_array_append(out, octets, EC_POINT_point2oct(group, point,
		POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets), NULL));
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return out;
}

static EVP_PKEY *secret_key(enum openpgp_curve curve, const GByteArray *secret)
{
	BIGNUM *number = BN_bin2bn(secret->data, secret->len, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context;
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;
	GByteArray *point;

	if (is_native(curve)) {
		key = EVP_PKEY_new_raw_private_key_ex(NULL, curves[curve].name,
			NULL, secret->data, secret->len);
	} else {
		point = point_of(curve, number);
		OSSL_PARAM_BLD_push_utf8_string(builder,
			OSSL_PKEY_PARAM_GROUP_NAME, curves[curve].name, 0);
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY,
				       number);
		OSSL_PARAM_BLD_push_octet_string(builder,
			OSSL_PKEY_PARAM_PUB_KEY, point->data, point->len);
		params = OSSL_PARAM_BLD_to_param(builder);
		context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
		assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
		assert_int_equal(EVP_PKEY_fromdata(context, &key,
						   EVP_PKEY_KEYPAIR, params),
				 1);
		EVP_PKEY_CTX_free(context);
		OSSL_PARAM_free(params);
		g_byte_array_unref(point);
	}
	OSSL_PARAM_BLD_free(builder);
	BN_free(number);
	assert_non_null(key);
	return key;
}

static GByteArray *public_point(EVP_PKEY *key)
{
	GByteArray *out = g_byte_array_new();
	uint8_t octets[1 + 2 * OPENPGP_SHARED_MAX];
	size_t size;

	assert_int_equal(EVP_PKEY_get_octet_string_param(key,
		OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, octets, sizeof(octets),
		&size), 1);
	g_byte_array_append(out, octets, size);
	return out;
}

/* The body of a key packet (RFC 9580 section 5.5.2.2): ECDH, or without a KDF
   hash the curve's own algorithm. Without zeros in front a point's first octet
   is 4, or 0x40 for the native form. */
static struct certificate *
certificate_for(enum openpgp_curve curve, const GByteArray *point,
		unsigned int hash, unsigned int cipher)
{
	GByteArray *packet = from_hex("0400000001");
	struct certificate *certificate;
	GByteArray *oid;

	if (hash == 0) {
		g_byte_array_append(packet, curve == OPENPGP_CURVE25519 ?
				    (const guint8 *)"\x19" :
				    (const guint8 *)"\x1a", 1);
		g_byte_array_append(packet, point->data, point->len);
	} else {
		const bool native = is_native(curve);
		const unsigned int bits = point->len == 0 && !native ? 0 :
			point->len * 8 + (native ? 7 : -5);
		const guint8 start[] = { bits >> 8, bits, 0x40 };
		const guint8 kdf[] = { 3, 1, hash, cipher };

		oid = from_hex(curves[curve].oid);
		g_byte_array_append(packet, (const guint8 *)"\x12", 1);
		g_byte_array_append(packet, oid->data, oid->len);
		g_byte_array_append(packet, start, native ? 3 : 2);
		g_byte_array_append(packet, point->data, point->len);
		g_byte_array_append(packet, kdf, sizeof(kdf));
		g_byte_array_unref(oid);
	}
	certificate = test_openpgp_key(packet->data, packet->len);
	g_byte_array_unref(packet);
	return certificate;
}

/*
 * Checking
 */

/* RFC 9580 section 11.5; RFC 6637 section 7. In RFC 9580's words: Param */
static size_t
kek_ecdh(const struct certificate_key *key, const GByteArray *shared,
	 unsigned int hash, unsigned int cipher, const char *oid_hex,
	 uint8_t *kek)
{
	GChecksum *checksum = g_checksum_new(hash == 8 ? G_CHECKSUM_SHA256 :
		hash == 9 ? G_CHECKSUM_SHA384 : G_CHECKSUM_SHA512);
	GByteArray *param = from_hex(oid_hex);
	const guint8 middle[] = { 18, 3, 1, hash, cipher };
	const size_t size = cipher == 7 ? 16 : cipher == 8 ? 24 : 32;
	uint8_t digest[64];
	gsize digest_size = sizeof(digest);

	g_byte_array_append(param, middle, sizeof(middle));
	g_byte_array_append(param, (const guint8 *)"Anonymous Sender    ", 20);
	g_byte_array_append(param, key->fingerprint, 20);
	g_checksum_update(checksum, (const guchar *)"\0\0\0\1", 4);
	g_checksum_update(checksum, shared->data, shared->len);
	g_checksum_update(checksum, param->data, param->len);
	g_checksum_get_digest(checksum, digest, &digest_size);
	memcpy(kek, digest, size);
	g_checksum_free(checksum);
	g_byte_array_unref(param);
	return size;
}

/* RFC 9580 sections 5.1.6 and 5.1.7 */
static size_t
kek_native(enum openpgp_curve curve, const GByteArray *ephemeral,
	   const GByteArray *point, const GByteArray *shared, uint8_t *kek)
{
	const bool x25519 = curve == OPENPGP_CURVE25519;
	GByteArray *input = g_byte_array_new();

	g_byte_array_append(input, ephemeral->data, ephemeral->len);
	g_byte_array_append(input, point->data, point->len);
	g_byte_array_append(input, shared->data, shared->len);
	hkdf(x25519 ? G_CHECKSUM_SHA256 : G_CHECKSUM_SHA512, input->data,
	     input->len, x25519 ? "OpenPGP X25519" : "OpenPGP X448", kek,
	     x25519 ? 16 : 32);
	g_byte_array_unref(input);
	return x25519 ? 16 : 32;
}

/* Takes what openpgp_append_curve() wrote apart (RFC 9580 sections 5.1.5 to
   5.1.7) and unwraps the session key, or what it is given for one. */
static void
check_packet(enum openpgp_curve curve, unsigned int hash, unsigned int cipher,
	     const struct certificate_key *key, const GByteArray *out,
	     const GByteArray *ephemeral, const GByteArray *point,
	     const GByteArray *shared, size_t size)
{
	const uint8_t *next = out->data;
	size_t kek_size;
	GByteArray *got;
	uint8_t kek[32];

	if (hash > 0) {
		const unsigned int bits = next[0] << 8 | next[1];

		assert_int_equal(bits, is_native(curve) ?
				 8 * ephemeral->len + 7 :
				 8 * ephemeral->len - 5);
		next += 2;
		if (is_native(curve))
			assert_int_equal(*next++, 0x40);
	}
	assert_memory_equal(next, ephemeral->data, ephemeral->len);
	next += ephemeral->len;
	if (hash > 0) {
		assert_int_equal(*next++, size + 8);
		kek_size = kek_ecdh(key, shared, hash, cipher,
				    curves[curve].oid, kek);
	} else {
		assert_int_equal(*next++, 1 + size + 8);
		assert_int_equal(*next++, 9);
		kek_size = kek_native(curve, ephemeral, point, shared, kek);
	}
	assert_int_equal(out->data + out->len - next, size + 8);
	got = unwrap(kek, kek_size, next, size + 8);
	assert_bytes(got->data, got->len, SESSION_KEY SESSION_KEY, size);
	g_byte_array_unref(got);
}

/* Seals to the point from this secret. Returns whether that could be done;
   then it must be right. */
static bool
try_curve(enum openpgp_curve curve, unsigned int hash, unsigned int cipher,
	  const GByteArray *point, const GByteArray *secret,
	  const GByteArray *shared)
{
	const size_t size = hash > 0 ? PADDED_SIZE : 32;
	struct certificate *certificate =
		certificate_for(curve, point, hash, cipher);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct openpgp_recipient *recipient =
		openpgp_recipient_get(certificate, TEST_NOW, &error);
	EVP_PKEY *ephemeral = secret_key(curve, secret);
	GByteArray *out = g_byte_array_new(), *own = public_point(ephemeral);
	bool ok = recipient != NULL &&
		openpgp_append_curve(recipient, ephemeral,
				     (const uint8_t *)SESSION_KEY SESSION_KEY,
				     size, out, &error) == 0;

	if (ok) {
		check_packet(curve, hash, cipher, &certificate->keys[0], out,
			     own, point, shared, size);
	} else {
		/* the key's fault, and said so */
		if (error.code != SEAL_ERROR_UNUSABLE_KEY)
			fail_msg("%s", error.text);
		assert_int_equal(out->len, 0);
	}
	g_byte_array_unref(own);
	g_byte_array_unref(out);
	EVP_PKEY_free(ephemeral);
	certificate_unref(certificate);
	return ok;
}

static void
check_shared(enum openpgp_curve curve, const GByteArray *point,
	     const GByteArray *secret, const GByteArray *shared)
{
	if (is_native(curve))
		assert_true(try_curve(curve, 0, 0, point, secret, shared));
	if (curves[curve].oid == NULL)
		return;
	/* SHA-2 of 256, 384, 512 bits; AES of 128, 192, 256 */
	for (unsigned int hash = 8; hash <= 10; hash++) {
		for (unsigned int cipher = 7; cipher <= 9; cipher++) {
			assert_true(try_curve(curve, hash, cipher, point,
					      secret, shared));
		}
	}
}

/* RFC 7748 sections 6.1 and 6.2, RFC 5903 section 8, RFC 7027 appendix A */
static const struct {
	enum openpgp_curve curve;
	/* two secrets, and what they share */
	const char *first, *second, *shared;
} answers[] = {
	{ OPENPGP_CURVE25519,
	  "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	  "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
	{ OPENPGP_CURVE448,
	  "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf5"
	  "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
	  "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d6927c120"
	  "bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",
	  "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56"
	  "fd2464c335543936521c24403085d59a449a5037514a879d" },
	{ OPENPGP_NIST_P256,
	  "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
	  "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
	  "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
	{ OPENPGP_NIST_P384,
	  "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
	  "e35b538041e649ee3faef896783ab194",
	  "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942"
	  "e0308312916b8ed2960e4bd55a7448fc",
	  "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
	  "d603135569b9e9d09cf5d4a270f59746" },
	{ OPENPGP_NIST_P521,
	  "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a0"
	  "95aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d"
	  "4a52",
	  "0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e"
	  "9c677d600b343757a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb15168"
	  "5eb9",
	  "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04"
	  "d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3"
	  "ddea" },
	{ OPENPGP_BRAINPOOL_P256,
	  "81db1ee100150ff2ea338d708271be38300cb54241d79950f77b063039804f1d",
	  "55e40bc41e37e3e2ad25c3c6654511ffa8474a91a0032087593852d3e7d76bd3",
	  "89afc39d41d3b327814b80940b042590f96556ec91e6ae7939bce31f3a18bf2b" },
	{ OPENPGP_BRAINPOOL_P384,
	  "1e20f5e048a5886f1f157c74e91bde2b98c8b52d58e5003d57053fc4b0bd65d6"
	  "f15eb5d1ee1610df870795143627d042",
	  "032640bc6003c59260f7250c3db58ce647f98e1260acce4acda3dd869f74e01f"
	  "8ba5e0324309db6a9831497abac96670",
	  "0bd9d3a7ea0b3d519d09d8e48d0785fb744a6b355e6304bc51c229fbbce239bb"
	  "adf6403715c35d4fb2a5444f575d4f42" },
	{ OPENPGP_BRAINPOOL_P512,
	  "16302ff0dbbb5a8d733dab7141c1b45acbc8715939677f6a56850a38bd87bd59"
	  "b09e80279609ff333eb9d4c061231fb26f92eeb04982a5f1d1764cad57665422",
	  "230e18e1bcc88a362fa54e4ea3902009292f7f8033624fd471b5d8ace49d12cf"
	  "abbc19963dab8e2f1eba00bffb29e4d72d13f2224562f405cb80503666b25429",
	  "a7927098655f1f9976fa50a9d566865dc530331846381c87256baf3226244b76"
	  "d36403c024d7bbf0aa0803eaff405d3d24f11a9b5c0bef679fe1454b21c4cd1f" }
};

static void test_answers(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		const enum openpgp_curve curve = answers[i].curve;
		GByteArray *secrets[] = {
			from_hex(answers[i].first), from_hex(answers[i].second)
		};
		GByteArray *shared = from_hex(answers[i].shared);

		/* both ways */
		for (int ours = 0; ours < 2; ours++) {
			EVP_PKEY *key = secret_key(curve, secrets[!ours]);
			GByteArray *point = public_point(key);

			test_case(curves[curve].name, ours);
			check_shared(curve, point, secrets[ours], shared);
			g_byte_array_unref(point);
			EVP_PKEY_free(key);
		}
		g_byte_array_unref(shared);
		g_byte_array_unref(secrets[0]);
		g_byte_array_unref(secrets[1]);
	}
}

static void check_line(const char *line)
{
	char **words = g_strsplit(line, " ", 5);
	const enum openpgp_curve curve = atoi(words[0]);
	GByteArray *point = from_hex(words[2]), *secret = from_hex(words[3]);
	GByteArray *shared = from_hex(words[4]);
	const bool valid = strcmp(words[1], "valid") == 0;
	const bool invalid = strcmp(words[1], "invalid") == 0;

	if (is_native(curve)) {
		bool ok = try_curve(curve, 0, 0, point, secret, shared);

		if ((valid && !ok) || (invalid && ok))
			fail_msg("%s", line);
	}
	if (curves[curve].oid != NULL) {
		bool ok = try_curve(curve, 8, 7, point, secret, shared);

		if ((valid && !ok) || (invalid && ok))
			fail_msg("%s", line);
	}
	g_byte_array_unref(point);
	g_byte_array_unref(secret);
	g_byte_array_unref(shared);
	g_strfreev(words);
}

static void test_file(void **state G_GNUC_UNUSED)
{
	const char *path = g_getenv("MAIL_SEAL_VECTORS");
	char *content, **lines;
	int count = 0;

	if (path == NULL)
		return;
	assert_true(g_file_get_contents(path, &content, NULL, NULL));
	lines = g_strsplit(content, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		if (**line == '\0')
			continue;
		test_case(*line, count);
		check_line(*line);
		count++;
	}
	print_message("%d\n", count);
	g_strfreev(lines);
	g_free(content);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_unwrap),
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_file)
	};

	openssl_begin();
	return cmocka_run_group_tests_name("openpgp-vectors", all, NULL, NULL);
}
