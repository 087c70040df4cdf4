/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "certificate.h"
#include "../clock.h"

struct certificate *certificate_new(void)
{
	struct certificate *certificate = g_new0(struct certificate, 1);

	certificate->refcount = 1;
	return certificate;
}

void certificate_ref(struct certificate *certificate)
{
	certificate->refcount++;
}

void certificate_unref(struct certificate *certificate)
{
	if (--certificate->refcount > 0)
		return;
	g_free(certificate->fingerprint);
	g_strfreev(certificate->names);
	g_free(certificate->keys);
	if (certificate->data != NULL)
		g_bytes_unref(certificate->data);
	if (certificate->prepared != NULL)
		certificate->prepared_free(certificate->prepared);
	g_free(certificate);
}

/* One that was made just now is used at once, also where the clock is behind:
   that harms nobody, and mail would have to wait. When one ends is taken as it
   is, as by gpg and RFC 5280 section 4.1.2.5: its owner has known the time for
   long, and is told of it before. */
static bool
is_from_future(const struct certificate_key *key, time_t now)
{
	return key->created > now + SEAL_CLOCK_SKEW_SECS;
}

static const char *
key_problem(const struct certificate *certificate,
	    const struct certificate_key *key, time_t now)
{
	if (key->revoked)
		return "it is revoked";
	if (key->algorithm == CERTIFICATE_ALGORITHM_UNKNOWN)
		return "its algorithm isn't known to this server's GnuPG";
	if (key->expires != 0 && key->expires <= now)
		return "it has expired";
	if (is_from_future(key, now))
		return certificate->kind == CERTIFICATE_KIND_X509 ?
			"it isn't valid yet" : "it is from the future";
	if (key->invalid)
		return "it is not valid";
	return NULL;
}

/* Half a sentence about the encryption subkeys, none of which can be used */
static const char *
subkey_reason(const struct certificate *certificate,
	      const struct certificate_key *key, time_t now)
{
	if (key->revoked || (key->expires != 0 && key->expires <= now))
		return "its encryption subkey has expired or is revoked";
	if (key->algorithm == CERTIFICATE_ALGORITHM_UNKNOWN) {
		return "its encryption subkey's algorithm isn't known to this "
			"server's GnuPG";
	}
	return certificate->kind == CERTIFICATE_KIND_OPENPGP &&
		is_from_future(key, now) ?
		"its encryption subkey is from the future" :
		"its encryption subkey is not valid";
}

static bool
key_is_weak(const struct certificate_key *key, unsigned int min_rsa_bits)
{
	/* Curves are strong enough at any size that a reader lets through. */
	return key->algorithm != CERTIFICATE_ALGORITHM_EC &&
		key->bits < min_rsa_bits;
}

bool certificate_is_usable(const struct certificate *certificate, time_t now,
			   unsigned int min_rsa_bits, const char **reason_r)
{
	const struct certificate_key *primary = &certificate->keys[0];
	const char *subkey_problem = NULL;
	bool found = false;

	*reason_r = certificate->problem;
	if (*reason_r == NULL)
		*reason_r = key_problem(certificate, primary, now);
	if (*reason_r != NULL)
		return false;
	if (key_is_weak(primary, min_rsa_bits)) {
		*reason_r = "it is too weak";
		return false;
	}

	for (size_t i = 0; i < certificate->key_count; i++) {
		const struct certificate_key *key = &certificate->keys[i];
		const char *problem;

		if (!key->can_encrypt)
			continue;
		problem = key_problem(certificate, key, now);
		if (problem != NULL) {
			subkey_problem = subkey_reason(certificate, key, now);
			continue;
		}
		if (key_is_weak(key, min_rsa_bits)) {
			*reason_r = "its encryption subkey is too weak";
			return false;
		}
		found = true;
	}
	if (!found) {
		*reason_r = subkey_problem == NULL ?
			"it has no encryption subkey" : subkey_problem;
	}
	return found;
}

/* GnuPG g10/getkey.c finish_lookup(): the newest subkey; of several that were
   made in the same second, the first. */
const struct certificate_key *
certificate_encryption_key(const struct certificate *certificate, time_t now)
{
	const struct certificate_key *primary = &certificate->keys[0];
	const struct certificate_key *newest = NULL;

	if (certificate->problem != NULL || certificate->key_count == 0 ||
	    key_problem(certificate, primary, now) != NULL)
		return NULL;
	for (size_t i = 1; i < certificate->key_count; i++) {
		const struct certificate_key *key = &certificate->keys[i];

		if (key->can_encrypt &&
		    key_problem(certificate, key, now) == NULL &&
		    (newest == NULL || key->created > newest->created))
			newest = key;
	}
	return newest == NULL && primary->can_encrypt ? primary : newest;
}

static time_t earlier(time_t expires1, time_t expires2)
{
	if (expires1 == 0)
		return expires2;
	return expires2 == 0 ? expires1 : MIN(expires1, expires2);
}

bool certificate_has_key_id(const struct certificate *certificate,
			    uint64_t id)
{
	for (size_t i = 0; i < certificate->key_count; i++) {
		if (certificate->keys[i].id == id)
			return true;
	}
	return false;
}

time_t certificate_expires(const struct certificate *certificate)
{
	time_t last = 0;
	bool found = false;

	for (size_t i = 0; i < certificate->key_count; i++) {
		const struct certificate_key *key = &certificate->keys[i];

		if (!key->can_encrypt || key->revoked || key->invalid)
			continue;
		if (!found || key->expires == 0 ||
		    (last != 0 && key->expires > last))
			last = key->expires;
		found = true;
	}
	return earlier(certificate->keys[0].expires, last);
}
