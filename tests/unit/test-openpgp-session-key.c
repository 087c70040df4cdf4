/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Session key packets for X25519 and X448, which not every gpg can open: by an
   own way back, and RFC 9580's test vector. */

#include "format/openpgp-packet.h"
#include "openssl/openpgp-recipient.h"
#include "openssl/openssl-common.h"
#include "test-lib.h"
#include "test-openpgp-lib.h"
#include "test-openpgp-seal.h"

/* An own way from packet to session key */
static void
open_native(const uint8_t *packet, EVP_PKEY *secret, const uint8_t *public_key,
	    size_t size, const char *digest, const char *info,
	    size_t kek_size, uint8_t *session_key_r)
{
	EVP_PKEY *ephemeral = EVP_PKEY_new_raw_public_key_ex(NULL,
		size == 32 ? "X25519" : "X448", NULL, packet, size);
	EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(secret, NULL);
	EVP_PKEY_CTX *hkdf = EVP_PKEY_CTX_new_from_name(NULL, "HKDF", NULL);
	EVP_CIPHER_CTX *unwrap = EVP_CIPHER_CTX_new();
	uint8_t shared[56], input[3 * 56], kek[32], opened[40];
	size_t shared_size = sizeof(shared);
	int opened_size;

	assert_int_equal(EVP_PKEY_derive_init(derive), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(derive, ephemeral), 1);
	assert_int_equal(EVP_PKEY_derive(derive, shared, &shared_size), 1);
	assert_int_equal(shared_size, size);
	memcpy(input, packet, size);
	memcpy(input + size, public_key, size);
	memcpy(input + 2 * size, shared, size);
	assert_int_equal(EVP_PKEY_derive_init(hkdf), 1);
	assert_int_equal(EVP_PKEY_CTX_ctrl_str(hkdf, "digest", digest), 1);
	assert_int_equal(EVP_PKEY_CTX_ctrl_str(hkdf, "info", info), 1);
	{
		GString *hex = g_string_new(NULL);

		for (size_t i = 0; i < 3 * size; i++)
			g_string_append_printf(hex, "%02x", input[i]);
		assert_int_equal(EVP_PKEY_CTX_ctrl_str(hkdf, "hexkey",
						       hex->str), 1);
		g_string_free(hex, TRUE);
	}
	assert_int_equal(EVP_PKEY_derive(hkdf, kek, &kek_size), 1);
	EVP_CIPHER_CTX_set_flags(unwrap, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	assert_int_equal(EVP_DecryptInit_ex(unwrap, kek_size == 16 ?
		EVP_aes_128_wrap() : EVP_aes_256_wrap(), NULL, kek, NULL), 1);
	/* size, algorithm, wrapped key */
	assert_int_equal(packet[size], 41);
	assert_int_equal(packet[size + 1], 9);
	assert_int_equal(EVP_DecryptUpdate(unwrap, opened, &opened_size,
					   packet + size + 2, 40), 1);
	assert_int_equal(opened_size, 32);
	memcpy(session_key_r, opened, 32);
	EVP_CIPHER_CTX_free(unwrap);
	EVP_PKEY_CTX_free(derive);
	EVP_PKEY_CTX_free(hkdf);
	EVP_PKEY_free(ephemeral);
}

/* The session key is what the random source gave first, and opens the
   container: version, then CFB over the prefix. */
static void
check_container(const uint8_t *container, const uint8_t *session_key)
{
	static const uint8_t iv[16];
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t prefix[18];
	int size;

	assert_memory_equal(session_key, random_given->data, 32);
	EVP_DecryptInit_ex(cipher, EVP_aes_256_cfb128(), NULL, session_key, iv);
	EVP_DecryptUpdate(cipher, prefix, &size, container + 3, 18);
	assert_memory_equal(prefix, random_given->data + random_given->len - 16,
			    16);
	assert_memory_equal(prefix + 16, prefix + 14, 2);
	EVP_CIPHER_CTX_free(cipher);
}

static void test_native(void **state G_GNUC_UNUSED)
{
	static const struct {
		const char *name;
		uint8_t algorithm;
		size_t size;
		const char *digest, *info;
		size_t kek_size;
	} tests[] = {
		{ "X25519", 25, 32, "SHA256", "OpenPGP X25519", 16 },
		{ "X448", 26, 56, "SHA512", "OpenPGP X448", 32 }
	};

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		EVP_PKEY *secret = EVP_PKEY_Q_keygen(NULL, NULL,
						     tests[i].name);
		uint8_t packet[6 + 56] = { 4, 0, 0, 0, 1, tests[i].algorithm };
		size_t size = tests[i].size, offset = 0;
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		struct certificate *recipient;
		uint8_t session_key[32];
		GByteArray *message;
		uint64_t id;

		EVP_PKEY_get_raw_public_key(secret, packet + 6, &size);
		recipient = test_openpgp_key(packet, 6 + size);
		message = seal_to(&recipient, 1, "hello", 5, 5, &error);
		assert_string_equal(error.text, "");
		open_native(message->data + 2 + 10, secret, packet + 6, size,
			    tests[i].digest, tests[i].info, tests[i].kek_size,
			    session_key);
		assert_true(openpgp_message_next_recipient(
			message->data, message->len, &offset, &id));
		check_container(message->data + offset, session_key);
		g_byte_array_unref(message);
		certificate_unref(recipient);
		EVP_PKEY_free(secret);
	}
}

static void from_hex(const char *hex, uint8_t *out)
{
	for (; *hex != '\0'; hex += 2) {
		*out++ = g_ascii_xdigit_value(hex[0]) << 4 |
			g_ascii_xdigit_value(hex[1]);
	}
}

/* RFC 9580 appendix A.8: the session key packet's ephemeral key, session key
   and wrapped session key, for the recipient of appendix A.4. The secret that
   they share follows from the recipient's secret key. */
static void test_known_answer(void **state G_GNUC_UNUSED)
{
	uint8_t packet[6 + 32] = { 4, 0, 0, 0, 1, 25 };
	uint8_t secret[32], ephemeral[32], session_key[16], wrapped[24];
	uint8_t shared[32], kek[OPENPGP_KEK_MAX], got[24];
	size_t size = sizeof(shared), kek_size;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	EVP_CIPHER_CTX *wrap = EVP_CIPHER_CTX_new();
	struct certificate *recipient;
	EVP_PKEY *our, *their;
	EVP_PKEY_CTX *derive;
	int got_size;

	from_hex("8693248367f9e5015db922f8f48095dd"
		 "a784987f2d5985b12fbad16caf5e4435", packet + 6);
	from_hex("4d600a4f794d44775c57a26e0feefed5"
		 "58e9afffd6ad0d582d57fb2ba2dcedb8", secret);
	from_hex("87cf18d5f1b53f817cce5a004cf393cc"
		 "8958bddc065f25f84af509b17dd36764", ephemeral);
	from_hex("dd708f6fa1ed65114d68d2343e7c2f1d", session_key);
	from_hex("dea355437956617901e06957fbca8a6a47a5b5153e8d3ab7", wrapped);
	our = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, secret, 32);
	their = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, ephemeral,
					       32);
	derive = EVP_PKEY_CTX_new(our, NULL);
	assert_int_equal(EVP_PKEY_derive_init(derive), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(derive, their), 1);
	assert_int_equal(EVP_PKEY_derive(derive, shared, &size), 1);

	recipient = test_openpgp_key(packet, sizeof(packet));
	assert_int_equal(openpgp_kek(openpgp_recipient_get(recipient, TEST_NOW,
							   &error),
				     shared, ephemeral, kek, &kek_size,
				     &error), 0);
	assert_int_equal(kek_size, 16);
	EVP_CIPHER_CTX_set_flags(wrap, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	EVP_EncryptInit_ex(wrap, EVP_aes_128_wrap(), NULL, kek, NULL);
	EVP_EncryptUpdate(wrap, got, &got_size, session_key, 16);
	assert_bytes(got, got_size, wrapped, sizeof(wrapped));
	EVP_CIPHER_CTX_free(wrap);
	EVP_PKEY_CTX_free(derive);
	EVP_PKEY_free(our);
	EVP_PKEY_free(their);
	certificate_unref(recipient);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_known_answer)
	};

	openssl_begin();
	return cmocka_run_group_tests_name("openpgp-session-key", all, NULL,
					   NULL);
}
