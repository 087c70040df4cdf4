/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "format/openpgp-packet.h"
#include "test-openpgp-lib.h"

#include <openssl/evp.h>
#include <string.h>

/* RFC 9580 section 5.5.4.2: SHA-1 of 0x99, two octets of length, the body */
static void
key_fingerprint(struct certificate_key *key)
{
	GByteArray *hashed = g_byte_array_new();
	const uint8_t start[] = {
		0x99, key->packet_size >> 8, key->packet_size
	};

	g_byte_array_append(hashed, start, sizeof(start));
	g_byte_array_append(hashed, key->packet, key->packet_size);
	EVP_Digest(hashed->data, hashed->len, key->fingerprint, NULL,
		   EVP_sha1(), NULL);
	g_byte_array_unref(hashed);
	key->fingerprint_size = 20;
	for (int i = 12; i < 20; i++)
		key->id = key->id << 8 | key->fingerprint[i];
}

static bool can_encrypt(uint8_t algorithm)
{
	/* RFC 9580 section 9.1: RSA, ElGamal, ECDH, X25519, X448 */
	return algorithm == 1 || algorithm == 2 || algorithm == 16 ||
		algorithm == 18 || algorithm == 25 || algorithm == 26;
}

static void
add_key(GArray *keys, const uint8_t *packet, size_t size, bool primary)
{
	struct certificate_key key = {
		.packet = packet, .packet_size = size, .created = 1,
		.can_encrypt = !primary && size > 5 && can_encrypt(packet[5])
	};

	key_fingerprint(&key);
	g_snprintf(key.name, sizeof(key.name), "algorithm %u",
		   size > 5 ? packet[5] : 0);
	g_array_append_val(keys, key);
}

static struct certificate *certificate_with(GArray *keys)
{
	struct certificate *certificate = certificate_new();
	GString *fingerprint = g_string_new(NULL);

	certificate->key_count = keys->len;
	certificate->keys =
		(struct certificate_key *)g_array_free(keys, FALSE);
	for (int i = 0; i < 20; i++) {
		g_string_append_printf(fingerprint, "%02X",
			certificate->keys[0].fingerprint[i]);
	}
	certificate->fingerprint = g_string_free(fingerprint, FALSE);
	return certificate;
}

struct certificate *test_openpgp_certificate(const uint8_t *data, size_t size)
{
	GArray *keys = g_array_new(FALSE, TRUE,
				   sizeof(struct certificate_key));
	GBytes *copy = g_bytes_new(data, size);
	struct openpgp_packet_header header;
	struct certificate *certificate;

	data = g_bytes_get_data(copy, NULL);
	for (size_t pos = 0; pos < size;
	     pos += header.header_size + header.body_size) {
		if (!openpgp_packet_read(data + pos, size - pos, &header))
			break;
		if (header.tag == OPENPGP_PUBLIC_KEY ||
		    header.tag == OPENPGP_PUBLIC_SUBKEY) {
			add_key(keys, data + pos + header.header_size,
				header.body_size,
				header.tag == OPENPGP_PUBLIC_KEY);
		}
	}
	certificate = certificate_with(keys);
	certificate->data = copy;
	return certificate;
}

struct certificate *test_openpgp_key(const uint8_t *packet, size_t size)
{
	GArray *keys = g_array_new(FALSE, TRUE,
				   sizeof(struct certificate_key));
	GBytes *copy = g_bytes_new(packet, size);
	struct certificate *certificate;

	add_key(keys, g_bytes_get_data(copy, NULL), size, false);
	certificate = certificate_with(keys);
	certificate->keys[0].can_encrypt = true;
	certificate->data = copy;
	return certificate;
}

void test_openpgp_choose(struct certificate *certificate, size_t key)
{
	for (size_t i = 0; i < certificate->key_count; i++)
		certificate->keys[i].can_encrypt = i == key;
}
