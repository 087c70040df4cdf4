/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-keys.h"
#include "../format/openpgp-packet.h"

#define TAG_SIGNATURE 2

size_t openpgp_fingerprint(const uint8_t *body, size_t size,
			   uint8_t fingerprint_r[OPENPGP_FINGERPRINT_MAX])
{
	gsize digest_size = OPENPGP_FINGERPRINT_MAX;
	const bool v4 = size > 0 && body[0] == 4;
	uint8_t start[5];
	size_t start_size = 0;
	GChecksum *checksum;

	/* version 5 is LibrePGP's */
	if (size < 6 || body[0] < 4 || body[0] > 6 || (v4 && size > 0xffff))
		return 0;
	start[start_size++] = v4 ? 0x99 : body[0] == 5 ? 0x9a : 0x9b;
	for (int shift = v4 ? 8 : 24; shift >= 0; shift -= 8)
		start[start_size++] = (uint8_t)(size >> shift);
	checksum = g_checksum_new(v4 ? G_CHECKSUM_SHA1 : G_CHECKSUM_SHA256);
	g_checksum_update(checksum, start, start_size);
	g_checksum_update(checksum, body, size);
	g_checksum_get_digest(checksum, fingerprint_r, &digest_size);
	g_checksum_free(checksum);
	return digest_size;
}

uint64_t openpgp_key_id(const uint8_t *fingerprint, size_t size)
{
	/* of version 4 it is the end, later the beginning */
	size_t start = size == 20 ? 12 : 0;
	uint64_t id = 0;

	for (size_t i = 0; i < 8 && start + i < size; i++)
		id = id << 8 | fingerprint[start + i];
	return id;
}

char *openpgp_fingerprint_hex(const uint8_t *fingerprint, size_t size)
{
	GString *text = g_string_sized_new(2 * size);

	for (size_t i = 0; i < size; i++)
		g_string_append_printf(text, "%02X", fingerprint[i]);
	return g_string_free(text, FALSE);
}

/* RFC 9580 section 9.1. Of those that not every gpg knows the judge must say
   something first. */
static enum certificate_algorithm algorithm_of(uint8_t id)
{
	switch (id) {
	case 1:
	case 2:
	case 3:
		return CERTIFICATE_ALGORITHM_RSA;
	case 16:
	case 20:
		return CERTIFICATE_ALGORITHM_ELGAMAL;
	case 17:
		return CERTIFICATE_ALGORITHM_DSA;
	case 18:
	case 19:
	case 22:
		return CERTIFICATE_ALGORITHM_EC;
	default:
		return CERTIFICATE_ALGORITHM_UNKNOWN;
	}
}

static void
append_key(GArray *keys, const uint8_t *body, size_t size)
{
	struct certificate_key key = {
		.packet = body,
		.packet_size = size,
		.invalid = true
	};

	/* what isn't a key to us is none to the engine */
	key.fingerprint_size = openpgp_fingerprint(body, size,
						   key.fingerprint);
	if (key.fingerprint_size == 0)
		return;
	key.id = openpgp_key_id(key.fingerprint, key.fingerprint_size);
	key.algorithm = algorithm_of(body[5]);
	g_array_append_val(keys, key);
}

void certificate_set_keys(struct certificate *certificate)
{
	GArray *keys = g_array_new(FALSE, TRUE,
				   sizeof(struct certificate_key));
	struct openpgp_packet_header header;
	gsize size;
	const uint8_t *data = g_bytes_get_data(certificate->data, &size);

	while (openpgp_packet_read(data, size, &header)) {
		if (header.tag == OPENPGP_PUBLIC_KEY ||
		    header.tag == OPENPGP_PUBLIC_SUBKEY) {
			append_key(keys, data + header.header_size,
				   header.body_size);
		}
		data += header.header_size + header.body_size;
		size -= header.header_size + header.body_size;
	}
	certificate->key_count = keys->len;
	certificate->keys =
		(struct certificate_key *)g_array_free(keys, FALSE);
}

GBytes *certificate_reduced(const struct certificate *certificate,
			    const struct certificate_key *key)
{
	struct openpgp_packet_header header;
	GByteArray *out = g_byte_array_new();
	bool take = true;
	gsize size;
	const uint8_t *data = g_bytes_get_data(certificate->data, &size);

	while (openpgp_packet_read(data, size, &header)) {
		const size_t packet_size =
			header.header_size + header.body_size;

		if ((unsigned int)header.tag != TAG_SIGNATURE) {
			take = header.tag != OPENPGP_PUBLIC_SUBKEY ||
				data + header.header_size == key->packet;
		}
		if (take)
			g_byte_array_append(out, data, packet_size);
		data += packet_size;
		size -= packet_size;
	}
	return g_byte_array_free_to_bytes(out);
}
