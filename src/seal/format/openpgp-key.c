/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-key.h"

#include <string.h>

/* Octets of version, creation time and algorithm, RFC 9580 section 5.5.2.2 */
#define KEY_START_SIZE 6
#define X25519_SIZE 32
#define X448_SIZE 56
/* What RSA below this is called weak everywhere, and above this is too large
   for libcrypto; bits. */
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 16384
/* libcrypto takes larger exponents with a small modulus only: OpenSSL's
   crypto/rsa/rsa_ossl.c, rsa_ossl_public_encrypt(). */
#define RSA_SMALL_BITS 3072
#define RSA_LARGE_EXPONENT_BITS 64

/* RFC 9580 section 9.2: an identifier's bytes in DER, without tag and
   length */
static const struct {
	enum openpgp_curve curve;
	/* bytes of a coordinate, section 9.2.1 */
	size_t size;
	uint8_t oid_size;
	uint8_t oid[10];
} curves[] = {
	{ OPENPGP_CURVE25519, 32, 10,
	  { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01 } },
	/* only by its algorithm */
	{ OPENPGP_CURVE448, 56, 0, { 0 } },
	{ OPENPGP_NIST_P256, 32, 8,
	  { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 } },
	{ OPENPGP_NIST_P384, 48, 5, { 0x2b, 0x81, 0x04, 0x00, 0x22 } },
	{ OPENPGP_NIST_P521, 66, 5, { 0x2b, 0x81, 0x04, 0x00, 0x23 } },
	{ OPENPGP_BRAINPOOL_P256, 32, 9,
	  { 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07 } },
	{ OPENPGP_BRAINPOOL_P384, 48, 9,
	  { 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b } },
	{ OPENPGP_BRAINPOOL_P512, 64, 9,
	  { 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d } }
};
#define CURVE_COUNT (sizeof(curves) / sizeof(curves[0]))

size_t openpgp_curve_size(enum openpgp_curve curve)
{
	/* the table is in the enum's order */
	return curves[curve].size;
}

size_t openpgp_cipher_key_size(enum openpgp_cipher cipher)
{
	switch (cipher) {
	case OPENPGP_AES128:
		return 16;
	case OPENPGP_AES192:
		return 24;
	case OPENPGP_AES256:
		return 32;
	}
	return 0;
}

/* What is left of the packet */
struct reader {
	const uint8_t *data;
	size_t size;
};

static bool
take(struct reader *reader, size_t size, struct openpgp_field *field_r)
{
	if (reader->size < size)
		return false;
	field_r->data = reader->data;
	field_r->size = size;
	reader->data += size;
	reader->size -= size;
	return true;
}

/* RFC 9580 section 3.2: two octets say how many bits follow. Some programs
   wrote zeros in front, which don't change the number. */
static bool take_number(struct reader *reader, struct openpgp_field *field_r)
{
	struct openpgp_field bits;

	if (!take(reader, 2, &bits) ||
	    !take(reader, ((bits.data[0] << 8 | bits.data[1]) + 7) / 8,
		  field_r))
		return false;
	while (field_r->size > 0 && field_r->data[0] == 0) {
		field_r->data++;
		field_r->size--;
	}
	return true;
}

static enum openpgp_key_result bad(const char **reason_r, const char *reason)
{
	*reason_r = reason;
	return OPENPGP_KEY_BAD;
}

static enum openpgp_key_result
unknown(const char **reason_r, const char *reason)
{
	*reason_r = reason;
	return OPENPGP_KEY_UNKNOWN;
}

static size_t number_bits(const struct openpgp_field *number)
{
	size_t bits = number->size * 8;

	if (bits == 0)
		return 0;
	for (uint8_t first = number->data[0]; (first & 0x80) == 0; first <<= 1)
		bits--;
	return bits;
}

static bool number_is_odd(const struct openpgp_field *number)
{
	return number->size > 0 && (number->data[number->size - 1] & 1) != 0;
}

/* RFC 8017 section 3.1: both are odd, and the exponent is at least 3. With an
   exponent of 1 the session key would be readable. */
static enum openpgp_key_result
read_rsa(struct reader *reader, struct openpgp_key *key, const char **reason_r)
{
	size_t bits;

	if (!take_number(reader, &key->modulus) ||
	    !take_number(reader, &key->exponent))
		return bad(reason_r, "its packet is cut off");
	bits = number_bits(&key->modulus);
	if (bits < RSA_BITS_MIN)
		return bad(reason_r, "its RSA modulus is too small");
	if (bits > RSA_BITS_MAX)
		return unknown(reason_r, "its RSA modulus is too large");
	if (!number_is_odd(&key->modulus))
		return bad(reason_r, "its RSA modulus is even");
	if (!number_is_odd(&key->exponent) || number_bits(&key->exponent) < 2)
		return bad(reason_r, "its RSA exponent is even or too small");
	if (number_bits(&key->exponent) >= bits)
		return bad(reason_r, "its RSA exponent is too large");
	if (bits > RSA_SMALL_BITS &&
	    number_bits(&key->exponent) > RSA_LARGE_EXPONENT_BITS)
		return unknown(reason_r, "its RSA exponent is too large");
	return OPENPGP_KEY_OK;
}

/* first < second */
static bool
number_is_below(const struct openpgp_field *first,
		const struct openpgp_field *second)
{
	if (first->size != second->size)
		return first->size < second->size;
	return memcmp(first->data, second->data, first->size) < 0;
}

/* Is it 0, 1 or -1 modulo this number, or not below it? Powers of these are no
   secret. */
static bool
number_is_trivial(const struct openpgp_field *number,
		  const struct openpgp_field *modulus)
{
	const size_t last = modulus->size - 1;

	return number_bits(number) < 2 || !number_is_below(number, modulus) ||
		(number->size == modulus->size &&
		 memcmp(number->data, modulus->data, last) == 0 &&
		 number->data[last] == modulus->data[last] - 1);
}

/* RFC 9580 section 5.5.5.3: p, g, y. Another engine encrypts to it, but doesn't
   look whether the session key would be readable. */
static enum openpgp_key_result
read_elgamal(struct reader *reader, const char **reason_r)
{
	struct openpgp_field modulus, generator, value;

	if (!take_number(reader, &modulus) ||
	    !take_number(reader, &generator) || !take_number(reader, &value))
		return bad(reason_r, "its packet is cut off");
	if (!number_is_odd(&modulus) ||
	    number_is_trivial(&generator, &modulus) ||
	    number_is_trivial(&value, &modulus))
		return bad(reason_r, "its ElGamal numbers make no key");
	return unknown(reason_r, "its algorithm isn't known");
}

static bool find_curve(struct openpgp_key *key)
{
	for (size_t i = 0; i < CURVE_COUNT; i++) {
		if (curves[i].oid_size > 0 &&
		    curves[i].oid_size == key->oid.size &&
		    memcmp(curves[i].oid, key->oid.data, key->oid.size) == 0) {
			key->curve = curves[i].curve;
			return true;
		}
	}
	return false;
}

/* RFC 9580 section 11.2: the first octet says how the point is written. */
static enum openpgp_key_result
check_point(struct openpgp_key *key, const char **reason_r)
{
	const size_t size = openpgp_curve_size(key->curve);

	if (key->curve == OPENPGP_CURVE25519) {
		if (key->point.size != 1 + size || key->point.data[0] != 0x40)
			return bad(reason_r, "its point isn't 0x40 and 32 "
				   "octets, as the standard wants it");
		key->point.data++;
		key->point.size--;
	} else if (key->point.size != 1 + 2 * size ||
		   key->point.data[0] != 4) {
		return bad(reason_r, "its point isn't 0x04 and two "
			   "coordinates, as the standard wants it");
	}
	return OPENPGP_KEY_OK;
}

/* RFC 9580 section 5.5.5.6: a size, 1, hash, cipher */
static enum openpgp_key_result
read_kdf(struct reader *reader, struct openpgp_key *key, const char **reason_r)
{
	struct openpgp_field kdf;

	if (!take(reader, 4, &kdf))
		return bad(reason_r, "its packet is cut off");
	if (kdf.data[0] != 3 || kdf.data[1] != 1)
		return bad(reason_r, "its KDF parameters are none that the "
			   "standard knows");
	/* section 9.5: not with MD5, SHA-1 or RIPEMD-160 */
	if (kdf.data[2] < OPENPGP_SHA256 || kdf.data[2] > OPENPGP_SHA512)
		return bad(reason_r, "its KDF hash is none that the standard "
			   "allows");
	/* section 11.5.1: AES wraps */
	if (kdf.data[3] < OPENPGP_AES128 || kdf.data[3] > OPENPGP_AES256)
		return bad(reason_r, "its KDF cipher is none that the standard "
			   "allows");
	key->kdf_hash = kdf.data[2];
	key->kdf_cipher = kdf.data[3];
	return OPENPGP_KEY_OK;
}

static enum openpgp_key_result
read_ecdh(struct reader *reader, struct openpgp_key *key,
	  const char **reason_r)
{
	enum openpgp_key_result result;
	struct openpgp_field size;

	if (!take(reader, 1, &size) ||
	    !take(reader, size.data[0], &key->oid))
		return bad(reason_r, "its packet is cut off");
	if (!find_curve(key))
		return unknown(reason_r, "its elliptic curve isn't known");
	if (!take_number(reader, &key->point))
		return bad(reason_r, "its packet is cut off");
	result = check_point(key, reason_r);
	return result != OPENPGP_KEY_OK ? result :
		read_kdf(reader, key, reason_r);
}

/* RFC 9580 sections 5.5.5.7 and 5.5.5.8 */
static enum openpgp_key_result
read_native(struct reader *reader, struct openpgp_key *key,
	    enum openpgp_curve curve, const char **reason_r)
{
	key->curve = curve;
	return take(reader, openpgp_curve_size(curve), &key->point) ?
		OPENPGP_KEY_OK : bad(reason_r, "its packet is cut off");
}

enum openpgp_key_result
openpgp_key_read(const uint8_t *packet, size_t size,
		 struct openpgp_key *key_r, const char **reason_r)
{
	struct reader reader = { .data = packet, .size = size };
	struct openpgp_field start;
	enum openpgp_key_result result;

	memset(key_r, 0, sizeof(*key_r));
	*reason_r = NULL;
	if (!take(&reader, KEY_START_SIZE, &start))
		return bad(reason_r, "its packet is cut off");
	if (start.data[0] != 4)
		return unknown(reason_r, "its version isn't known");
	key_r->algorithm = start.data[5];
	switch (key_r->algorithm) {
	case OPENPGP_RSA:
	case OPENPGP_RSA_ENCRYPT_ONLY:
		result = read_rsa(&reader, key_r, reason_r);
		break;
	case OPENPGP_ELGAMAL:
		return read_elgamal(&reader, reason_r);
	case OPENPGP_ECDH:
		result = read_ecdh(&reader, key_r, reason_r);
		break;
	case OPENPGP_X25519:
		result = read_native(&reader, key_r, OPENPGP_CURVE25519,
				     reason_r);
		break;
	case OPENPGP_X448:
		result = read_native(&reader, key_r, OPENPGP_CURVE448,
				     reason_r);
		break;
	default:
		return unknown(reason_r, "its algorithm isn't known");
	}
	if (result == OPENPGP_KEY_OK && reader.size > 0)
		return bad(reason_r, "there is more in its packet than a key");
	return result;
}
