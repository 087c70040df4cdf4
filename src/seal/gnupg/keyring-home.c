/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "keyring-home.h"
#include "gpg-context.h"
#include "worker.h"
#include "../../exec/exec-protocol.h"

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

/*
 * In the worker
 */

struct search {
	const char *home;
	const char *const *names;
	/* all there are in the home, listed once: gpgme_key_t */
	GPtrArray *keys;
};

static int search_failed(const struct gpg_context *gpg, gpgme_error_t err,
			 struct seal_error *error)
{
	return err != 0 ? gpg_context_failed(gpg, err, error) :
		gpg_context_check_exit(gpg, error);
}

/* Without a pattern: what matches is for us to say, not for gpg's idea of
   substrings. */
static int list_home(struct search *search, struct gpg_context *gpg,
		     struct seal_error *error)
{
	gpgme_error_t err = gpgme_op_keylist_start(gpg->gpgme, NULL, 0);

	err = gpg_context_wait(gpg, err);
	search->keys = gpg->keys;
	return search_failed(gpg, err, error);
}

static int name_problem(const char *name, unsigned int found,
			struct seal_error *error)
{
	if (name_fingerprint(name) == NULL && strchr(name, '@') == NULL) {
		/* it could never match, and never would anybody notice */
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "\"%s\" is neither an address nor a "
			       "fingerprint (mail_seal_recipients)", name);
		return -1;
	}
	if (found == 0 && name_fingerprint(name) != NULL) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "the certificate %s isn't in it", name);
		return -1;
	}
	if (found > 1) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "there are %u certificates for %s; only a "
			       "fingerprint can say which (mail_seal_"
			       "recipients)", found, name);
		return -1;
	}
	return 0;
}

/* Adds the one key of each name, once. */
static int
find_keys(const struct search *search, GPtrArray *found,
	  struct seal_error *error)
{
	for (const char *const *name = search->names; *name != NULL; name++) {
		gpgme_key_t match = NULL;
		unsigned int count = 0;

		for (guint i = 0; i < search->keys->len; i++) {
			if (key_matches(search->keys->pdata[i], *name)) {
				match = search->keys->pdata[i];
				count++;
			}
		}
		if (name_problem(*name, count, error) < 0)
			return -1;
		if (match != NULL && !g_ptr_array_find(found, match, NULL))
			g_ptr_array_add(found, match);
	}
	g_ptr_array_add(found, NULL);
	return 0;
}

static int
export_keys(struct gpg_context *gpg, gpgme_key_t *keys, int output,
	    struct seal_error *error)
{
	gpgme_data_t data;
	gpgme_error_t err = gpgme_data_new(&data);
	size_t size;
	char *exported;

	if (err == 0) {
		gpgme_set_armor(gpg->gpgme, 0);
		err = gpgme_op_export_keys_start(gpg->gpgme, keys,
			GPGME_EXPORT_MODE_MINIMAL, data);
		err = gpg_context_wait(gpg, err);
	}
	if (search_failed(gpg, err, error) < 0)
		return -1;
	exported = gpgme_data_release_and_get_mem(data, &size);
	return exported == NULL ? 0 :
		worker_write_all(output, exported, size, error);
}

static int search_main(int input G_GNUC_UNUSED, int output, void *context,
		       struct seal_error *error)
{
	struct search *search = context;
	char *task = g_strconcat(EXEC_TASK_HOME, search->home, NULL);
	GPtrArray *found = g_ptr_array_new();
	struct gpg_context gpg;
	int ret;

	ret = gpg_context_init(&gpg, task, error);
	if (ret == 0)
		ret = list_home(search, &gpg, error);
	if (ret == 0)
		ret = find_keys(search, found, error);
	if (ret == 0 && found->len > 1) {
		gpg.seen_exit = false;
		ret = export_keys(&gpg, (gpgme_key_t *)found->pdata, output,
				  error);
	}
	g_ptr_array_unref(found);
	g_free(task);
	return ret;
}

int gnupg_home_find(const char *home, const char *const *names,
		    unsigned int timeout_secs, GByteArray *out,
		    struct seal_error *error)
{
	struct search search = { .home = home, .names = names };
	const guint before = out->len;

	/* what can't be is known without gpg */
	for (const char *const *name = names; *name != NULL; name++) {
		if (name_problem(*name, 1, error) < 0)
			return -1;
	}
	if (worker_run(search_main, &search, timeout_secs, 0, out,
		       error) < 0) {
		g_byte_array_set_size(out, before);
		return -1;
	}
	return out->len > before ? 1 : 0;
}
