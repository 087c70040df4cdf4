/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "keyring-home.h"
#include "gpg-context.h"

#include <string.h>

/* Returns the fingerprint that a name is, without the 0x some write in front
   of it, or NULL. */
static const char *name_fingerprint(const char *name)
{
	size_t length;

	if (g_ascii_strncasecmp(name, "0x", 2) == 0)
		name += 2;
	length = strlen(name);
	/* version 4, and version 5 or 6 */
	return (length == 40 || length == 64) &&
		strspn(name, "0123456789abcdefABCDEF") == length ? name : NULL;
}

/* An address is a user ID's whole addr-spec, ASCII case folded. A revoked
   user ID doesn't say any more that the key is its owner's. */
static bool key_has_address(gpgme_key_t key, const char *address)
{
	for (gpgme_user_id_t uid = key->uids; uid != NULL; uid = uid->next) {
		if (!uid->revoked && !uid->invalid && uid->address != NULL &&
		    g_ascii_strcasecmp(uid->address, address) == 0)
			return true;
	}
	return false;
}

static bool key_matches(gpgme_key_t key, const char *name)
{
	const char *fingerprint = name_fingerprint(name);

	if (key->subkeys == NULL || key->subkeys->fpr == NULL)
		return false;
	return fingerprint != NULL ?
		g_ascii_strcasecmp(key->subkeys->fpr, fingerprint) == 0 :
		key_has_address(key, name);
}

/* Returns the fingerprint of the one key of that name, or NULL: without an
   error if there is none. */
static char *
home_find_key(const char *home, const char *name, unsigned int timeout_secs,
	      struct seal_error *error)
{
	struct gpg_context *context;
	GPtrArray *keys;
	gpgme_error_t err;
	char *fingerprint = NULL;
	unsigned int found = 0;
	int ret;

	if (name_fingerprint(name) == NULL && strchr(name, '@') == NULL) {
		/* it could never match, and never would anybody notice */
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "\"%s\" is neither an address nor a "
			       "fingerprint (mail_seal_recipients)", name);
		return NULL;
	}
	context = gpg_context_get(home, timeout_secs, error);
	if (context == NULL)
		return NULL;
	keys = gpg_key_array_new();
	gpg_context_set_keys(context, keys);
	/* without a pattern: what matches is for us to say, not for gpg's
	   idea of substrings */
	err = gpgme_op_keylist_start(gpg_context_gpgme(context), NULL, 0);
	ret = gpg_context_started(context, err, error);
	if (ret == 0)
		ret = gpg_context_finish(context, error);
	for (guint i = 0; ret == 0 && i < keys->len; i++) {
		if (!key_matches(keys->pdata[i], name))
			continue;
		if (found++ == 0) {
			fingerprint = g_strdup(
				((gpgme_key_t)keys->pdata[i])->subkeys->fpr);
		}
	}
	if (ret == 0 && found == 0 && name_fingerprint(name) != NULL) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "the certificate %s isn't in it", name);
	}
	if (found > 1) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "there are %u certificates for %s; only a "
			       "fingerprint can say which (mail_seal_"
			       "recipients)", found, name);
		g_free(fingerprint);
		fingerprint = NULL;
	}
	gpg_context_put(&context);
	g_ptr_array_unref(keys);
	return fingerprint;
}

static int
home_export_key(const char *home, const char *fingerprint,
		unsigned int timeout_secs, GByteArray *out,
		struct seal_error *error)
{
	struct gpg_context *context;
	gpgme_data_t data = NULL;
	gpgme_error_t err;
	size_t size;
	char *exported;
	int ret;

	context = gpg_context_get(home, timeout_secs, error);
	if (context == NULL)
		return -1;
	err = gpgme_data_new(&data);
	if (err == 0) {
		gpgme_set_armor(gpg_context_gpgme(context), 0);
		err = gpgme_op_export_start(gpg_context_gpgme(context),
					    fingerprint,
					    GPGME_EXPORT_MODE_MINIMAL, data);
	}
	ret = gpg_context_started(context, err, error);
	if (ret == 0)
		ret = gpg_context_finish(context, error);
	gpg_context_put(&context);
	if (data == NULL)
		return -1;
	exported = gpgme_data_release_and_get_mem(data, &size);
	if (ret == 0 && exported != NULL)
		g_byte_array_append(out, (const guint8 *)exported, size);
	gpgme_free(exported);
	return ret;
}

int gnupg_home_find(const char *home, const char *const *names,
		    unsigned int timeout_secs, GByteArray *out,
		    struct seal_error *error)
{
	GPtrArray *seen = g_ptr_array_new_with_free_func(g_free);
	int ret = 0;

	for (; *names != NULL && ret >= 0; names++) {
		char *fingerprint = home_find_key(home, *names, timeout_secs,
						  error);

		if (fingerprint == NULL) {
			if (error->code != SEAL_ERROR_NONE)
				ret = -1;
			continue;
		}
		if (g_ptr_array_find_with_equal_func(seen, fingerprint,
						     g_str_equal, NULL)) {
			g_free(fingerprint);
			continue;
		}
		g_ptr_array_add(seen, fingerprint);
		ret = home_export_key(home, fingerprint, timeout_secs, out,
				      error) < 0 ? -1 : 1;
	}
	g_ptr_array_unref(seen);
	return ret;
}
