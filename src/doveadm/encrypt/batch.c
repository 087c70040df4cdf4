/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "file-lock.h"
#include "mail-storage-private.h"
#include "doveadm-mail.h"
#include "batch.h"
#include "check.h"
#include "copy.h"
#include "progress.h"
#include "replace.h"
#include "storage.h"

/* A batch is as much as is done twice after a kill, as long as others may see
   copies beside their originals, and as long as another run waits. */
#define BATCH_MAX_MESSAGES 100
#define BATCH_MAX_BYTES (16*1024*1024)

struct batch {
	struct doveadm_seal_box *sbox;
	struct mailbox_transaction_context *t;
	struct mail *mail;
	struct mail_seal_decision decision;
	/* NULL if copies can't be recognised after a kill, and needn't be */
	struct doveadm_seal_journal *journal;
	/* of its copies, those that aren't in the journal */
	pool_t pool;

	ARRAY_TYPE(doveadm_seal_replacement) replacements;
	struct doveadm_seal_counts counts;
	/* that were looked at */
	uint64_t bytes;
	bool saved_any;
};

static void box_failed(struct doveadm_seal_box *sbox, const char *what)
{
	e_error(sbox->event, "%s failed: %s", what,
		mailbox_get_last_internal_error(sbox->box, NULL));
	doveadm_mail_failed_mailbox(sbox->ctx, sbox->box);
}

/*
 * Saving copies
 */

static void save_copy_failed(struct batch *batch)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	enum mail_error error;
	const char *reason =
		mailbox_get_last_internal_error(sbox->box, &error);

	seq_range_array_add(&sbox->failed_uids, batch->mail->uid);
	if (batch->mail->expunged)
		return;
	if (error == MAIL_ERROR_NOQUOTA) {
		e_error(sbox->event, "mail_seal: There is no room for a "
			"sealed copy beside the message: %s. "
			"Raise the quota or the limit and run it again",
			reason);
		sbox->no_room = TRUE;
	} else {
		e_error(sbox->event, "mail_seal: UID %u can't be sealed: %s",
			batch->mail->uid, reason);
	}
	doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
}

/* Returns the copy, or NULL if it isn't saved. Then the transaction can't be
   committed: plugins may fail a save that the storage has done already. */
static struct doveadm_seal_copy *save_copy(struct batch *batch)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	struct doveadm_seal_copy copy;
	int ret;

	ret = doveadm_seal_copy_save(sbox->plugin, batch->t, batch->mail,
				     !batch->saved_any, &copy);
	if (ret < 0) {
		save_copy_failed(batch);
		return NULL;
	}
	if (ret == 0) {
		/* the key was taken away this very moment */
		e_error(sbox->event, "mail_seal: UID %u can't be sealed: "
			"there is no key any more", batch->mail->uid);
		doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
		seq_range_array_add(&sbox->failed_uids, batch->mail->uid);
		return NULL;
	}
	batch->saved_any = TRUE;
	if (batch->journal != NULL)
		return doveadm_seal_journal_add(batch->journal, &copy);
	copy.digest = p_strdup(batch->pool, copy.digest);
	return p_memdup(batch->pool, &copy, sizeof(copy));
}

static void
say_refusal(struct doveadm_seal_box *sbox,
	    const struct mail_seal_decision *decision)
{
	if (sbox->refusal_said)
		return;
	sbox->refusal_said = TRUE;
	e_error(sbox->event, "mail_seal: Messages can't be sealed: %s",
		decision->log_error);
	doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
}

/* Returns the copy that an earlier run has saved, or NULL. */
static struct doveadm_seal_copy *find_copy(struct batch *batch)
{
	struct doveadm_seal_copy *copy;
	const char *guid;

	if (batch->journal == NULL ||
	    mail_get_special(batch->mail, MAIL_FETCH_GUID, &guid) < 0)
		return NULL;
	copy = doveadm_seal_journal_find(batch->journal, batch->mail->uid,
					 guid);
	if (copy == NULL) {
		copy = doveadm_seal_journal_find_restored(
			batch->journal, batch->mail->uid, guid);
	}
	return copy == NULL || copy->uid == 0 ? NULL : copy;
}

/* Returns 1, or 0 if the batch has to be begun again. */
static int batch_add_sealable(struct batch *batch)
{
	struct doveadm_seal_replacement *replacement;
	struct doveadm_seal_copy *found, *copy;
	uoff_t size;

	if (mail_get_physical_size(batch->mail, &size) < 0) {
		if (doveadm_seal_mail_failed(batch->sbox->ctx,
					     batch->mail) < 0)
			batch->counts.failed++;
		return 1;
	}
	found = copy = find_copy(batch);
	if (found == NULL && (copy = save_copy(batch)) == NULL)
		return 0;
	replacement = array_append_space(&batch->replacements);
	replacement->original_uid = batch->mail->uid;
	replacement->copy_uid = copy->uid;
	replacement->found = found != NULL;
	replacement->copy = copy;
	replacement->size = size;
	return 1;
}

/* Returns as batch_add_sealable(). */
static int batch_add_plaintext(struct batch *batch)
{
	struct doveadm_seal_box *sbox = batch->sbox;

	if (seq_range_exists(&sbox->failed_uids, batch->mail->uid)) {
		sbox->stopped = sbox->no_room;
		batch->counts.failed++;
		return 1;
	}
	if (doveadm_seal_is_without_key(&batch->decision)) {
		batch->counts.no_key++;
		return 1;
	}
	if (batch->decision.action != MAIL_SEAL_ACTION_SEAL) {
		say_refusal(sbox, &batch->decision);
		batch->counts.failed++;
		return 1;
	}
	return batch_add_sealable(batch);
}

static int batch_add(struct batch *batch, uint32_t uid)
{
	enum doveadm_seal_state state;
	const char *const *keys;
	uoff_t size = 0;
	int ret;

	if (!mail_set_uid(batch->mail, uid))
		return 1;
	ret = doveadm_seal_get_state(batch->sbox->ctx, batch->sbox->plugin,
				     batch->mail, &state, &keys);
	if (ret > 0 && state == DOVEADM_SEAL_STATE_PLAINTEXT) {
		if (batch_add_plaintext(batch) == 0)
			return 0;
	} else if (ret > 0) {
		batch->counts.encrypted++;
	} else if (ret < 0) {
		batch->counts.failed++;
	}
	if (mail_get_physical_size(batch->mail, &size) == 0) {
		batch->bytes += size;
		doveadm_seal_progress_add(batch->sbox->progress, size);
	}
	return 1;
}

/*
 * Batches
 */

static bool batch_is_full(const struct batch *batch)
{
	return batch->sbox->stopped || batch->bytes >= BATCH_MAX_BYTES ||
		array_count(&batch->replacements) >= BATCH_MAX_MESSAGES;
}

/* The copies' UIDs are in the order in which they were saved. */
static void
batch_set_copy_uids(struct batch *batch,
		    const struct mail_transaction_commit_changes *changes)
{
	struct doveadm_seal_replacement *replacement;
	struct seq_range_iter iter;
	unsigned int n = 0;

	seq_range_array_iter_init(&iter, &changes->saved_uids);
	array_foreach_modifiable(&batch->replacements, replacement) {
		if (replacement->copy_uid == 0 &&
		    !seq_range_array_iter_nth(&iter, n++,
					      &replacement->copy_uid))
			i_unreached();
	}
}

/* Returns as batch_save(). */
static int batch_commit(struct batch *batch)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	struct mail_transaction_commit_changes changes;

	if (batch->saved_any && batch->journal != NULL &&
	    doveadm_seal_journal_write(batch->journal) < 0) {
		mailbox_transaction_rollback(&batch->t);
		box_failed(sbox, "Writing the journal");
		return -1;
	}
	if (mailbox_transaction_commit_get_changes(&batch->t, &changes) < 0) {
		/* What a killed process has left is found by the save that it
		   is in the way of, which then fails, and is repaired by the
		   next sync (sdbox_file_assign_uid()). */
		if (!sbox->again) {
			sbox->again = TRUE;
			return 0;
		}
		box_failed(sbox, "Saving sealed messages");
		return -1;
	}
	sbox->again = FALSE;
	batch_set_copy_uids(batch, &changes);
	pool_unref(&changes.pool);
	return 1;
}

/* Returns 1, 0 if the batch has to be begun again, or -1. */
static int batch_save(struct batch *batch, const uint32_t *uids,
		      unsigned int count, unsigned int *done_r)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	unsigned int i;
	int ret = 1;

	batch->t = mailbox_transaction_begin(sbox->box,
		MAILBOX_TRANSACTION_FLAG_EXTERNAL |
		MAILBOX_TRANSACTION_FLAG_ASSIGN_UIDS |
		MAILBOX_TRANSACTION_FLAG_NO_CACHE_DEC |
		sbox->ctx->transaction_flags, "doveadm seal encrypt");
	if (batch->journal != NULL) {
		doveadm_seal_copies_forget(batch->t, batch->journal,
			doveadm_seal_storage_may_restore(sbox->box->storage));
		doveadm_seal_copies_find(sbox->plugin, batch->t,
					 batch->journal);
	}
	batch->mail = mail_alloc(batch->t, 0, NULL);
	for (i = 0; i < count && ret > 0 && !batch_is_full(batch) &&
	     !doveadm_is_killed(); i++) T_BEGIN {
		ret = batch_add(batch, uids[i]);
	} T_END;
	*done_r = i;
	mail_free(&batch->mail);
	if (ret == 0) {
		mailbox_transaction_rollback(&batch->t);
		return 0;
	}
	return batch_commit(batch);
}

/* Leaves out those that can't take their originals' places. */
static int batch_check_copies(struct batch *batch)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	unsigned int bad;

	if (doveadm_seal_check_copies(sbox->plugin, sbox->box, sbox->event,
				      sbox->ctx->transaction_flags,
				      &batch->replacements, &bad) < 0) {
		box_failed(sbox, "Checking sealed messages");
		return -1;
	}
	if (bad > 0)
		doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
	batch->counts.failed += bad;
	return 0;
}

static void batch_count_sealed(struct batch *batch, unsigned int kept)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	const struct doveadm_seal_replacement *replacement;

	array_foreach(&batch->replacements, replacement) {
		batch->counts.sealed++;
		batch->counts.sealed_bytes += replacement->size;
		if (batch->journal != NULL &&
		    !doveadm_seal_storage_may_restore(sbox->box->storage)) {
			doveadm_seal_journal_remove(batch->journal,
						    replacement->copy);
		}
	}
	if (kept > 0) {
		e_error(sbox->event, "mail_seal: %u sealed copies were "
			"expunged meanwhile; the messages are kept", kept);
		doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
		batch->counts.sealed -= kept;
		batch->counts.failed += kept;
	}
}

/* What a purge has removed can't come back. Until one has, and nothing came
   back since the batch began, the journal knows which messages those are. */
static void batch_purge(struct batch *batch, uint32_t rebuilt_before)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	struct mail_storage *storage = sbox->box->storage;
	struct mailbox_transaction_context *t;

	if (doveadm_seal_storage_purge(storage) < 0 ||
	    doveadm_seal_storage_rebuilt(storage) != rebuilt_before ||
	    mailbox_sync(sbox->box, 0) < 0) {
		/* is tried again at the end, and said if that fails, too */
		return;
	}
	t = mailbox_transaction_begin(sbox->box, 0, "doveadm seal encrypt");
	doveadm_seal_copies_forget(t, batch->journal, FALSE);
	(void)mailbox_transaction_commit(&t);
}

/* Returns as batch_save(). */
static int
batch_run_locked(struct batch *batch, const uint32_t *uids,
		 unsigned int count, unsigned int *done_r)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	const uint32_t rebuilt =
		doveadm_seal_storage_rebuilt(sbox->box->storage);
	unsigned int kept = 0;
	int ret;

	if (mailbox_sync(sbox->box, 0) < 0) {
		box_failed(sbox, "Syncing");
		return -1;
	}
	if (doveadm_seal_copy_mark(sbox->box) !=
	    DOVEADM_SEAL_COPY_MARK_NONE &&
	    doveadm_seal_journal_open(sbox->box, &batch->journal) < 0) {
		box_failed(sbox, "Reading the journal");
		return -1;
	}
	ret = batch_save(batch, uids, count, done_r);
	if (ret <= 0)
		return ret;
	if (array_count(&batch->replacements) > 0 &&
	    batch_check_copies(batch) < 0)
		return -1;
	if (array_count(&batch->replacements) > 0 &&
	    doveadm_seal_replace(sbox->box, sbox->ctx->transaction_flags,
				 &batch->replacements, &kept) < 0) {
		box_failed(sbox, "Replacing messages by sealed ones");
		return -1;
	}
	batch_count_sealed(batch, kept);
	if (batch->journal != NULL &&
	    doveadm_seal_storage_may_restore(sbox->box->storage) &&
	    array_count(doveadm_seal_journal_copies(batch->journal)) > 0)
		batch_purge(batch, rebuilt);
	if (batch->journal != NULL &&
	    doveadm_seal_journal_write(batch->journal) < 0)
		box_failed(sbox, "Writing the journal");
	return 1;
}

int doveadm_seal_batch_run(struct doveadm_seal_box *sbox, const uint32_t *uids,
			   unsigned int count, unsigned int *done_r,
			   struct doveadm_seal_counts *counts)
{
	struct batch batch = { .sbox = sbox };
	struct file_lock *lock;
	int ret;

	*done_r = 0;
	if (doveadm_seal_box_lock(sbox->ctx, sbox->box, &lock) < 0)
		return -1;
	t_array_init(&batch.replacements, BATCH_MAX_MESSAGES);
	batch.pool = pool_alloconly_create("mail_seal batch", 1024);
	/* each time: a key that has expired is none from then on */
	sbox->plugin->decide_for_mailbox(sbox->box, &batch.decision);
	ret = batch_run_locked(&batch, uids, count, done_r);
	doveadm_seal_journal_close(&batch.journal);
	pool_unref(&batch.pool);
	sbox->plugin->decision_free(&batch.decision);
	file_lock_free(&lock);
	if (ret > 0)
		doveadm_seal_counts_add(counts, &batch.counts);
	else
		*done_r = 0;
	return ret < 0 ? -1 : 0;
}
