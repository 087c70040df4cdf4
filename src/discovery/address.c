/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "address.h"

#include <string.h>

/* RFC 1035 section 2.3.4: 255 octets, with the length of each label */
#define DOMAIN_SIZE_MAX 253
#define LABEL_SIZE_MAX 63
#define DNS_LABEL_OCTETS 28
#define SHA1_OCTETS 20

/* RFC 7929 section 3, 2: quotes are no part of it. Returns NULL if it is
   wrong. */
static char *local_part_new(const char *start, const char *end)
{
	GString *local_part = g_string_new(NULL);
	const bool quoted = end - start >= 2 && *start == '"' &&
		end[-1] == '"';

	if (quoted) {
		start++;
		end--;
	}
	for (const char *pos = start; pos < end; pos++) {
		if (quoted && *pos == '\\' && pos + 1 < end)
			pos++;
		g_string_append_c(local_part, *pos);
	}
	for (gsize i = 0; i < local_part->len; i++) {
		if (g_ascii_iscntrl(local_part->str[i])) {
			g_string_truncate(local_part, 0);
			break;
		}
	}
	if (local_part->len > 0 &&
	    g_utf8_validate(local_part->str, local_part->len, NULL))
		return g_string_free(local_part, FALSE);
	g_string_free(local_part, TRUE);
	return NULL;
}

/* Letters, digits, hyphens, and underscores, which are some networks' own */
static bool is_domain(const char *domain)
{
	size_t label = 0;

	if (strlen(domain) > DOMAIN_SIZE_MAX)
		return false;
	for (const char *pos = domain; ; pos++) {
		if (*pos == '.' || *pos == '\0') {
			if (label == 0 || label > LABEL_SIZE_MAX)
				return false;
			if (*pos == '\0')
				return true;
			label = 0;
		} else if (g_ascii_isalnum(*pos) || *pos == '-' ||
			   *pos == '_') {
			label++;
		} else {
			return false;
		}
	}
}

/* Returns NULL if it is none. */
static char *domain_new(const char *domain)
{
	const size_t size = strlen(domain);
	char *name = g_strndup(domain, size > 1 && domain[size - 1] == '.' ?
			       size - 1 : size);
	char *ascii = g_hostname_to_ascii(name);
	char *lower = ascii == NULL ? NULL : g_ascii_strdown(ascii, -1);

	g_free(name);
	g_free(ascii);
	if (lower != NULL && is_domain(lower))
		return lower;
	g_free(lower);
	return NULL;
}

bool discovery_address_parse(const char *address,
			     struct discovery_address *address_r)
{
	const char *at = strrchr(address, '@');

	address_r->local_part = NULL;
	address_r->domain = NULL;
	if (at == NULL || !g_utf8_validate(address, -1, NULL))
		return false;
	address_r->local_part = local_part_new(address, at);
	address_r->domain = domain_new(at + 1);
	if (address_r->local_part != NULL && address_r->domain != NULL)
		return true;
	discovery_address_clear(address_r);
	return false;
}

void discovery_address_clear(struct discovery_address *address)
{
	g_clear_pointer(&address->local_part, g_free);
	g_clear_pointer(&address->domain, g_free);
}

/* Not as the locale has it (g_utf8_strdown()): the publisher doesn't know
   ours. */
static char *to_lower(const char *text)
{
	GString *lower = g_string_new(NULL);

	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		g_string_append_unichar(lower,
			g_unichar_tolower(g_utf8_get_char(text)));
	}
	return g_string_free(lower, FALSE);
}

char *discovery_address_dns_local_part(const char *local_part, bool lower)
{
	char *text = lower ? to_lower(local_part) : g_strdup(local_part);
	char *normalized = g_utf8_normalize(text, -1, G_NORMALIZE_NFC);

	g_free(text);
	return normalized;
}

char *discovery_address_dns_label(const char *local_part)
{
	char *label = g_compute_checksum_for_string(G_CHECKSUM_SHA256,
						    local_part, -1);

	label[2 * DNS_LABEL_OCTETS] = '\0';
	return label;
}

/* RFC 6189 section 5.1.6; 20 octets are 32 characters without a rest. */
static char *zbase32(const guint8 *data, gsize size)
{
	static const char digits[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
	GString *text = g_string_new(NULL);
	guint bits = 0, value = 0;

	for (gsize i = 0; i < size; i++) {
		value = (value << 8 | data[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5) {
			g_string_append_c(text,
				digits[value >> (bits - 5) & 0x1f]);
		}
	}
	return g_string_free(text, FALSE);
}

char *discovery_address_wkd_name(const char *local_part)
{
	char *lower = g_ascii_strdown(local_part, -1);
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[SHA1_OCTETS];
	gsize size = sizeof(digest);
	char *name;

	g_checksum_update(checksum, (const guchar *)lower, -1);
	g_checksum_get_digest(checksum, digest, &size);
	name = zbase32(digest, size);
	g_checksum_free(checksum);
	g_free(lower);
	return name;
}
