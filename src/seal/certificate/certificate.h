/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What we know of a certificate, and the decision whether it may be sealed
   to. Knows nothing of how a certificate is read; see key-file.h. */

enum certificate_kind {
	CERTIFICATE_KIND_OPENPGP,
	CERTIFICATE_KIND_X509
};

enum certificate_algorithm {
	CERTIFICATE_ALGORITHM_RSA,
	CERTIFICATE_ALGORITHM_DSA,
	CERTIFICATE_ALGORITHM_ELGAMAL,
	CERTIFICATE_ALGORITHM_EC,
	/* not to the engine */
	CERTIFICATE_ALGORITHM_UNKNOWN
};

/* Where a certificate comes from; bits, as it may be in both. */
enum certificate_role {
	CERTIFICATE_OWNER = 1,
	/* an organisation's, to which everybody's mail is sealed too */
	CERTIFICATE_EXTRA = 2
};

/* A primary key or a subkey */
struct certificate_key {
	enum certificate_algorithm algorithm;
	unsigned int bits;
	/* X.509: the first second in which it is valid */
	time_t created;
	/* the first second in which it isn't; 0 = never */
	time_t expires;
	bool can_encrypt;
	bool revoked;
	/* the engine refuses it: a bad self-signature, an unknown algorithm */
	bool invalid;
	/* algorithm and size as the engine writes them, like "rsa2048" */
	char name[24];
	/* OpenPGP: what a session key packet calls it */
	uint64_t id;
	/* OpenPGP: 20 bytes of a version 4 key, 32 of a version 6 key */
	uint8_t fingerprint[32];
	uint8_t fingerprint_size;
	/* OpenPGP: the body of its key packet (RFC 9580 section 5.5.2), within
	   the certificate's data */
	const uint8_t *packet;
	size_t packet_size;
};

struct certificate {
	unsigned int refcount;
	enum certificate_kind kind;
	unsigned int roles;
	/* hexadecimal, upper case; of X.509 the certificate's SHA-256 */
	char *fingerprint;
	/* whose it says it is: user IDs, or the subject's name and mail
	   addresses. NULL-terminated, or NULL */
	char **names;
	/* keys[0] is the primary key; X.509 has only that */
	struct certificate_key *keys;
	size_t key_count;
	/* why it can't be used at any time, half a sentence, or NULL */
	const char *problem;
	/* the certificate itself, binary; OpenPGP: without certifications by
	   others, merged of all copies there were */
	GBytes *data;

	/* What the engine has made of it to use it again and again, or NULL;
	   and how that is freed. */
	void *prepared;
	GDestroyNotify prepared_free;
};

/* A new certificate has one reference. */
struct certificate *certificate_new(void);
void certificate_ref(struct certificate *certificate);
void certificate_unref(struct certificate *certificate);

/* May a message be sealed to it at this time? If not, *reason_r is half a
   sentence like "it has expired". Strength is asked of the primary key, which
   vouches for the subkeys, and of every subkey the engine could choose. */
bool certificate_is_usable(const struct certificate *certificate, time_t now,
			   unsigned int min_rsa_bits, const char **reason_r);
/* Is one of its keys called this? */
bool certificate_has_key_id(const struct certificate *certificate,
			    uint64_t id);
/* OpenPGP: the key that a message is sealed to at this time, the newest of
   those that can be used, as gpg chooses. It stays the certificate's. NULL if
   there is none. */
const struct certificate_key *
certificate_encryption_key(const struct certificate *certificate, time_t now);
/* When it expires for good: the primary key, or the last of the subkeys that
   can encrypt. 0 = never */
time_t certificate_expires(const struct certificate *certificate);

#endif
