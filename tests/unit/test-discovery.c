/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* How an address is looked for, and what is done with what is found: without
   any network. */

#include "lib.h"
#include "test-lib.h"
#include "../../src/discovery/address.h"
#include "../../src/doveadm/key/find-policy.h"

static const struct {
	const char *address;
	/* NULL: it isn't one */
	const char *local_part, *domain;
} addresses[] = {
	{ "alice@example.org", "alice", "example.org" },
	{ "Alice@Example.ORG.", "Alice", "example.org" },
	{ "a@b@example.org", "a@b", "example.org" },
	{ "\"alice b\"@example.org", "alice b", "example.org" },
	{ "\"a\\\"b\\\\\"@example.org", "a\"b\\", "example.org" },
	{ "j\303\274rgen@example.org", "j\303\274rgen", "example.org" },
	{ "a@b\303\274cher.example", "a", "xn--bcher-kva.example" },
	{ "a@B\303\234CHER.example", "a", "xn--bcher-kva.example" },
	{ "a@XN--BCHER-KVA.example", "a", "xn--bcher-kva.example" },
	{ "a@localhost", "a", "localhost" },
	{ "a@_x.example", "a", "_x.example" },
	{ "alice", NULL, NULL },
	{ "@example.org", NULL, NULL },
	{ "\"\"@example.org", NULL, NULL },
	{ "alice@", NULL, NULL },
	{ "alice@.", NULL, NULL },
	{ "alice@.org", NULL, NULL },
	{ "alice@example..org", NULL, NULL },
	{ "alice@example.org/../..", NULL, NULL },
	{ "alice@[192.0.2.1]", NULL, NULL },
	{ "alice@exa mple.org", NULL, NULL },
	{ "alice@example.org\n", NULL, NULL },
	{ "al\nice@example.org", NULL, NULL },
	{ "al\377ice@example.org", NULL, NULL },
	{ "a@0123456789012345678901234567890123456789012345678901234567890123"
	  ".org", NULL, NULL }
};

static void test_addresses(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(addresses); i++) {
		struct discovery_address parsed;
		bool ok = discovery_address_parse(addresses[i].address,
						  &parsed);

		test_case(addresses[i].address, i);
		assert_int_equal(ok, addresses[i].domain != NULL);
		if (!ok) {
			assert_null(parsed.local_part);
			assert_null(parsed.domain);
			continue;
		}
		assert_string_equal(parsed.local_part,
				    addresses[i].local_part);
		assert_string_equal(parsed.domain, addresses[i].domain);
		discovery_address_clear(&parsed);
	}
}

static void test_long_domain(void **state ATTR_UNUSED)
{
	GString *address = g_string_new("a@example.org");
	struct discovery_address parsed;

	/* 11 + 22 * 11 = 253 */
	for (unsigned int i = 0; i < 22; i++)
		g_string_insert(address, 2, "0123456789.");
	assert_true(discovery_address_parse(address->str, &parsed));
	discovery_address_clear(&parsed);
	g_string_insert(address, 2, "0");
	assert_false(discovery_address_parse(address->str, &parsed));
	g_string_free(address, TRUE);
}

/* Those that are in the documents */
static void test_names(void **state ATTR_UNUSED)
{
	char *name;

	/* RFC 7929 section 5.1 */
	name = discovery_address_dns_label("hugh");
	assert_string_equal(name, "c93f1e400f26708f98cb19d936620da35"
				  "eec8f72e57f9eec01c1afd6");
	g_free(name);
	/* as it is written */
	name = discovery_address_dns_label("Hugh");
	assert_string_not_equal(name, "c93f1e400f26708f98cb19d936620da35"
				      "eec8f72e57f9eec01c1afd6");
	g_free(name);
	/* draft-koch-openpgp-webkey-service section 3.1 */
	name = discovery_address_wkd_name("Joe.Doe");
	assert_string_equal(name, "iy9q119eutrkn8s1mk4r39qejnbu3n5q");
	g_free(name);
}

enum pending {
	NOTHING,
	OWNERS,
	FOUND_BEFORE
};

static const struct {
	bool enrolled;
	enum pending pending;
	bool activate, proven;
	enum doveadm_seal_find_action action;
	bool withdrawn;
} decisions[] = {
	{ FALSE, NOTHING, FALSE, FALSE, DOVEADM_SEAL_FIND_OFFER },
	{ FALSE, NOTHING, TRUE, FALSE, DOVEADM_SEAL_FIND_ACTIVATE },
	{ FALSE, NOTHING, FALSE, TRUE, DOVEADM_SEAL_FIND_ACTIVATE },
	{ FALSE, OWNERS, FALSE, FALSE, DOVEADM_SEAL_FIND_LEAVE },
	{ FALSE, OWNERS, TRUE, FALSE, DOVEADM_SEAL_FIND_LEAVE },
	{ FALSE, OWNERS, FALSE, TRUE, DOVEADM_SEAL_FIND_LEAVE },
	{ FALSE, FOUND_BEFORE, FALSE, FALSE, DOVEADM_SEAL_FIND_LEAVE },
	{ FALSE, FOUND_BEFORE, TRUE, FALSE, DOVEADM_SEAL_FIND_ACTIVATE },
	{ FALSE, FOUND_BEFORE, FALSE, TRUE, DOVEADM_SEAL_FIND_ACTIVATE },
	{ FALSE, NOTHING, FALSE, TRUE, DOVEADM_SEAL_FIND_OFFER, TRUE },
	{ FALSE, NOTHING, TRUE, FALSE, DOVEADM_SEAL_FIND_ACTIVATE, TRUE },
	{ FALSE, FOUND_BEFORE, FALSE, TRUE, DOVEADM_SEAL_FIND_LEAVE, TRUE },
	{ TRUE, NOTHING, FALSE, FALSE, DOVEADM_SEAL_FIND_COMPARE },
	{ TRUE, NOTHING, TRUE, TRUE, DOVEADM_SEAL_FIND_COMPARE },
	{ TRUE, OWNERS, TRUE, TRUE, DOVEADM_SEAL_FIND_COMPARE },
	{ TRUE, FOUND_BEFORE, TRUE, TRUE, DOVEADM_SEAL_FIND_COMPARE }
};

static void test_decide(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(decisions); i++) {
		const struct doveadm_seal_find_facts facts = {
			.enrolled = decisions[i].enrolled,
			.pending = decisions[i].pending != NOTHING,
			.pending_was_found =
				decisions[i].pending == FOUND_BEFORE,
			.withdrawn = decisions[i].withdrawn,
			.activate = decisions[i].activate
		};

		test_case("decision", i);
		assert_int_equal(doveadm_seal_find_decide(
			&facts, decisions[i].proven), decisions[i].action);
	}
}

/* What the sources say, one letter each: Absent, Same, Counts, Unknown */
static const struct {
	bool enrolled, pending;
	const char *outcomes, *result;
	/* how many are asked */
	unsigned int asked;
} results[] = {
	{ FALSE, FALSE, "", "none", 0 },
	{ FALSE, FALSE, "AA", "none", 2 },
	{ FALSE, FALSE, "AC", "found", 2 },
	{ FALSE, FALSE, "CA", "found", 1 },
	{ FALSE, FALSE, "UA", "unknown", 2 },
	{ FALSE, FALSE, "AU", "unknown", 2 },
	{ FALSE, FALSE, "UC", "found", 2 },
	{ FALSE, FALSE, "CU", "found", 1 },
	{ FALSE, TRUE, "", "pending", 0 },
	{ FALSE, TRUE, "A", "pending", 1 },
	{ FALSE, TRUE, "U", "unknown", 1 },
	{ FALSE, TRUE, "C", "found", 1 },
	{ TRUE, FALSE, "", "active", 0 },
	{ TRUE, FALSE, "AS", "active", 2 },
	{ TRUE, FALSE, "SC", "changed", 2 },
	{ TRUE, FALSE, "SU", "unknown", 2 },
	{ TRUE, FALSE, "US", "unknown", 2 },
	{ TRUE, FALSE, "UC", "changed", 2 },
	{ TRUE, TRUE, "C", "changed", 1 },
	{ TRUE, TRUE, "A", "active", 1 }
};

static void test_results(void **state ATTR_UNUSED)
{
	static const char letters[] = "ASCU";

	for (size_t i = 0; i < N_ELEMENTS(results); i++) {
		const struct doveadm_seal_find_facts facts = {
			.enrolled = results[i].enrolled,
			.pending = results[i].pending
		};
		enum doveadm_seal_find_result result =
			doveadm_seal_find_begin(&facts);
		unsigned int asked = 0;
		bool decided = FALSE;

		for (const char *letter = results[i].outcomes;
		     *letter != '\0' && !decided; letter++, asked++) {
			result = doveadm_seal_find_next(&facts, result,
				strchr(letters, *letter) - letters, &decided);
		}
		test_case(results[i].outcomes, i);
		assert_string_equal(doveadm_seal_find_result_name(result),
				    results[i].result);
		assert_int_equal(asked, results[i].asked);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_long_domain),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_results)
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
