/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Key packets that are read, that are left to other engines, and that nobody
   may seal to. In the manner of Project Wycheproof: points that aren't on
   their curve, of low order, written otherwise; numbers that make no key. */

#include "engine.h"
#include "format/openpgp-key.h"
#include "openssl/openpgp-engine.h"
#include "openssl/openpgp-recipient.h"
#include "openssl/openssl-common.h"
#include "test-lib.h"
#include "test-openpgp-lib.h"

/* Hexadecimal: version, creation time; then the algorithm */
#define START "0400000001"
#define RSA START "01"
#define ECDH START "12"
#define CURVE25519 ECDH "0a2b060104019755010501"
#define P256 ECDH "082a8648ce3d030107"
#define P384 ECDH "052b81040022"
#define P521 ECDH "052b81040023"
#define BRAINPOOL256 ECDH "092b2403030208010107"
#define KDF "03010807"
/* A number of 263 bits: the prefix of a native point */
#define NATIVE "010740"
/* A number of 515 bits: the prefix of a point on P-256 */
#define POINT256 "020304"

#define ZERO16 "00000000000000000000000000000000"
#define ZERO32 ZERO16 ZERO16
#define ONE32 "01" "000000000000000000000000000000" ZERO16
#define F16 "ffffffffffffffffffffffffffffffff"
#define X32 "8693248367f9e5015db922f8f48095dda784987f2d5985b12fbad16caf5e4435"
/* The generator of P-256, SEC 2 section 2.4.2 */
#define GX "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
/* Numbers of 1024 bits */
#define F64 F16 F16 F16 F16
#define ODD1024 "0400" F64 F64
#define EVEN1024 "0400" F64 F16 F16 F16 "fffffffffffffffffffffffffffffffe"
#define E65537 "0011010001"

static const struct {
	const char *name;
	const char *packet;
	enum openpgp_key_result result;
	/* found by libcrypto only, when it makes the key */
	bool arithmetic;
	/* what the reason has in it */
	const char *reason;
} tests[] = {
	{ "RSA", RSA ODD1024 E65537, OPENPGP_KEY_OK, false, NULL },
	{ "RSA, encrypt only", START "02" ODD1024 E65537, OPENPGP_KEY_OK,
	  false, NULL },
	{ "RSA, zeros in front", RSA "0408" "00" F64 F64 E65537,
	  OPENPGP_KEY_OK, false, NULL },
	{ "RSA, e = 3", RSA ODD1024 "000203", OPENPGP_KEY_OK, false, NULL },
	{ "RSA, sign only", START "03" ODD1024 E65537, OPENPGP_KEY_UNKNOWN,
	  false, "algorithm" },
	{ "RSA, even modulus", RSA EVEN1024 E65537, OPENPGP_KEY_BAD, false,
	  "even" },
	{ "RSA, modulus of zero", RSA "0000" E65537, OPENPGP_KEY_BAD, false,
	  "too small" },
	{ "RSA, tiny modulus", RSA "0200" F64 E65537, OPENPGP_KEY_BAD, false,
	  "too small" },
	{ "RSA, tiny modulus behind zeros", RSA "0400" ZERO32 ZERO32 F64
	  E65537, OPENPGP_KEY_BAD, false, "too small" },
	{ "RSA, e = 0", RSA ODD1024 "0000", OPENPGP_KEY_BAD, false,
	  "exponent" },
	{ "RSA, e = 1", RSA ODD1024 "000101", OPENPGP_KEY_BAD, false,
	  "exponent" },
	{ "RSA, e = 2", RSA ODD1024 "000202", OPENPGP_KEY_BAD, false,
	  "exponent" },
	{ "RSA, even e", RSA ODD1024 "0011010002", OPENPGP_KEY_BAD, false,
	  "exponent" },
	{ "RSA, e = n", RSA ODD1024 ODD1024, OPENPGP_KEY_BAD, false,
	  "exponent" },
	{ "RSA, cut in the modulus", RSA "0400" F64, OPENPGP_KEY_BAD, false,
	  "cut off" },
	{ "RSA, no exponent", RSA ODD1024, OPENPGP_KEY_BAD, false,
	  "cut off" },
	{ "RSA, more behind", RSA ODD1024 E65537 "00", OPENPGP_KEY_BAD, false,
	  "more in its packet" },

	{ "Curve25519", CURVE25519 NATIVE X32 KDF, OPENPGP_KEY_OK, false,
	  NULL },
	{ "Curve25519, SHA-512 and AES-256", CURVE25519 NATIVE X32 "03010a09",
	  OPENPGP_KEY_OK, false, NULL },
	{ "Curve25519, highest bit", CURVE25519 NATIVE
	  F16 F16 KDF, OPENPGP_KEY_OK, false, NULL },
	{ "Curve25519, no prefix", CURVE25519 "0100" X32 KDF,
	  OPENPGP_KEY_BAD, false, "0x40" },
	{ "Curve25519, prefix of another form", CURVE25519 "010341" X32 KDF,
	  OPENPGP_KEY_BAD, false, "0x40" },
	{ "Curve25519, too short", CURVE25519 "00ff40" ZERO16
	  "000000000000000000000000000000" KDF, OPENPGP_KEY_BAD, false,
	  "0x40" },
	{ "Curve25519, too long", CURVE25519 "010f40" X32 "00" KDF,
	  OPENPGP_KEY_BAD, false, "0x40" },
	{ "Curve25519, no point", CURVE25519 "0000" KDF, OPENPGP_KEY_BAD,
	  false, "0x40" },
	{ "Curve25519, MD5", CURVE25519 NATIVE X32 "03010107",
	  OPENPGP_KEY_BAD, false, "KDF hash" },
	{ "Curve25519, SHA-1", CURVE25519 NATIVE X32 "03010207",
	  OPENPGP_KEY_BAD, false, "KDF hash" },
	{ "Curve25519, SHA-224", CURVE25519 NATIVE X32 "03010b07",
	  OPENPGP_KEY_BAD, false, "KDF hash" },
	{ "Curve25519, 3DES", CURVE25519 NATIVE X32 "03010802",
	  OPENPGP_KEY_BAD, false, "KDF cipher" },
	{ "Curve25519, Twofish", CURVE25519 NATIVE X32 "0301080a",
	  OPENPGP_KEY_BAD, false, "KDF cipher" },
	{ "Curve25519, other KDF", CURVE25519 NATIVE X32 "03020807",
	  OPENPGP_KEY_BAD, false, "KDF parameters" },
	{ "Curve25519, longer KDF", CURVE25519 NATIVE X32 "0401080700",
	  OPENPGP_KEY_BAD, false, "KDF parameters" },
	{ "Curve25519, no KDF", CURVE25519 NATIVE X32, OPENPGP_KEY_BAD, false,
	  "cut off" },
	{ "Curve25519, more behind", CURVE25519 NATIVE X32 KDF "00",
	  OPENPGP_KEY_BAD, false, "more in its packet" },

	{ "X25519", START "19" X32, OPENPGP_KEY_OK, false, NULL },
	{ "X25519, short", START "19" ZERO16, OPENPGP_KEY_BAD, false,
	  "cut off" },
	{ "X25519, long", START "19" X32 "00", OPENPGP_KEY_BAD, false,
	  "more in its packet" },
	{ "X448, short", START "1a" X32, OPENPGP_KEY_BAD, false, "cut off" },

	{ "P-256", P256 POINT256 GX GY KDF, OPENPGP_KEY_OK, false, NULL },
	{ "P-256, not on the curve", P256 POINT256 GX GX KDF, OPENPGP_KEY_OK,
	  true, "on the curve" },
	{ "P-256, (0, 0)", P256 POINT256 ZERO32 ZERO32 KDF, OPENPGP_KEY_OK,
	  true, "on the curve" },
	{ "P-256, beyond the field", P256 POINT256 F16 F16 GY KDF,
	  OPENPGP_KEY_OK, true, "on the curve" },
	{ "P-256, at infinity", P256 "0000" KDF, OPENPGP_KEY_BAD, false,
	  "0x04" },
	{ "P-256, at infinity, an octet", P256 "000800" KDF, OPENPGP_KEY_BAD,
	  false, "0x04" },
	{ "P-256, compressed", P256 "010203" GX KDF, OPENPGP_KEY_BAD, false,
	  "0x04" },
	{ "P-256, hybrid", P256 "020307" GX GY KDF, OPENPGP_KEY_BAD, false,
	  "0x04" },
	{ "P-256, x only", P256 "010304" GX KDF, OPENPGP_KEY_BAD, false,
	  "0x04" },
	{ "P-256, too long", P256 "020b04" GX GY "00" KDF, OPENPGP_KEY_BAD,
	  false, "0x04" },
	{ "P-384, of P-256", P384 POINT256 GX GY KDF, OPENPGP_KEY_BAD, false,
	  "0x04" },
	{ "P-521, of P-256", P521 POINT256 GX GY KDF, OPENPGP_KEY_BAD, false,
	  "0x04" },
	{ "Brainpool, of P-256", BRAINPOOL256 POINT256 GX GY KDF,
	  OPENPGP_KEY_OK, true, "on the curve" },

	{ "secp256k1", ECDH "052b8104000a" POINT256 GX GY KDF,
	  OPENPGP_KEY_UNKNOWN, false, "curve" },
	{ "no curve", ECDH "00" POINT256 GX GY KDF, OPENPGP_KEY_UNKNOWN, false,
	  "curve" },
	{ "the curve's start", ECDH "072a8648ce3d0301" POINT256 GX GY KDF,
	  OPENPGP_KEY_UNKNOWN, false, "curve" },
	{ "cut in the curve", ECDH "082a8648", OPENPGP_KEY_BAD, false,
	  "cut off" },
	{ "ElGamal", START "10" ODD1024 "000202" E65537, OPENPGP_KEY_UNKNOWN,
	  false, "algorithm" },
	{ "ElGamal, even p", START "10" EVEN1024 "000202" E65537,
	  OPENPGP_KEY_BAD, false, "ElGamal" },
	{ "ElGamal, p = 0", START "10" "0000" "000202" E65537,
	  OPENPGP_KEY_BAD, false, "ElGamal" },
	{ "ElGamal, g = 1", START "10" ODD1024 "000101" E65537,
	  OPENPGP_KEY_BAD, false, "ElGamal" },
	{ "ElGamal, y = 0", START "10" ODD1024 "000202" "0000",
	  OPENPGP_KEY_BAD, false, "ElGamal" },
	{ "ElGamal, y = 1", START "10" ODD1024 "000202" "000101",
	  OPENPGP_KEY_BAD, false, "ElGamal" },
	{ "ElGamal, y = p - 1", START "10" ODD1024 "000202" EVEN1024,
	  OPENPGP_KEY_BAD, false, "ElGamal" },
	{ "ElGamal, y = p", START "10" ODD1024 "000202" ODD1024,
	  OPENPGP_KEY_BAD, false, "ElGamal" },
	{ "ElGamal, no y", START "10" ODD1024 "000202", OPENPGP_KEY_BAD,
	  false, "cut off" },
	{ "EdDSA", START "16" "00", OPENPGP_KEY_UNKNOWN, false, "algorithm" },
	{ "ML-KEM-768 and X25519", START "23" X32, OPENPGP_KEY_UNKNOWN, false,
	  "algorithm" },
	{ "version 3", "0300000001000001" ODD1024 E65537, OPENPGP_KEY_UNKNOWN,
	  false, "version" },
	{ "version 6", "06000000011900000020" X32, OPENPGP_KEY_UNKNOWN, false,
	  "version" },
	{ "nothing but a start", "04000000", OPENPGP_KEY_BAD, false,
	  "cut off" },
	{ "nothing", "", OPENPGP_KEY_BAD, false, "cut off" }
};

static GByteArray *from_hex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; *hex != '\0'; hex += 2) {
		uint8_t byte = g_ascii_xdigit_value(hex[0]) << 4 |
			g_ascii_xdigit_value(hex[1]);

		g_byte_array_append(bytes, &byte, 1);
	}
	return bytes;
}

static void test_read(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		GByteArray *packet = from_hex(tests[i].packet);
		/* in its own memory, so that valgrind sees its end */
		uint8_t *data = g_memdup2(packet->data, packet->len);
		struct openpgp_key key;
		const char *reason;

		test_case(tests[i].name, i);
		if (openpgp_key_read(data, packet->len, &key, &reason) !=
		    tests[i].result)
			fail_msg("%s: %s", tests[i].name, reason);
		if (tests[i].result != OPENPGP_KEY_OK &&
		    strstr(reason, tests[i].reason) == NULL)
			fail_msg("%s: %s", tests[i].name, reason);
		/* cut anywhere, it is none */
		for (guint size = 0; tests[i].result == OPENPGP_KEY_OK &&
		     size < packet->len; size++) {
			assert_int_equal(openpgp_key_read(data, size, &key,
							  &reason),
					 OPENPGP_KEY_BAD);
		}
		g_free(data);
		g_byte_array_unref(packet);
	}
}

static int
no_output(const void *data G_GNUC_UNUSED, size_t size G_GNUC_UNUSED,
	  void *context G_GNUC_UNUSED, struct seal_error *error G_GNUC_UNUSED)
{
	return 0;
}

static bool seals_to(struct certificate *recipient, struct seal_error *error)
{
	const struct engine *engine = &engine_openpgp_libcrypto;
	const struct engine_params params = {
		.recipients = &recipient, .recipient_count = 1,
		.now = 1000000000, .output = no_output
	};
	struct engine_job *job = engine->start(&params, error);

	if (job == NULL)
		return false;
	engine->free(job);
	return true;
}

/* The engine takes exactly those, and names key and reason. Those that it
   doesn't know it leaves to others. */
static void test_engine(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		GByteArray *packet = from_hex(tests[i].packet);
		struct certificate *recipient =
			test_openpgp_key(packet->data, packet->len);
		const struct engine_params params = { .now = 1000000000 };
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		char id[17];

		test_case(tests[i].name, i);
		g_snprintf(id, sizeof(id), "%016"G_GINT64_MODIFIER"X",
			   recipient->keys[0].id);
		/* without a packet the judge hasn't said which key */
		assert_int_equal(openpgp_libcrypto_can(recipient, &params),
				 packet->len > 0 && tests[i].result != OPENPGP_KEY_UNKNOWN);
		if (tests[i].result == OPENPGP_KEY_OK &&
		    !tests[i].arithmetic) {
			if (!seals_to(recipient, &error))
				fail_msg("%s: %s", tests[i].name, error.text);
		} else {
			assert_false(seals_to(recipient, &error));
			assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
			if (packet->len > 0 &&
			    (strstr(error.text, tests[i].reason) == NULL ||
			     strstr(error.text, id) == NULL))
				fail_msg("%s: %s", tests[i].name, error.text);
		}
		certificate_unref(recipient);
		g_byte_array_unref(packet);
	}
}

/* RFC 7748 section 6.1: all points of Curve25519 whose secret is zero, also
   written beyond the field and with the highest bit, which isn't looked at */
static const char *const low_order[] = {
	ZERO32,
	ONE32,
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	ZERO16 "00000000000000000000000000000080",
	"01" "000000000000000000000000000000" "00000000000000000000000000000080"
};

static void check_low_order(const char *start, const char *point,
			    const char *end)
{
	char *hex = g_strconcat(start, point, end, NULL);
	GByteArray *packet = from_hex(hex);
	struct certificate *recipient =
		test_openpgp_key(packet->data, packet->len);
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	assert_false(seals_to(recipient, &error));
	assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
	assert_non_null(strstr(error.text, "low order"));
	certificate_unref(recipient);
	g_byte_array_unref(packet);
	g_free(hex);
}

static void test_low_order(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(low_order); i++) {
		test_case(low_order[i], i);
		check_low_order(CURVE25519 NATIVE, low_order[i], KDF);
		check_low_order(START "19", low_order[i], "");
	}
	/* Curve448: 0, 1 and -1, RFC 7748 section 6.2 */
	check_low_order(START "1a", ZERO32 ZERO16, "0000000000000000");
	check_low_order(START "1a", ONE32 ZERO16, "0000000000000000");
	check_low_order(START "1a", "fe" "ffffffffffffffffffffffffffffff"
			"ffffffffffffffffffffffff" "fe" "ffffff" F16,
			"ffffffffffffffff");
}

/* A key that can't be encrypted to may not be encrypted to by gpg either. */
static void test_can(void **state G_GNUC_UNUSED)
{
	GByteArray *packet = from_hex(START "19" X32);
	struct certificate *recipient =
		test_openpgp_key(packet->data, packet->len);
	struct engine_params params = { .now = 1000000000 };

	assert_true(openpgp_libcrypto_can(recipient, &params));
	params.compress = true;
	assert_false(openpgp_libcrypto_can(recipient, &params));
	params.compress = false;
	recipient->keys[0].revoked = true;
	assert_false(openpgp_libcrypto_can(recipient, &params));
	recipient->keys[0].revoked = false;
	recipient->keys[0].packet = NULL;
	assert_false(openpgp_libcrypto_can(recipient, &params));
	certificate_unref(recipient);
	g_byte_array_unref(packet);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_engine),
		cmocka_unit_test(test_low_order),
		cmocka_unit_test(test_can)
	};

	openssl_begin();
	return cmocka_run_group_tests_name("openpgp-key", all, NULL, NULL);
}
