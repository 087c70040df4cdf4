/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What is left of a certificate for who asks for one address. */

#include "certificate/for-address.h"
#include "test-lib.h"

#define ADDRESS "alice@example.org"

/* Packets in RFC 9580 section 4.2.1's format, by their tags */
#define P "\306\003key"		/* primary key */
#define S "\316\003sub"		/* subkey */
#define SIG(x) "\302\001" x
#define UID(length, text) "\315" length text
#define PHOTO "\321\005photo"

#define OWN UID("\026", "Al <alice@example.org>")
#define OWN_TOO UID("\021", "Alice@EXAMPLE.org")
#define OTHER UID("\025", "Al <alice@other.test>")
#define LONGER UID("\033", "Al <alice@example.org.test>")
#define NAME UID("\005", "Alice")
#define NESTED UID("\055", "alice@example.org <mallory@example.org.test>x")

static const struct {
	const char *before, *after;
} cases[] = {
	{ P SIG("a") OWN SIG("b") S SIG("c"),
	  P SIG("a") OWN SIG("b") S SIG("c") },
	/* the others go, with what stands behind them */
	{ P OTHER SIG("1") OWN SIG("2") SIG("3") NAME SIG("4") S SIG("5"),
	  P OWN SIG("2") SIG("3") S SIG("5") },
	{ P OWN SIG("1") OTHER SIG("2") OWN_TOO SIG("3") S SIG("4"),
	  P OWN SIG("1") OWN_TOO SIG("3") S SIG("4") },
	{ P OWN SIG("1") PHOTO SIG("2") S SIG("3"),
	  P OWN SIG("1") S SIG("3") },
	{ P PHOTO SIG("1") LONGER SIG("2") NESTED SIG("3") S SIG("4"),
	  P S SIG("4") },
	/* revocations of the key and of subkeys stay */
	{ P SIG("r") SIG("d") OTHER SIG("1") S SIG("b") SIG("r") S SIG("b"),
	  P SIG("r") SIG("d") S SIG("b") SIG("r") S SIG("b") },
	/* nothing that nobody knows */
	{ P "\377\001x" SIG("1") OWN SIG("2"), P OWN SIG("2") },
	{ SIG("0") P OWN SIG("1"), P OWN SIG("1") },
	/* cut off */
	{ P OWN "\302\005x", P OWN },
	{ "", "" }
};

static GBytes *
reduce(const char *data, size_t size, enum certificate_kind kind,
       bool *changed_r)
{
	struct certificate *certificate = certificate_new();
	GBytes *bytes;

	certificate->kind = kind;
	certificate->data = g_bytes_new(data, size);
	bytes = certificate_for_address(certificate, ADDRESS, changed_r);
	certificate_unref(certificate);
	return bytes;
}

static void
check(const char *before, size_t before_size, const char *after,
      size_t after_size)
{
	bool changed;
	gsize size;
	GBytes *bytes = reduce(before, before_size, CERTIFICATE_KIND_OPENPGP,
			       &changed);
	const void *data = g_bytes_get_data(bytes, &size);

	assert_bytes(data, size, after, after_size);
	assert_int_equal(changed, size != before_size);
	g_bytes_unref(bytes);
}

static void test_user_ids(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		test_case(cases[i].before, i);
		check(cases[i].before, strlen(cases[i].before),
		      cases[i].after, strlen(cases[i].after));
	}
}

/* Whoever reads up to the NUL sees another address than the one that was
   signed. */
static void test_nul(void **state G_GNUC_UNUSED)
{
	static const char before[] =
		P "\315\026" ADDRESS "\0evil" SIG("1") S SIG("2");

	check(before, sizeof(before) - 1, P S SIG("2"),
	      strlen(P S SIG("2")));
}

static void test_x509(void **state G_GNUC_UNUSED)
{
	static const char der[] = "0\003\002\001\001";
	bool changed;
	GBytes *bytes = reduce(der, sizeof(der), CERTIFICATE_KIND_X509,
			       &changed);

	assert_false(changed);
	assert_int_equal(g_bytes_get_size(bytes), sizeof(der));
	g_bytes_unref(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_ids),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_x509)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
