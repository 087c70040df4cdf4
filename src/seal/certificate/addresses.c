/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "addresses.h"
#include "signature.h"
#include "../format/openpgp-packet.h"
#include "../openssl/x509-addresses.h"
#include "../message/seal.h"

#include <gmime/gmime.h>
#include <string.h>

/* RFC 9580 section 5 */
#define TAG_SIGNATURE 2
#define TAG_USER_ID 13

/*
 * Reading user IDs
 */

/* Is there nothing but blanks and one comment? */
static bool is_comment(const char *text, size_t size)
{
	while (size > 0 && g_ascii_isspace(*text)) {
		text++;
		size--;
	}
	while (size > 0 && g_ascii_isspace(text[size - 1]))
		size--;
	return size == 0 ||
		(size > 1 && text[0] == '(' && text[size - 1] == ')');
}

/* GMime finds an address where others would find another, or none. */
static bool is_all_there_is(const char *text, const char *address)
{
	const char *start = g_strrstr(text, address);
	const char *end = start == NULL ? NULL : start + strlen(address);

	return start != NULL && is_comment(text, start - text) &&
		is_comment(end, strlen(end));
}

/* Returns the address of a text that is nothing but one, or NULL. */
static char *bare_address(const char *text)
{
	InternetAddressList *list = internet_address_list_parse(NULL, text);
	InternetAddress *first;
	const char *found = NULL;
	char *address = NULL;

	if (list == NULL)
		return NULL;
	if (internet_address_list_length(list) == 1) {
		first = internet_address_list_get_address(list, 0);
		if (INTERNET_ADDRESS_IS_MAILBOX(first)) {
			found = internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(first));
		}
	}
	if (found != NULL && is_all_there_is(text, found))
		address = g_strdup(found);
	g_object_unref(list);
	return address;
}

/* A display name may hold what it likes, unquoted commas too: "Liddell, Alice
   <alice@example.org>" is common. gpg, too, looks for angle brackets first. */
char *certificate_user_id_address(const char *user_id)
{
	const char *angle = strrchr(user_id, '<');
	char *address = NULL;

	if (angle != NULL) {
		address = g_strndup(angle + 1, strcspn(angle + 1, ">"));
		g_strstrip(address);
	} else if (g_utf8_validate(user_id, -1, NULL)) {
		/* user IDs may be Latin-1 */
		seal_library_init();
		address = bare_address(user_id);
	}
	if (address == NULL) {
		/* not one that can be read is not none */
		address = g_strdup(user_id);
	}
	if (strchr(address, '@') == NULL) {
		g_free(address);
		address = NULL;
	}
	return address;
}

/* Does the certificate's owner vouch with this signature for a user ID, and
   not any more? */
static bool
is_own_word(const struct certificate *certificate, const uint8_t *body,
	    size_t size, time_t now, bool *expired_r)
{
	const struct certificate_key *primary = certificate->keys;
	struct signature_times times;

	if (!signature_is_certification(body, size) ||
	    signature_is_anothers_certification(body, size,
						primary->fingerprint,
						primary->fingerprint_size) ||
	    !signature_times_read(body, size, &times))
		return false;
	*expired_r = times.lifetime != 0 &&
		times.created + (time_t)times.lifetime <= now;
	return true;
}

/* The judge doesn't say that: GPGME has no word for it. */
static bool
user_id_has_expired(const struct certificate *certificate, const char *name,
		    time_t now)
{
	struct openpgp_packet_header header;
	gsize size;
	const uint8_t *data = g_bytes_get_data(certificate->data, &size);
	bool is_it = false, one_expired = false, expired;

	while (certificate->key_count > 0 &&
	       openpgp_packet_read(data, size, &header) &&
	       header.body_size <= size - header.header_size) {
		const uint8_t *body = data + header.header_size;

		if ((unsigned int)header.tag != TAG_SIGNATURE) {
			is_it = (unsigned int)header.tag == TAG_USER_ID &&
				header.body_size == strlen(name) &&
				memcmp(body, name, header.body_size) == 0;
		} else if (is_it && is_own_word(certificate, body,
						header.body_size, now,
						&expired)) {
			if (!expired)
				return false;
			one_expired = true;
		}
		size -= header.header_size + header.body_size;
		data = body + header.body_size;
	}
	return one_expired;
}

GPtrArray *certificate_addresses(const struct certificate *certificate)
{
	GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
	const time_t now = time(NULL);

	if (certificate->kind == CERTIFICATE_KIND_X509) {
		x509_addresses(certificate->data, addresses);
		return addresses;
	}
	for (char **name = certificate->names;
	     name != NULL && *name != NULL; name++) {
		char *address =
			user_id_has_expired(certificate, *name, now) ? NULL :
			certificate_user_id_address(*name);

		if (address != NULL)
			g_ptr_array_add(addresses, address);
	}
	return addresses;
}

/* Returns the address with its domain as it is in DNS. */
static char *address_to_dns(const char *address)
{
	const char *at = strrchr(address, '@');
	char *domain = at == NULL ? NULL : g_hostname_to_ascii(at + 1);
	char *converted;

	converted = domain == NULL ? g_strdup(address) :
		g_strdup_printf("%.*s%s", (int)(at + 1 - address), address,
				domain);
	g_free(domain);
	return converted;
}

bool certificate_addresses_have(const GPtrArray *addresses,
				const char *address)
{
	char *wanted = address_to_dns(address);
	bool found = false;

	for (guint i = 0; !found && i < addresses->len; i++) {
		char *named = address_to_dns(addresses->pdata[i]);

		found = g_ascii_strcasecmp(wanted, named) == 0;
		g_free(named);
	}
	g_free(wanted);
	return found;
}
