/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The mail addresses in an X.509 certificate. By hand, because
   X509_get1_email() takes only those that are ASCII, and a subject's name
   can't be told from them once it is text. */

#include "x509-addresses.h"
#include "openssl-common.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

/* RFC 9598 section 3 */
#define OID_SMTP_UTF8_MAILBOX "1.3.6.1.5.5.7.8.9"

static void add_string(const ASN1_STRING *string, GPtrArray *addresses)
{
	unsigned char *text = NULL;
	int size = string == NULL ? -1 : ASN1_STRING_to_UTF8(&text, string);

	/* what has a NUL in it is shorter for one reader than for another */
	if (size > 0 && memchr(text, '\0', size) == NULL &&
	    memchr(text, '@', size) != NULL)
		g_ptr_array_add(addresses, g_strndup((char *)text, size));
	if (size >= 0)
		OPENSSL_free(text);
}

static void add_subject(X509 *x509, GPtrArray *addresses)
{
	const X509_NAME *subject = X509_get_subject_name(x509);
	int i = -1;

	while ((i = X509_NAME_get_index_by_NID((X509_NAME *)subject,
			NID_pkcs9_emailAddress, i)) >= 0) {
		add_string(X509_NAME_ENTRY_get_data(
				X509_NAME_get_entry(subject, i)), addresses);
	}
}

static bool is_smtp_utf8_mailbox(const OTHERNAME *name)
{
	char oid[64];

	return OBJ_obj2txt(oid, sizeof(oid), name->type_id, 1) > 0 &&
		strcmp(oid, OID_SMTP_UTF8_MAILBOX) == 0 &&
		name->value->type == V_ASN1_UTF8STRING;
}

static void add_alternative(const GENERAL_NAME *name, GPtrArray *addresses)
{
	int type;
	void *value = GENERAL_NAME_get0_value(name, &type);

	if (type == GEN_EMAIL) {
		add_string(value, addresses);
	} else if (type == GEN_OTHERNAME && is_smtp_utf8_mailbox(value)) {
		add_string(((OTHERNAME *)value)->value->value.utf8string,
			   addresses);
	}
}

void x509_addresses(GBytes *der, GPtrArray *addresses)
{
	gsize size;
	const unsigned char *pos = g_bytes_get_data(der, &size);
	X509 *x509 = d2i_X509(NULL, &pos, size);
	GENERAL_NAMES *names;

	if (x509 != NULL) {
		add_subject(x509, addresses);
		names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL,
					 NULL);
		for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
			add_alternative(sk_GENERAL_NAME_value(names, i),
					addresses);
		}
		GENERAL_NAMES_free(names);
	}
	X509_free(x509);
	/* no errors of ours for those who come after us */
	openssl_begin();
}
