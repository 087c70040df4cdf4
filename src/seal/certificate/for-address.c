/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "for-address.h"
#include "addresses.h"
#include "../format/openpgp-packet.h"

#include <string.h>

/* RFC 9580 section 5 */
#define TAG_SIGNATURE 2
#define TAG_USER_ID 13

static bool
user_id_has(const uint8_t *body, size_t size, const char *address)
{
	GPtrArray *addresses;
	char *user_id, *named;
	bool has;

	/* what is behind a NUL isn't seen by everybody */
	if (memchr(body, '\0', size) != NULL)
		return false;
	addresses = g_ptr_array_new_with_free_func(g_free);
	user_id = g_strndup((const char *)body, size);
	named = certificate_user_id_address(user_id);
	if (named != NULL)
		g_ptr_array_add(addresses, named);
	has = certificate_addresses_have(addresses, address);
	g_free(user_id);
	g_ptr_array_unref(addresses);
	return has;
}

static bool
is_wanted(const struct openpgp_packet_header *header, const uint8_t *body,
	  const char *address)
{
	return header->tag == OPENPGP_PUBLIC_KEY ||
		header->tag == OPENPGP_PUBLIC_SUBKEY ||
		((unsigned int)header->tag == TAG_USER_ID &&
		 user_id_has(body, header->body_size, address));
}

/* A signature belongs to what it stands behind. */
static GBytes *
openpgp_for_address(GBytes *certificate, const char *address)
{
	struct openpgp_packet_header header;
	GByteArray *out = g_byte_array_new();
	bool take = false;
	gsize size;
	const uint8_t *data = g_bytes_get_data(certificate, &size);

	while (openpgp_packet_read(data, size, &header)) {
		const size_t packet_size =
			header.header_size + header.body_size;

		if (packet_size > size)
			break;
		if ((unsigned int)header.tag != TAG_SIGNATURE) {
			take = is_wanted(&header, data + header.header_size,
					 address);
		}
		if (take)
			g_byte_array_append(out, data, packet_size);
		data += packet_size;
		size -= packet_size;
	}
	return g_byte_array_free_to_bytes(out);
}

GBytes *certificate_for_address(const struct certificate *certificate,
				const char *address, bool *changed_r)
{
	GBytes *bytes;

	*changed_r = false;
	if (certificate->kind == CERTIFICATE_KIND_X509)
		return g_bytes_ref(certificate->data);
	bytes = openpgp_for_address(certificate->data, address);
	*changed_r = g_bytes_get_size(bytes) <
		g_bytes_get_size(certificate->data);
	return bytes;
}
