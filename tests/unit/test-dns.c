/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Names, record data, messages and trust anchors as DNS has them. Whether they
   can be believed is libunbound's to say: tests/integration/test_find_dns.py. */

#include "address.h"
#include "dns-anchor.h"
#include "dns-rdata.h"
#include "test-lib.h"

/*
 * Names
 */

#define HUGH "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6"
#define JUERGEN "19b720a911fced55aecd96bf4ddcada1c69be5a96dc523d5be336b8e"

static const struct {
	const char *local_part, *as_written, *in_lower_case;
} local_parts[] = {
	/* RFC 7929 section 3 */
	{ "hugh", HUGH, HUGH },
	{ "Hugh",
	  "7063a398942ba5c6125429518d0608563f3974bb48013ddf58fb01d4", HUGH },
	/* in NFC, in NFD, and in capitals in NFD */
	{ "j\xc3\xbcrgen", JUERGEN, JUERGEN },
	{ "ju\xcc\x88rgen", JUERGEN, JUERGEN },
	{ "JU\xcc\x88RGEN",
	  "74ce92bda6c03c216f943ae44747c11f40821f4d9f4c501dadc4d5b3", JUERGEN }
};

static void check_name(const char *local_part, bool lower, const char *label)
{
	char *part = discovery_address_dns_local_part(local_part, lower);
	char *name = dns_owner_name(part, DNS_TYPE_OPENPGPKEY, "example.com");
	char *expected = g_strconcat(label, "._openpgpkey.example.com", NULL);

	assert_string_equal(name, expected);
	g_free(expected);
	g_free(name);
	g_free(part);
}

static void test_names(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(local_parts); i++) {
		test_case("local parts", i);
		check_name(local_parts[i].local_part, false,
			   local_parts[i].as_written);
		check_name(local_parts[i].local_part, true,
			   local_parts[i].in_lower_case);
	}
}

static void test_name_sizes(void **state G_GNUC_UNUSED)
{
	GString *domain = g_string_new("d");
	char *name;

	while (domain->len < 253 - 56 - strlen("._smimecert."))
		g_string_append(domain, domain->len % 2 == 0 ? "d" : ".");
	name = dns_owner_name("hugh", DNS_TYPE_SMIMEA, domain->str);
	assert_int_equal(strlen(name), 253);
	assert_true(g_str_has_prefix(name, HUGH "._smimecert.d.d."));
	g_free(name);
	assert_null(dns_owner_name("hugh", DNS_TYPE_OPENPGPKEY, domain->str));
	g_string_free(domain, TRUE);
}

/*
 * Record data
 */

#define DATA(text) text, sizeof(text) - 1

static const struct {
	unsigned int type;
	const char *rdata;
	size_t size;
	enum dns_rdata kind;
	/* of a certificate */
	size_t skipped;
} rdata[] = {
	/* public keys in all forms of a packet's head */
	{ DNS_TYPE_OPENPGPKEY, DATA("\x98\x01."), DNS_RDATA_CERTIFICATE, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("\x99\0\1."), DNS_RDATA_CERTIFICATE, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("\x9a\0\0\0\1."),
	  DNS_RDATA_CERTIFICATE, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("\xc6\1."), DNS_RDATA_CERTIFICATE, 0 },
	/* so that it is said what that is */
	{ DNS_TYPE_OPENPGPKEY, DATA("\x95\0\1."), DNS_RDATA_CERTIFICATE, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("\xc5\1."), DNS_RDATA_CERTIFICATE, 0 },
	/* a subkey, a message, a byte, nothing, armor, a certificate */
	{ DNS_TYPE_OPENPGPKEY, DATA("\xb9\0\1."), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("\x85\0\1."), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("\x99"), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA(""), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("-----BEGIN PGP PUBLIC KEY BLOCK-----"),
	  DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_OPENPGPKEY, DATA("0\1."), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\1."), DNS_RDATA_CERTIFICATE, 3 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\x81\1."),
	  DNS_RDATA_CERTIFICATE, 3 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\x84\0\0\0\1."),
	  DNS_RDATA_CERTIFICATE, 3 },
	/* other usages, selectors, matching types */
	{ DNS_TYPE_SMIMEA, DATA("\0\0\0" "0\1."), DNS_RDATA_OTHER, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\1\0\0" "0\1."), DNS_RDATA_OTHER, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\2\0\0" "0\1."), DNS_RDATA_OTHER, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\xff\0\0" "0\1."), DNS_RDATA_OTHER, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\1\0" "0\1."), DNS_RDATA_OTHER, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\xff\0" "0\1."), DNS_RDATA_OTHER, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\1" "0\1."), DNS_RDATA_HASH, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\1\2" "0\1."), DNS_RDATA_HASH, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\xff" "0\1."), DNS_RDATA_HASH, 0 },
	/* not one DER value, or not all of it */
	{ DNS_TYPE_SMIMEA, DATA(""), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3"), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0"), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0"), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\1"), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\1.."), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\x80.\0\0"),
	  DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\x81"), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\x82\0"), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\x84\xff\xff\xff\xff."),
	  DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\x88\0\0\0\0\0\0\0\1."),
	  DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "0\xff."), DNS_RDATA_MALFORMED, 0 },
	{ DNS_TYPE_SMIMEA, DATA("\3\0\0" "\x99\0\1."),
	  DNS_RDATA_MALFORMED, 0 }
};

static void test_rdata(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rdata); i++) {
		const unsigned char *certificate;
		size_t size = rdata[i].size;
		/* a block of its own, so that it is seen who reads behind it */
		unsigned char *copy = malloc(MAX(size, 1));

		test_case("record data", i);
		memcpy(copy, rdata[i].rdata, size);
		assert_int_equal(dns_rdata_look(rdata[i].type, copy, size,
						&certificate, &size),
				 rdata[i].kind);
		if (rdata[i].kind == DNS_RDATA_CERTIFICATE) {
			assert_ptr_equal(certificate,
					 copy + rdata[i].skipped);
			assert_int_equal(size,
					 rdata[i].size - rdata[i].skipped);
		}
		free(copy);
	}
}

/*
 * Messages
 */

#define QR "\x80\0"
#define ONE_QUESTION(answers) "\0\1\0" answers "\0\0\0\0"
/* at octet 12 of the message */
#define NAME_A "\1a\7example\0"
#define NAME_B "\1b\7example\0"
#define TYPE_CNAME "\0\5\0\1\0\0\0\x3c"
#define TYPE_TXT "\0\x10\0\1\0\0\0\x3c"
#define TYPE_61 "\0\x3d\0\1\0\0\0\x3c"
#define TYPE_61_CHAOS "\0\x3d\0\3\0\0\0\x3c"
#define QUESTION NAME_A "\0\x3d\0\1"
#define MESSAGE(flags, answers, text) \
	DATA("id" flags ONE_QUESTION(answers) QUESTION text)

static const struct {
	const char *message;
	size_t size;
	/* the records' data, one behind the other; NULL: it is refused */
	const char *data;
	unsigned int rcode;
} messages[] = {
	{ MESSAGE(QR, "\0", ""), "", 0 },
	{ MESSAGE("\x80\3", "\0", ""), "", 3 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_61 "\0\4data"), "data", 0 },
	{ MESSAGE(QR, "\1", "\xc0\x0c" TYPE_61 "\0\4data"), "data", 0 },
	{ MESSAGE(QR, "\1", "\1A\7EXAMPLE\0" TYPE_61 "\0\4data"), "data", 0 },
	{ MESSAGE(QR, "\2", NAME_A TYPE_61 "\0\1a" NAME_A TYPE_61 "\0\2bc"),
	  "abc", 0 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_61 "\0\0"), "", 0 },
	/* an alias, twice, and around */
	{ MESSAGE(QR, "\2", NAME_A TYPE_CNAME "\0\x0b" NAME_B
		  NAME_B TYPE_61 "\0\4data"), "data", 0 },
	{ MESSAGE(QR, "\3", NAME_A TYPE_CNAME "\0\4\1c\xc0\x0e"
		  "\1c\xc0\x0e" TYPE_CNAME "\0\x0b" NAME_B
		  NAME_B TYPE_61 "\0\4data"), "data", 0 },
	{ MESSAGE(QR, "\2", NAME_A TYPE_CNAME "\0\x0b" NAME_B
		  NAME_B TYPE_CNAME "\0\x0b" NAME_A), "", 0 },
	/* not what was asked for */
	{ MESSAGE(QR, "\1", NAME_B TYPE_61 "\0\4data"), "", 0 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_TXT "\0\4data"), "", 0 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_61_CHAOS "\0\4data"), "", 0 },
	{ MESSAGE(QR, "\2", NAME_B TYPE_61 "\0\4data"
		  NAME_A TYPE_CNAME "\0\x0b" NAME_B), "", 0 },
	/* cut, another question, none, two */
	{ MESSAGE("\x82\0", "\1", NAME_A TYPE_61 "\0\4data"), NULL, 0 },
	{ DATA("id" QR ONE_QUESTION("\0") NAME_A "\0\x35\0\1"), NULL, 0 },
	{ DATA("id" QR ONE_QUESTION("\0") NAME_A "\0\x3d\0\3"), NULL, 0 },
	{ DATA("id" QR "\0\0\0\0\0\0\0\0"), NULL, 0 },
	{ DATA("id" QR "\0\2\0\0\0\0\0\0" QUESTION QUESTION), NULL, 0 },
	/* more is said than there is; names that go on behind the end, around
	   and around, or to where no name is */
	{ MESSAGE(QR, "\2", NAME_A TYPE_61 "\0\4data"), NULL, 0 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_61 "\0\5data"), NULL, 0 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_61 "\xff\xff" "data"), NULL, 0 },
	{ MESSAGE(QR, "\1", "\xc0\x1b" TYPE_61 "\0\4data"), NULL, 0 },
	{ MESSAGE(QR, "\1", "\xff\xff" TYPE_61 "\0\4data"), NULL, 0 },
	{ MESSAGE(QR, "\1", "\x3f" "a" TYPE_61 "\0\4data"), NULL, 0 },
	{ MESSAGE(QR, "\1", "\x81" "a" TYPE_61 "\0\4data"), NULL, 0 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_CNAME "\0\2\xff\xff"), NULL, 0 },
	{ MESSAGE(QR, "\1", NAME_A TYPE_CNAME "\0\0"), NULL, 0 },
	{ DATA(""), NULL, 0 },
	{ DATA("id" QR), NULL, 0 }
};

/* Reads a copy that ends where its block of memory does. */
static bool read_message(const char *message, size_t size,
			 unsigned int *rcode_r, GString *data)
{
	GPtrArray *records = g_ptr_array_new_with_free_func(
		(GDestroyNotify)g_bytes_unref);
	unsigned char *copy = malloc(MAX(size, 1));
	bool ok;

	memcpy(copy, message, size);
	ok = dns_answer_read(copy, size, DNS_TYPE_OPENPGPKEY, rcode_r,
			     records);
	for (guint i = 0; i < records->len; i++) {
		gsize len;
		const void *bytes = g_bytes_get_data(records->pdata[i], &len);

		g_string_append_len(data, bytes, len);
	}
	free(copy);
	g_ptr_array_unref(records);
	return ok;
}

static void test_messages(void **state G_GNUC_UNUSED)
{
	GString *data = g_string_new(NULL);
	unsigned int rcode;

	for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
		test_case("messages", i);
		g_string_truncate(data, 0);
		if (messages[i].data == NULL) {
			assert_false(read_message(messages[i].message,
						  messages[i].size, &rcode,
						  data));
			continue;
		}
		assert_true(read_message(messages[i].message, messages[i].size,
					 &rcode, data));
		assert_int_equal(rcode, messages[i].rcode);
		assert_bytes(data->str, data->len, messages[i].data,
			     strlen(messages[i].data));
		/* no shorter one is whole */
		for (size_t size = 0; size < messages[i].size; size++) {
			assert_false(read_message(messages[i].message, size,
						  &rcode, data));
		}
	}
	g_string_free(data, TRUE);
}

/*
 * Trust anchors
 */

#define KEY "257 3 13 AAAA"

static const struct {
	const char *text;
	/* the records, or NULL and the error */
	const char *records[3];
	const char *error;
} anchors[] = {
	{ ". IN DNSKEY " KEY "\n", { ". IN DNSKEY " KEY }, NULL },
	{ ".\t3600\tIN\tDS\t1 13 2 ab cd\r\n; comment\n\n  \n"
	  "example in 60 ds 2 13 2 ef ; keytag 2", { ". 3600 IN DS 1 13 2 ab cd",
	  "example in 60 ds 2 13 2 ef" }, NULL },
	{ ". DS 1 13 2 ab\n", { ". DS 1 13 2 ab" }, NULL },
	/* as unbound-anchor keeps them */
	{ "; autotrust trust anchor file\n;;id: . 1\n"
	  ". IN DNSKEY " KEY " ;{id = 1} ;;state=1 [ ADDPEND ] ;;count=0\n"
	  ". IN DNSKEY " KEY "2 ;{id = 2} ;;state=2 [  VALID  ] ;;count=0\n"
	  ". IN DNSKEY " KEY "3 ;{id = 3} ;;state=3 [ MISSING ] ;;count=0\n"
	  ". IN DNSKEY " KEY "4 ;{id = 4} ;;state=4 [ REVOKED ] ;;count=0\n"
	  ". IN DNSKEY " KEY "5 ;{id = 5} ;;state=23\n",
	  { ". IN DNSKEY " KEY "2", ". IN DNSKEY " KEY "3" }, NULL },
	{ "", { NULL }, "there is no trust anchor in it" },
	{ "; nothing\n", { NULL }, "there is no trust anchor in it" },
	{ ". IN DNSKEY " KEY " ;;state=0\n", { NULL },
	  "there is no trust anchor in it" },
	{ ". IN DNSKEY " KEY "\njunk\n", { NULL },
	  "line 2 isn't a DS or DNSKEY record" },
	{ ". IN A 127.0.0.1\n", { NULL },
	  "line 1 isn't a DS or DNSKEY record" },
	{ ". IN DS\n", { NULL }, "line 1 isn't a DS or DNSKEY record" },
	{ " IN DS 1 13 2 ab\n", { NULL },
	  "line 1 isn't a DS or DNSKEY record" },
	{ "$ORIGIN example.\n", { NULL },
	  "line 1 isn't a DS or DNSKEY record" },
	{ "<?xml version=\"1.0\"?>\n", { NULL },
	  "line 1 isn't a DS or DNSKEY record" }
};

static void test_anchors(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(anchors); i++) {
		char *error;
		GPtrArray *found = dns_anchors_read(anchors[i].text, &error);

		test_case("anchors", i);
		if (found == NULL) {
			assert_string_equal(error, anchors[i].error);
			g_free(error);
			continue;
		}
		for (guint j = 0; j < found->len; j++) {
			const struct dns_anchor *anchor = found->pdata[j];

			assert_string_equal(anchor->record,
					    anchors[i].records[j]);
			assert_true(g_str_has_suffix(anchor->name, "."));
		}
		assert_null(anchors[i].records[found->len]);
		g_ptr_array_unref(found);
	}
}

static void test_anchor_covers(void **state G_GNUC_UNUSED)
{
	const struct dns_anchor root = { ".", "" }, zone = { "b.c.", "" };

	assert_true(dns_anchor_covers(&root, "a.b.c"));
	assert_true(dns_anchor_covers(&root, "."));
	assert_true(dns_anchor_covers(&zone, "a.b.c"));
	assert_true(dns_anchor_covers(&zone, "A.B.C."));
	assert_true(dns_anchor_covers(&zone, "b.c"));
	assert_false(dns_anchor_covers(&zone, "ab.c"));
	assert_false(dns_anchor_covers(&zone, "c"));
	assert_false(dns_anchor_covers(&zone, "a.b.d"));
	assert_false(dns_anchor_covers(&zone, "."));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_sizes),
		cmocka_unit_test(test_rdata),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_anchor_covers)
	};

	return cmocka_run_group_tests_name("dns", all, NULL, NULL);
}
