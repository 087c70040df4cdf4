/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The source "ldap", as far as it needs no directory: its settings, the filter
   for an address, and values as text */

#include "ldap-config.h"
#include "ldap-value.h"
#include "test-lib.h"

#include <stdlib.h>

#define URI "uri = ldaps://ldap.example.org\n"
#define BASE "base = dc=example,dc=org\n"
#define GOOD URI BASE

/*
 * Settings
 */

static const struct {
	const char *text, *error;
} bad_configs[] = {
	{ "", "there is no uri in it" },
	{ "\n", "there is no uri in it" },
	{ "# uri = ldaps://a\n", "there is no uri in it" },
	{ URI, "there is no base in it" },
	{ BASE, "there is no uri in it" },
	{ GOOD "secret words\n", "line 3 isn't \"name = value\"" },
	{ "\n\n" GOOD "passwort = secret\n",
	  "line 5 has a name that isn't known" },
	{ GOOD "URI = ldaps://a\n", "line 3 has a name that isn't known" },
	{ GOOD "= secret\n", "line 3 has a name that isn't known" },
	{ GOOD "bind_dn = a=b\nbind_password =\n", "line 4 has no value" },
	{ GOOD BASE, "line 3 has a name that was there before" },
	{ GOOD "filter = (mail=%{mail})\xff\n", "it isn't UTF-8" },
	/* nothing without encryption */
	{ "uri = ldap://a\n" BASE, "uri: \"ldap://a\" would be asked without "
	  "encryption, which isn't done: say starttls = yes, or use ldaps:" },
	{ "uri = ldaps://b, ldap://a:389\nstarttls = no\n" BASE,
	  "uri: \"ldap://a:389\" would be asked without encryption, which "
	  "isn't done: say starttls = yes, or use ldaps:" },
	{ "uri = ldap://a\nstarttls = try\n" BASE,
	  "starttls: \"try\" is not yes or no" },
#define BAD_URI(uri) \
	{ "uri = " uri "\nstarttls = yes\n" BASE, "uri: \"" uri "\" is not " \
	  "ldap://HOST:PORT or ldaps://HOST:PORT" }
	BAD_URI("ldapi://%2fvar%2frun%2fldapi"),
	BAD_URI("http://a"),
	BAD_URI("LDAPS"),
	BAD_URI("ldap.example.org"),
	BAD_URI("ldap://"),
	BAD_URI("ldap:///dc=org"),
	BAD_URI("ldap://a/dc=org"),
	BAD_URI("ldap://a?x"),
	BAD_URI("ldap://a#x"),
	/* a password, perhaps: it isn't shown */
	{ "uri = ldaps://cn=mail,dc=org:secret@a\n" BASE, "uri: it has an "
	  "\"@\"; the name and the password are bind_dn and bind_password" },
	BAD_URI("ldap://a:0"),
	BAD_URI("ldap://a:65536"),
	BAD_URI("ldap://a:12x"),
	{ "uri = ,\n" BASE, "there is no uri in it" },
	{ GOOD "scope = all\n", "scope: \"all\" is not base, one or sub" },
	{ GOOD "attributes = , ,\n", "attributes: there is none" },
#define BAD_FILTER(filter, problem) \
	{ GOOD "filter = " filter "\n", "filter: \"" filter "\" " problem }
	BAD_FILTER("mail=%{mail}", "isn't one filter in parentheses"),
	BAD_FILTER("(mail=%{mail})x", "isn't one filter in parentheses"),
	BAD_FILTER("(mail=%{mail})(uid=a)", "isn't one filter in parentheses"),
	BAD_FILTER("(&(mail=%{mail})", "has a parenthesis without its other "
		   "half"),
	BAD_FILTER("((mail=%{mail})", "has a parenthesis without its other "
		   "half"),
	BAD_FILTER("(mail=*)", "has neither %{mail} nor %{local}: it would "
		   "find the same for everybody"),
	BAD_FILTER("(o=%{domain})", "has neither %{mail} nor %{local}: it "
		   "would find the same for everybody"),
	BAD_FILTER("(mail=%{user})", "has variables besides %{mail}, "
		   "%{local}, %{domain}"),
	BAD_FILTER("(mail=%{mail)", "has variables besides %{mail}, "
		   "%{local}, %{domain}"),
	BAD_FILTER("(mail=%{})", "has variables besides %{mail}, %{local}, "
		   "%{domain}"),
	/* a bind without a password would be nobody's, and succeed */
	{ GOOD "bind_dn = cn=a\n", "with bind_dn belongs either bind_password "
	  "or bind_password_file" },
	{ GOOD "bind_dn = cn=a\nbind_password = b\nbind_password_file = /b\n",
	  "with bind_dn belongs either bind_password or "
	  "bind_password_file" },
	{ GOOD "bind_password = b\n",
	  "there is a bind_password without a bind_dn" },
	{ GOOD "bind_password_file = /b\n",
	  "there is a bind_password without a bind_dn" },
	{ GOOD "bind_dn = cn=a\nbind_password_file = b\n",
	  "bind_password_file isn't an absolute path" },
	{ GOOD "tls_ca_cert_file = ca.pem\n",
	  "tls_ca_cert_file isn't an absolute path" },
};

static void test_bad_configs(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad_configs); i++) {
		char *error = NULL;

		test_case(bad_configs[i].text, i);
		assert_null(ldap_config_parse(bad_configs[i].text, &error));
		assert_string_equal(error, bad_configs[i].error);
		assert_null(strstr(error, "secret"));
		g_free(error);
	}
}

static struct ldap_config *parse(const char *text)
{
	char *error = NULL;
	struct ldap_config *config = ldap_config_parse(text, &error);

	if (config == NULL)
		fail_msg("%s", error);
	return config;
}

static void test_defaults(void **state G_GNUC_UNUSED)
{
	struct ldap_config *config = parse(GOOD);
	const struct ldap_server *server = config->servers->pdata[0];
	char *attributes = g_strjoinv("|", config->attributes);

	assert_int_equal(config->servers->len, 1);
	assert_string_equal(server->uri, "ldaps://ldap.example.org");
	assert_string_equal(server->host, "ldap.example.org");
	assert_int_equal(server->port, 636);
	assert_true(server->ldaps);
	assert_string_equal(config->base, "dc=example,dc=org");
	assert_int_equal(config->scope, LDAP_CONFIG_SUB);
	assert_string_equal(config->filter, "(mail=%{mail})");
	assert_string_equal(attributes, "userSMIMECertificate|"
			    "userCertificate;binary|pgpKey");
	assert_string_equal(config->tls_ca_cert_file,
			    "/etc/ssl/certs/ca-certificates.crt");
	assert_null(config->bind_dn);
	assert_null(config->bind_password);
	g_free(attributes);
	ldap_config_free(config);
}

static void test_everything(void **state G_GNUC_UNUSED)
{
	struct ldap_config *config = parse(
		"  # a comment\r\n"
		"uri = ldap://one.example.org ldap://[2001:db8::1]:1389, "
		"ldaps://192.0.2.1/\r\n"
		"starttls=YES\r\n"
		"base =ou=people , dc=example,dc=org\r\n"
		"scope= one\r\n"
		"filter = (&(objectClass=person)(|(uid=%{local})"
		"(mail=%{mail})))\r\n"
		"attributes = pgpKey, userCertificate;binary\r\n"
		"tls_ca_cert_file = /etc/ca.pem\r\n"
		"bind_dn = cn=reader, dc=example,dc=org\r\n"
		"bind_password =  a # b = c \r\n");
	struct ldap_server **servers = (void *)config->servers->pdata;

	assert_int_equal(config->servers->len, 3);
	assert_string_equal(servers[0]->host, "one.example.org");
	assert_int_equal(servers[0]->port, 389);
	assert_false(servers[0]->ldaps);
	assert_string_equal(servers[1]->host, "2001:db8::1");
	assert_int_equal(servers[1]->port, 1389);
	assert_string_equal(servers[2]->host, "192.0.2.1");
	assert_int_equal(servers[2]->port, 636);
	assert_true(servers[2]->ldaps);
	assert_string_equal(config->base, "ou=people , dc=example,dc=org");
	assert_int_equal(config->scope, LDAP_CONFIG_ONE);
	assert_string_equal(config->attributes[0], "pgpKey");
	assert_string_equal(config->attributes[1], "userCertificate;binary");
	assert_null(config->attributes[2]);
	assert_string_equal(config->tls_ca_cert_file, "/etc/ca.pem");
	assert_string_equal(config->bind_dn, "cn=reader, dc=example,dc=org");
	assert_string_equal(config->bind_password, "a # b = c");
	ldap_config_free(config);
}

/* Cut anywhere it is a configuration or an error, and never anything else. */
static void test_cut_anywhere(void **state G_GNUC_UNUSED)
{
	static const char text[] = GOOD "starttls = yes\nscope = one\n"
		"filter = (&(a=%{local})(b=%{mail}))\n"
		"attributes = a, b;binary\nbind_dn = a\nbind_password = b\n";

	for (size_t size = 0; size < sizeof(text); size++) {
		char *cut = g_strndup(text, size), *error = NULL;
		struct ldap_config *config = ldap_config_parse(cut, &error);

		test_case(cut, size);
		assert_true((config == NULL) == (error != NULL));
		if (config != NULL)
			ldap_config_free(config);
		g_free(error);
		g_free(cut);
	}
}

/*
 * The filter
 */

static const struct {
	const char *filter, *local_part, *domain, *expected;
} filters[] = {
	{ "(mail=%{mail})", "alice", "example.org",
	  "(mail=alice@example.org)" },
	{ "(&(uid=%{local})(o=%{domain}))", "Alice.B-c_d+e", "example.org",
	  "(&(uid=Alice.B-c_d+e)(o=example.org))" },
	{ "(|(mail=%{mail})(alias=%{mail}))", "a", "b.c",
	  "(|(mail=a@b.c)(alias=a@b.c))" },
	/* what else is there stays */
	{ "(&(100%=x%)(mail=%{mail})(c=\\2a%))", "a", "b",
	  "(&(100%=x%)(mail=a@b)(c=\\2a%))" },
	/* and what an address has means nothing */
	{ "(mail=%{mail})", "*", "example.org", "(mail=\\2a@example.org)" },
	{ "(mail=%{mail})", "a)(uid=*", "example.org",
	  "(mail=a\\29\\28uid\\3d\\2a@example.org)" },
	{ "(mail=%{mail})", "a\\2a", "example.org",
	  "(mail=a\\5c2a@example.org)" },
	{ "(mail=%{mail})", "%{domain}", "example.org",
	  "(mail=\\25\\7bdomain\\7d@example.org)" },
	{ "(mail=%{mail})", "a&|!<>~=b", "c",
	  "(mail=a\\26\\7c\\21\\3c\\3e\\7e\\3db@c)" },
	{ "(mail=%{mail})", " a\n", "c", "(mail=\\20a\\0a@c)" },
	{ "(mail=%{mail})", "\xc3\xa4", "xn--4ca.example",
	  "(mail=\\c3\\a4@xn--4ca.example)" },
};

static void test_filters(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
		char *text = g_strdup_printf(GOOD "filter = %s\n",
					     filters[i].filter);
		struct ldap_config *config = parse(text);
		char *filter = ldap_config_filter(config,
						  filters[i].local_part,
						  filters[i].domain);

		test_case(filters[i].local_part, i);
		assert_string_equal(filter, filters[i].expected);
		g_free(filter);
		ldap_config_free(config);
		g_free(text);
	}
}

/* Each octet there is: no parenthesis and no star but the filter's own, and a
   backslash only before two digits */
static void test_every_octet(void **state G_GNUC_UNUSED)
{
	struct ldap_config *config = parse(GOOD "filter = (a=%{local})\n");

	for (int octet = 1; octet < 256; octet++) {
		const char local_part[] = { octet, '\0' };
		char *filter = ldap_config_filter(config, local_part, "b");
		size_t length = strlen(filter);

		test_case(filter, octet);
		assert_int_equal(strncmp(filter, "(a=", 3), 0);
		assert_int_equal(filter[length - 1], ')');
		if (length == 5)
			assert_null(strchr("()*\\", filter[3]));
		else {
			assert_int_equal(length, 7);
			assert_int_equal(filter[3], '\\');
			assert_int_equal(strtol(filter + 4, NULL, 16), octet);
		}
		g_free(filter);
	}
	ldap_config_free(config);
}

static void test_attribute_names(void **state G_GNUC_UNUSED)
{
	static const struct {
		const char *name, *returned;
		bool same;
	} tests[] = {
		{ "pgpKey", "pgpKey", true },
		{ "pgpKey", "PGPKEY", true },
		{ "userCertificate;binary", "userCertificate;binary", true },
		{ "userCertificate;binary", "usercertificate", true },
		{ "userCertificate", "userCertificate;binary", true },
		{ "userCertificate", "userCertificate;x-a;binary", true },
		{ "userCertificate", "userCertificates", false },
		{ "userCertificate;binary", "userCert", false },
		{ "pgpKey", "", false },
		{ "pgpKey", ";binary", false }
	};

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		test_case(tests[i].returned, i);
		assert_true(ldap_config_is_attribute(tests[i].name,
						     tests[i].returned) ==
			    tests[i].same);
	}
}

/*
 * Values
 */

#define VALUE(value) value, sizeof(value) - 1

static const struct {
	const char *value;
	size_t size;
	const char *expected;
} values[] = {
	/* begins as a certificate does, and as PKCS #7 does */
	{ VALUE("\x30\x82\x00\x05\x30\x03\x02\x01\x00"),
	  "-----BEGIN CERTIFICATE-----\nMIIABTADAgEA\n"
	  "-----END CERTIFICATE-----\n" },
	{ VALUE("\x30\x81\x03\x30\x01\x00"),
	  "-----BEGIN CERTIFICATE-----\nMIEDMAEA\n"
	  "-----END CERTIFICATE-----\n" },
	{ VALUE("\x30\x80\x06\x09\x2a\x86\x48"),
	  "-----BEGIN PKCS7-----\nMIAGCSqGSA==\n-----END PKCS7-----\n" },
	{ VALUE("\x30\x82\x01\x00\x06\x09\x2a\x86\x48"),
	  "-----BEGIN PKCS7-----\nMIIBAAYJKoZI\n-----END PKCS7-----\n" },
	/* cut */
	{ VALUE("\x30\x82"), "-----BEGIN CERTIFICATE-----\nMII=\n"
	  "-----END CERTIFICATE-----\n" },
	{ VALUE("\x30\xff"), "-----BEGIN CERTIFICATE-----\nMP8=\n"
	  "-----END CERTIFICATE-----\n" },
	{ VALUE("\x30"), "0\n" },
	{ VALUE(""), "\n" },
	/* OpenPGP */
	{ VALUE("\x98\x33\x04\x00"), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	  "\nmDMEAA==\n-----END PGP PUBLIC KEY BLOCK-----\n" },
	{ VALUE("\x80"), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\ngA==\n"
	  "-----END PGP PUBLIC KEY BLOCK-----\n" },
	{ VALUE("-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nmDMEAA=="),
	  "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nmDMEAA==\n" },
	{ VALUE("\xef\xbb\xbf-----BEGIN PGP PUBLIC KEY BLOCK-----\n"),
	  "\xef\xbb\xbf-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" },
	/* neither */
	{ VALUE("mDMEAA=="), "mDMEAA==\n" },
};

static void test_values(void **state G_GNUC_UNUSED)
{
	GByteArray *all = g_byte_array_new();
	GString *expected = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		GByteArray *text = g_byte_array_new();

		test_case(values[i].expected, i);
		ldap_value_append(text, values[i].value, values[i].size);
		ldap_value_append(all, values[i].value, values[i].size);
		g_string_append(expected, values[i].expected);
		assert_bytes(text->data, text->len, values[i].expected,
			     strlen(values[i].expected));
		g_byte_array_unref(text);
	}
	assert_bytes(all->data, all->len, expected->str, expected->len);
	g_string_free(expected, TRUE);
	g_byte_array_unref(all);
}

/* Lines of 64 characters, the last one shorter */
static void test_long_value(void **state G_GNUC_UNUSED)
{
	for (size_t size = 2; size < 300; size++) {
		GByteArray *text = g_byte_array_new();
		guint8 *value = g_malloc0(size);
		char **lines;
		guint count;

		value[0] = 0x99;
		ldap_value_append(text, value, size);
		g_byte_array_append(text, (const guint8 *)"", 1);
		lines = g_strsplit((const char *)text->data, "\n", -1);
		count = g_strv_length(lines);
		test_case("size", size);
		assert_int_equal(count, 4 + (4 * ((size + 2) / 3) + 63) / 64);
		for (guint i = 2; i + 3 < count; i++)
			assert_int_equal(strlen(lines[i]), 64);
		g_strfreev(lines);
		g_free(value);
		g_byte_array_unref(text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_configs),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_attribute_names),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_long_value),
	};

	return cmocka_run_group_tests_name("ldap", tests, NULL, NULL);
}
