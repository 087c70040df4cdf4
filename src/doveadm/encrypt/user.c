/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-cache.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "../../plugin/dovecot-compat.h"
#include "count.h"
#include "found.h"
#include "fts.h"
#include "mbox.h"
#include "storage.h"
#include "user.h"

/* No more than one is to be expected. */
#define MAX_REBUILDS 5

struct work {
	struct doveadm_mail_cmd_context *ctx;
	const struct mail_seal_plugin_interface *plugin;
	struct mail_user *user;
	struct doveadm_seal_progress *progress;
	struct doveadm_seal_counts counts;
};

/*
 * One mailbox
 */

/* Replaced messages leave behind what was cached of them: header fields, the
   structure and the beginning of the text. That was perhaps an earlier run
   that was killed. All of the mail is read anyway, so this costs little. */
static int
purge_cache(struct work *work, struct mailbox *box)
{
	int ret = mail_cache_open_and_verify(box->cache);

	if (ret > 0) {
		ret = mail_cache_purge(box->cache, (uint32_t)-1,
				       "doveadm seal encrypt");
	}
	if (ret < 0) {
		mailbox_set_index_error(box);
		e_error(box->event, "Purging the index cache failed: %s",
			mailbox_get_last_internal_error(box, NULL));
		doveadm_mail_failed_mailbox(work->ctx, box);
	}
	return ret < 0 ? -1 : 0;
}

static bool
can_be_sealed(struct work *work, struct mailbox *box)
{
	struct mail_seal_decision decision;
	const char *reason;
	bool ret;

	work->plugin->decide_for_mailbox(box, &decision);
	ret = decision.action == MAIL_SEAL_ACTION_SEAL &&
		doveadm_seal_can_replace(box, &reason) == 0;
	work->plugin->decision_free(&decision);
	return ret;
}

static int
encrypt_open_mailbox(struct work *work, struct doveadm_seal_found *found)
{
	struct doveadm_seal_counts counts;
	struct doveadm_seal_box *sbox;
	int ret;

	if (!can_be_sealed(work, found->box)) {
		i_zero(&counts);
		doveadm_seal_count(work->ctx, work->plugin, found->box,
				   &found->uids, work->progress, &counts);
		doveadm_seal_counts_add(&work->counts, &counts);
		return counts.failed == 0 ? 0 : -1;
	}
	if (doveadm_seal_is_mbox(found->box)) {
		return doveadm_seal_mbox_run(work->ctx, work->plugin,
					     found->box, work->progress,
					     &found->uids, &work->counts);
	}
	sbox = doveadm_seal_box_init(work->ctx, work->plugin, found->box,
				     found->box->event, work->progress);
	ret = doveadm_seal_box_run(sbox, &found->uids, &work->counts);
	doveadm_seal_box_deinit(&sbox);
	return ret;
}

static int
encrypt_mailbox(struct doveadm_seal_found *found, void *context)
{
	struct work *work = context;
	int ret = doveadm_seal_is_exempt(work->ctx, work->plugin, found->box);

	if (ret < 0) {
		work->counts.failed += array_count(&found->uids);
		return -1;
	}
	if (ret > 0) {
		work->counts.excluded += array_count(&found->uids);
		return 0;
	}
	ret = encrypt_open_mailbox(work, found);
	if (purge_cache(work, found->box) < 0)
		ret = -1;
	return ret;
}

/*
 * His storages
 */

static void sync_always(struct mail_user *user)
{
	struct mail_namespace *ns;
	struct mail_storage *storage;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		storage = mail_namespace_get_default_storage(ns);
		if (storage != NULL)
			doveadm_seal_storage_sync_always(storage);
	}
}

/* mdbox keeps expunged messages until then. */
static int purge_storages(struct work *work)
{
	struct mail_namespace *ns;
	struct mail_storage *storage;
	int ret = 0;

	for (ns = work->user->namespaces; ns != NULL; ns = ns->next) {
		if (ns->type != MAIL_NAMESPACE_TYPE_PRIVATE ||
		    ns->alias_for != NULL)
			continue;
		storage = mail_namespace_get_default_storage(ns);
		if (doveadm_seal_storage_purge(storage) < 0) {
			e_error(work->user->event, "Purging the storage failed: %s",
				mail_storage_get_last_internal_error(storage,
								     NULL));
			doveadm_mail_failed_storage(work->ctx, storage);
			ret = -1;
		}
	}
	return ret;
}

/* What has to be done for the user, not for single mailboxes */
static int finish_user(struct work *work)
{
	int ret = purge_storages(work);

	if (work->counts.sealed > 0 &&
	    doveadm_seal_fts_forget(work->ctx, work->user) < 0)
		ret = -1;
	return ret;
}

static uint32_t storages_rebuilt(struct mail_user *user)
{
	struct mail_namespace *ns;
	uint32_t rebuilt = 0;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		struct mail_storage *storage =
			mail_namespace_get_default_storage(ns);

		if (storage != NULL)
			rebuilt += doveadm_seal_storage_rebuilt(storage);
	}
	return rebuilt;
}

/*
 * All of it
 */

static int encrypt_mailboxes(struct work *work)
{
	return doveadm_seal_found_each(work->ctx, work->user, 0,
				       encrypt_mailbox, work);
}

/* Rebuilding a storage brings back what was expunged, where this run has looked
   already. */
static int encrypt_restored(struct work *work)
{
	struct doveadm_seal_counts first = work->counts;
	int ret;

	i_zero(&work->counts);
	ret = encrypt_mailboxes(work);
	first.sealed += work->counts.sealed;
	first.sealed_bytes += work->counts.sealed_bytes;
	first.failed += work->counts.failed;
	work->counts = first;
	return ret;
}

static int encrypt_user(struct work *work)
{
	uint32_t rebuilt = storages_rebuilt(work->user), rebuilt_before;
	int ret;

	sync_always(work->user);
	ret = encrypt_mailboxes(work);
	for (unsigned int i = 0; i < MAX_REBUILDS; i++) {
		if (finish_user(work) < 0)
			ret = -1;
		rebuilt_before = rebuilt;
		rebuilt = storages_rebuilt(work->user);
		if (rebuilt == rebuilt_before)
			break;
		if (encrypt_restored(work) < 0)
			ret = -1;
	}
	return ret;
}

int doveadm_seal_user_encrypt(struct doveadm_mail_cmd_context *ctx,
			      const struct mail_seal_plugin_interface *plugin,
			      struct mail_user *user,
			      struct doveadm_seal_progress *progress,
			      struct doveadm_seal_counts *counts)
{
	struct work work = {
		.ctx = ctx,
		.plugin = plugin,
		.user = user,
		.progress = progress
	};
	int ret = encrypt_user(&work);

	doveadm_seal_counts_add(counts, &work.counts);
	return ret;
}
