/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "certificate/addresses.h"
#include "certificate/certificate.h"
#include "clock.h"
#include "test-lib.h"

#define NOW 1000000

/* A primary key and a subkey; EC and unlimited unless said otherwise */
static const struct {
	const char *name;
	/* NULL: usable */
	const char *reason;
	struct certificate_key keys[3];
	size_t count;
} tests[] = {
#define EC .algorithm = CERTIFICATE_ALGORITHM_EC, .bits = 255
#define RSA(n) .algorithm = CERTIFICATE_ALGORITHM_RSA, .bits = n
	{ "primary and subkey", NULL,
	  {{ EC }, { EC, .can_encrypt = true }}, 2 },
	{ "a primary key that encrypts", NULL,
	  {{ RSA(2048), .can_encrypt = true }}, 1 },
	{ "no subkey", "it has no encryption subkey", {{ EC }}, 1 },
	{ "a signing subkey", "it has no encryption subkey",
	  {{ EC }, { EC }}, 2 },
	{ "expired", "it has expired",
	  {{ EC, .expires = NOW - 1 }, { EC, .can_encrypt = true }}, 2 },
	{ "expires just now", "it has expired",
	  {{ EC, .expires = NOW }, { EC, .can_encrypt = true }}, 2 },
	{ "expires soon", NULL,
	  {{ EC, .expires = NOW + 1 }, { EC, .can_encrypt = true }}, 2 },
	{ "revoked", "it is revoked",
	  {{ EC, .revoked = true }, { EC, .can_encrypt = true }}, 2 },
	{ "from the future", "it is from the future",
	  {{ EC, .created = NOW + SEAL_CLOCK_SKEW_SECS + 1 },
	   { EC, .can_encrypt = true }}, 2 },
	{ "made just now where the clock is ahead", NULL,
	  {{ EC, .created = NOW + SEAL_CLOCK_SKEW_SECS },
	   { EC, .can_encrypt = true,
	     .created = NOW + SEAL_CLOCK_SKEW_SECS }}, 2 },
	{ "invalid", "it is not valid",
	  {{ EC, .invalid = true }, { EC, .can_encrypt = true }}, 2 },
	{ "expired subkey", "its encryption subkey has expired or is revoked",
	  {{ EC }, { EC, .can_encrypt = true, .expires = 1 }}, 2 },
	{ "subkey from the future", "its encryption subkey is from the future",
	  {{ EC }, { EC, .can_encrypt = true,
		     .created = NOW + SEAL_CLOCK_SKEW_SECS + 1 }}, 2 },
	{ "invalid subkey", "its encryption subkey is not valid",
	  {{ EC }, { EC, .can_encrypt = true, .invalid = true }}, 2 },
	{ "unknown subkey", "its encryption subkey's algorithm isn't known to "
	  "this server's GnuPG",
	  {{ EC }, { .algorithm = CERTIFICATE_ALGORITHM_UNKNOWN,
		     .can_encrypt = true, .invalid = true }}, 2 },
	{ "an unknown and a good subkey", NULL,
	  {{ EC }, { .algorithm = CERTIFICATE_ALGORITHM_UNKNOWN,
		     .can_encrypt = true, .invalid = true },
	   { EC, .can_encrypt = true }}, 3 },
	{ "unknown primary key",
	  "its algorithm isn't known to this server's GnuPG",
	  {{ .algorithm = CERTIFICATE_ALGORITHM_UNKNOWN },
	   { EC, .can_encrypt = true }}, 2 },
	{ "revoked subkey", "its encryption subkey has expired or is revoked",
	  {{ EC }, { EC, .can_encrypt = true, .revoked = true }}, 2 },
	{ "an expired and a good subkey", NULL,
	  {{ EC }, { EC, .can_encrypt = true, .expires = 1 },
	   { EC, .can_encrypt = true }}, 3 },
	{ "weak", "it is too weak",
	  {{ RSA(2047) }, { RSA(4096), .can_encrypt = true }}, 2 },
	{ "weak subkey", "its encryption subkey is too weak",
	  {{ RSA(4096) }, { RSA(1024), .can_encrypt = true }}, 2 },
	{ "weak but expired subkey", NULL,
	  {{ RSA(4096) }, { RSA(1024), .can_encrypt = true, .expires = 1 },
	   { RSA(2048), .can_encrypt = true }}, 3 },
	{ "weak signing subkey", NULL,
	  {{ RSA(4096) }, { RSA(1024) },
	   { RSA(2048), .can_encrypt = true }}, 3 },
	{ "DSA", "it is too weak",
	  {{ .algorithm = CERTIFICATE_ALGORITHM_DSA, .bits = 1024 },
	   { .algorithm = CERTIFICATE_ALGORITHM_ELGAMAL, .bits = 2048,
	     .can_encrypt = true }}, 2 },
	{ "ElGamal", "its encryption subkey is too weak",
	  {{ .algorithm = CERTIFICATE_ALGORITHM_DSA, .bits = 2048 },
	   { .algorithm = CERTIFICATE_ALGORITHM_ELGAMAL, .bits = 1024,
	     .can_encrypt = true }}, 2 }
};

static void test_usable(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		struct certificate certificate = {
			.keys = (struct certificate_key *)tests[i].keys,
			.key_count = tests[i].count
		};
		const char *reason = NULL;
		bool usable = certificate_is_usable(&certificate, NOW, 2048,
						    &reason);

		test_case(tests[i].name, i);
		if (usable != (tests[i].reason == NULL))
			fail_msg("%s: %s", tests[i].name,
				 usable ? "usable" : reason);
		if (!usable)
			assert_string_equal(reason, tests[i].reason);
	}
}

/* Which of the keys is chosen; test-judge asks gpg the same of real ones. */
static const struct {
	const char *name;
	/* -1: none */
	int chosen;
	struct certificate_key keys[4];
	size_t count;
} choice_tests[] = {
#define OLD(n) EC, .can_encrypt = true, .created = n
	{ "the newest", 2, {{ EC }, { OLD(1) }, { OLD(2) }}, 3 },
	{ "the newest, first", 1, {{ EC }, { OLD(2) }, { OLD(1) }}, 3 },
	{ "of two of the same second the first", 1,
	  {{ EC }, { OLD(2) }, { OLD(2) }}, 3 },
	{ "not the primary key", 1, {{ OLD(9) }, { OLD(2) }}, 2 },
	{ "the primary key", 0, {{ OLD(9) }, { EC }}, 2 },
	{ "the primary key, as the subkey has expired", 0,
	  {{ OLD(1) }, { OLD(2), .expires = NOW }}, 2 },
	{ "not one that has expired", 1,
	  {{ EC }, { OLD(1) }, { OLD(2), .expires = NOW }}, 3 },
	{ "one that is about to expire", 2,
	  {{ EC }, { OLD(1) }, { OLD(2), .expires = NOW + 1 }}, 3 },
	{ "not one that is revoked", 1,
	  {{ EC }, { OLD(1) }, { OLD(2), .revoked = true }}, 3 },
	{ "not one that isn't valid", 1,
	  {{ EC }, { OLD(1) }, { OLD(2), .invalid = true }}, 3 },
	{ "not one from the future", 1,
	  {{ EC }, { OLD(1) }, { OLD(NOW + SEAL_CLOCK_SKEW_SECS + 1) }}, 3 },
	{ "one from just now where the clock is ahead", 2,
	  {{ EC }, { OLD(1) }, { OLD(NOW + SEAL_CLOCK_SKEW_SECS) }}, 3 },
	{ "one from just now", 2, {{ EC }, { OLD(1) }, { OLD(NOW) }}, 3 },
	{ "not one for signatures", 1,
	  {{ EC }, { OLD(1) }, { EC, .created = 2 }}, 3 },
	{ "none", -1, {{ EC }, { EC }}, 2 },
	{ "none of a certificate that is revoked", -1,
	  {{ EC, .revoked = true }, { OLD(1) }}, 2 },
	{ "none of one that has expired", -1,
	  {{ EC, .expires = NOW }, { OLD(1) }}, 2 }
};

static void test_choice(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(choice_tests); i++) {
		struct certificate certificate = {
			.keys = (struct certificate_key *)choice_tests[i].keys,
			.key_count = choice_tests[i].count
		};
		const struct certificate_key *key =
			certificate_encryption_key(&certificate, NOW);
		int chosen = key == NULL ? -1 :
			(int)(key - certificate.keys);

		if (chosen != choice_tests[i].chosen)
			fail_msg("%s: %d", choice_tests[i].name, chosen);
	}
}

/* The last of the keys that can encrypt, but not after the primary key */
static const struct {
	const char *name;
	time_t expires;
	struct certificate_key keys[3];
	size_t count;
} expiry_tests[] = {
	{ "never", 0, {{ EC }, { EC, .can_encrypt = true }}, 2 },
	{ "primary key", 5,
	  {{ EC, .expires = 5 }, { EC, .can_encrypt = true }}, 2 },
	{ "subkey", 5,
	  {{ EC }, { EC, .can_encrypt = true, .expires = 5 }}, 2 },
	{ "primary key before subkey", 5,
	  {{ EC, .expires = 5 }, { EC, .can_encrypt = true, .expires = 7 }},
	  2 },
	{ "last subkey", 7,
	  {{ EC, .expires = 9 }, { EC, .can_encrypt = true, .expires = 7 },
	   { EC, .can_encrypt = true, .expires = 5 }}, 3 },
	{ "a subkey without end", 9,
	  {{ EC, .expires = 9 }, { EC, .can_encrypt = true, .expires = 5 },
	   { EC, .can_encrypt = true }}, 3 },
	{ "another subkey without end", 0,
	  {{ EC }, { EC, .can_encrypt = true },
	   { EC, .can_encrypt = true, .expires = 5 }}, 3 },
	{ "a signing subkey doesn't count", 7,
	  {{ EC }, { EC, .expires = 5 },
	   { EC, .can_encrypt = true, .expires = 7 }}, 3 },
	{ "nor does a revoked one", 5,
	  {{ EC }, { EC, .can_encrypt = true, .expires = 7, .revoked = true },
	   { EC, .can_encrypt = true, .expires = 5 }}, 3 }
};

static void test_expires(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(expiry_tests); i++) {
		struct certificate certificate = {
			.keys = (struct certificate_key *)expiry_tests[i].keys,
			.key_count = expiry_tests[i].count
		};

		test_case(expiry_tests[i].name, i);
		assert_int_equal(certificate_expires(&certificate),
				 expiry_tests[i].expires);
	}
}

static void test_user_id_address(void **state)
{
	static const struct {
		const char *user_id;
		/* NULL: none */
		const char *address;
	} ids[] = {
		{ "a@example.org", "a@example.org" },
		{ " a@example.org (work) ", "a@example.org" },
		{ "A B <a@example.org>", "a@example.org" },
		{ "B, A <a@example.org>", "a@example.org" },
		{ "\"B, A\" < a@example.org >", "a@example.org" },
		{ "A <a@example.org> (old)", "a@example.org" },
		{ "c@example.org <a@example.org>", "a@example.org" },
		{ "<c@example.org> <a@example.org>", "a@example.org" },
		{ "\xfc <a@example.org>", "a@example.org" },
		{ "A <a@example.org", "a@example.org" },
		/* not a address, and not none */
		{ "a@example.org c@example.org", "a@example.org c@example.org" },
		{ "A a@example.org", "A a@example.org" },
		{ "a@b@example.org", "a@b@example.org" },
		{ "A <a@b@example.org>", "a@b@example.org" },
		{ "\xfc@example.org", "\xfc@example.org" },
		{ "A B", NULL },
		{ "A <>", NULL },
		{ "A <a> b@example.org <c>", NULL },
		{ "", NULL }
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
		char *address = certificate_user_id_address(ids[i].user_id);

		if (g_strcmp0(address, ids[i].address) != 0) {
			fail_msg("%s: %s", ids[i].user_id,
				 address == NULL ? "none" : address);
		}
		g_free(address);
	}
}

static void test_addresses_have(void **state)
{
	static const struct {
		const char *named, *wanted;
		bool found;
	} pairs[] = {
		{ "a@example.org", "a@example.org", true },
		{ "a@example.org", "A@EXAMPLE.org", true },
		{ "a@example.org", "b@example.org", false },
		{ "a@example.org", "a@example.org.", false },
		{ "\xc3\xa4@example.org", "\xc3\x84@example.org", false },
		{ "a@b\xc3\xbc""cher.example", "a@xn--bcher-kva.example", true },
		{ "a@xn--bcher-kva.example", "a@b\xc3\xbc""cher.example", true },
		{ "a@example.org c@example.org", "c@example.org", false },
		{ "*@example.org", "a@example.org", false },
		{ "a@example.org", "*@example.org", false }
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		GPtrArray *addresses = g_ptr_array_new();

		g_ptr_array_add(addresses, (char *)pairs[i].named);
		if (certificate_addresses_have(addresses, pairs[i].wanted) !=
		    pairs[i].found)
			fail_msg("%s: %s", pairs[i].named, pairs[i].wanted);
		g_ptr_array_unref(addresses);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_usable),
		cmocka_unit_test(test_user_id_address),
		cmocka_unit_test(test_addresses_have)
	};

	return cmocka_run_group_tests_name("certificate", all, NULL, NULL);
}
