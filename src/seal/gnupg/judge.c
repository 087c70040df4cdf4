/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "judge.h"
#include "gpg-context.h"
#include "worker.h"
#include "../certificate/facts.h"
#include "../../exec/exec-protocol.h"

#include <sys/stat.h>

/* A certificate takes some milliseconds. This is for those that somebody has
   made to take long. (The tests have less.) */
#ifndef JUDGE_CPU_SECS
#define JUDGE_CPU_SECS 10
#endif

static void append_key(gpgme_subkey_t subkey, GString *listing)
{
	char *name = gpgme_pubkey_algo_string(subkey);
	const struct facts_key key = {
		.fingerprint = subkey->fpr,
		.name = name,
		.bits = subkey->length,
		.created = subkey->timestamp,
		.expires = subkey->expires,
		.can_encrypt = subkey->can_encrypt,
		.revoked = subkey->revoked,
		/* "invalid" is also what GPGME says of algorithms that it
		   doesn't know */
		.invalid = subkey->invalid || subkey->disabled ||
			subkey->timestamp <= 0
	};

	if (subkey->fpr != NULL)
		facts_append_key(listing, &key);
	gpgme_free(name);
}

static void append_certificate(gpgme_key_t key, GString *listing)
{
	if (key->subkeys == NULL || key->subkeys->fpr == NULL)
		return;
	facts_append_certificate(listing, key->subkeys->fpr);
	for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL;
	     subkey = subkey->next)
		append_key(subkey, listing);
	for (gpgme_user_id_t uid = key->uids; uid != NULL; uid = uid->next) {
		if (!uid->revoked && !uid->invalid && uid->uid != NULL)
			facts_append_name(listing, uid->uid);
	}
}

/* In the worker */
static int judge_work(int input G_GNUC_UNUSED, int output, void *context,
		      struct seal_error *error)
{
	struct gpg_context gpg;
	GString *listing = g_string_new(NULL);
	gpgme_data_t data;
	gpgme_error_t err;
	gsize size;
	const char *bytes = g_bytes_get_data(context, &size);

	if (gpg_context_init(&gpg, EXEC_TASK_JUDGE, error) < 0)
		return -1;
	err = gpgme_data_new_from_mem(&data, bytes, size, 0);
	if (err == 0) {
		err = gpgme_op_keylist_from_data_start(gpg.gpgme, data, 0);
		err = gpg_context_wait(&gpg, err);
	}
	/* gpg exits with an error when there is nothing to import, which it
	   says last */
	if (!gpg.seen_import_result && (err != 0 || gpg.failure != 0))
		return gpg_context_failed(&gpg, err, error);
	if (!gpg.seen_import_result) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg ended before its work was done");
		return -1;
	}
	for (guint i = 0; i < gpg.keys->len; i++)
		append_certificate(gpg.keys->pdata[i], listing);
	return worker_write_all(output, listing->str, listing->len, error);
}

int judge_openpgp(GBytes *data, unsigned int timeout_secs, GString *listing,
		  struct seal_error *error)
{
	GByteArray *out;
	int ret;

	if (g_bytes_get_size(data) >= EXEC_JUDGE_SIZE_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "the certificates have more than %d MB",
			       EXEC_JUDGE_SIZE_MAX / (1024*1024));
		return -1;
	}
	out = g_byte_array_new();
	ret = worker_run(judge_work, data, timeout_secs, JUDGE_CPU_SECS, out,
			 error);
	if (ret == 0)
		g_string_append_len(listing, (const char *)out->data,
				    out->len);
	g_byte_array_unref(out);
	return ret;
}

/* Not asked of gpg: what a process says that its user has a hand on is for
   what it was asked. */
char *judge_version(void)
{
	struct stat st;

	if (stat(MAIL_SEAL_GPG, &st) < 0)
		return g_strdup("none");
	return g_strdup_printf("gpg-%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
			       (gint64)st.st_size, (gint64)st.st_mtime);
}
