/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "file-lock.h"
#include "hash.h"
#include "istream.h"
#include "mail-storage-private.h"
#include "doveadm-mail.h"
#include "box.h"
#include "progress.h"
#include "replace.h"
#include "storage.h"

/* A batch is as much as is done twice after a kill, as long as others may see
   copies beside their originals, and as long as another run waits. */
#define BATCH_MAX_MESSAGES 100
#define BATCH_MAX_BYTES (16*1024*1024)

/* One run at a time in a mailbox, for as long as a batch takes. */
#define LOCK_NAME "dovecot-mail-seal.lock"
#define LOCK_TIMEOUT_SECS 300

struct doveadm_seal_box {
	struct doveadm_mail_cmd_context *ctx;
	const struct mail_seal_plugin_interface *plugin;
	struct mailbox *box;
	/* names the mailbox in messages */
	struct event *event;
	struct doveadm_seal_progress *progress;

	/* copies that are in the mailbox: their mark => UID */
	pool_t copies_pool;
	HASH_TABLE(char *, void *) copies;
	/* up to here copies have been looked for */
	uint32_t copies_last_uid;

	/* saving a copy of these has failed, and that has been said */
	ARRAY_TYPE(seq_range) failed_uids;
	/* why nothing can be sealed has been said */
	bool refusal_said;
	/* no use in going on after the last of failed_uids */
	bool no_room;
	bool stopped;
};

struct batch {
	struct doveadm_seal_box *sbox;
	struct mailbox_transaction_context *t;
	struct mail *mail;
	struct mail_seal_decision decision;

	ARRAY_TYPE(doveadm_seal_replacement) replacements;
	struct doveadm_seal_counts counts;
	/* that were looked at */
	uint64_t bytes;
	bool copies_found;
	bool saved_any;
};

static void box_failed(struct doveadm_seal_box *sbox, const char *what)
{
	e_error(sbox->event, "%s failed: %s", what,
		mailbox_get_last_internal_error(sbox->box, NULL));
	doveadm_mail_failed_mailbox(sbox->ctx, sbox->box);
}

/*
 * Copies of an earlier run
 */

static void find_copies(struct batch *batch)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	const struct mail_index_header *hdr =
		mail_index_get_header(batch->t->view);
	uint32_t seq, first_seq, last_seq;
	struct mail *mail;

	if (batch->copies_found ||
	    hdr->next_uid <= sbox->copies_last_uid + 1)
		return;
	batch->copies_found = TRUE;
	mailbox_get_seq_range(sbox->box, sbox->copies_last_uid + 1,
			      hdr->next_uid - 1, &first_seq, &last_seq);
	sbox->copies_last_uid = hdr->next_uid - 1;
	if (first_seq == 0)
		return;
	mail = mail_alloc(batch->t, 0, NULL);
	for (seq = first_seq; seq <= last_seq; seq++) T_BEGIN {
		const char *mark;

		mail_set_seq(mail, seq);
		mark = doveadm_seal_mark_of_copy(mail);
		if (mark != NULL) {
			hash_table_update(sbox->copies,
				p_strdup(sbox->copies_pool, mark),
				POINTER_CAST(mail->uid));
		}
	} T_END;
	mail_free(&mail);
}

/*
 * Saving copies
 */

static int
save_set_metadata(struct mail_save_context *save_ctx, struct mail *mail)
{
	const char *from_envelope;
	time_t date;

	mailbox_save_copy_flags(save_ctx, mail);
	if (mail_get_received_date(mail, &date) < 0)
		return -1;
	mailbox_save_set_received_date(save_ctx, date, 0);
	if (mail_get_save_date(mail, &date) < 0)
		return -1;
	mailbox_save_set_save_date(save_ctx, date);
	if (mail_get_special(mail, MAIL_FETCH_FROM_ENVELOPE,
			     &from_envelope) < 0)
		return -1;
	if (*from_envelope != '\0')
		mailbox_save_set_from_envelope(save_ctx, from_envelope);
	return 0;
}

static int
save_copy_try(struct batch *batch, const char *mark,
	      struct mail_save_context **save_ctx)
{
	struct mail *mail = batch->mail;
	struct istream *input;
	bool first = !batch->saved_any;

	if (mail_get_stream_because(mail, NULL, NULL, "sealing", &input) < 0 ||
	    save_set_metadata(*save_ctx, mail) < 0)
		return -1;
	i_stream_seek(input, 0);
	if (doveadm_seal_save_begin(save_ctx, input, mark, first) < 0)
		return -1;
	do {
		if (mailbox_save_continue(*save_ctx) < 0)
			return -1;
	} while (i_stream_read(input) > 0);
	if (input->stream_errno != 0) {
		mailbox_set_critical(mail->box, "read(%s) failed: %s",
				     i_stream_get_name(input),
				     i_stream_get_error(input));
		return -1;
	}
	return mailbox_save_finish(save_ctx);
}

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

/* Returns 1 if a sealed copy is saved, or 0 if not. Then the transaction can't
   be committed: plugins may fail a save that the storage has done already. */
static int save_copy(struct batch *batch, const char *mark)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	struct mail_save_context *save_ctx = mailbox_save_alloc(batch->t);
	unsigned int old_sealed =
		sbox->plugin->transaction_sealed_count(batch->t);

	if (save_copy_try(batch, mark, &save_ctx) < 0) {
		save_copy_failed(batch);
		if (save_ctx != NULL)
			mailbox_save_cancel(&save_ctx);
		return 0;
	}
	if (sbox->plugin->transaction_sealed_count(batch->t) == old_sealed) {
		/* the key was taken away this very moment */
		e_error(sbox->event, "mail_seal: UID %u can't be sealed: "
			"there is no key any more", batch->mail->uid);
		doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
		seq_range_array_add(&sbox->failed_uids, batch->mail->uid);
		return 0;
	}
	batch->saved_any = TRUE;
	return 1;
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

/* Returns 1, or 0 if the batch has to be begun again. */
static int batch_add_plaintext(struct batch *batch)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	struct mail *mail = batch->mail;
	struct doveadm_seal_replacement *replacement;
	const char *mark;
	uint32_t copy_uid;
	uoff_t size;

	if (seq_range_exists(&sbox->failed_uids, mail->uid)) {
		sbox->stopped = sbox->no_room;
		batch->counts.failed++;
		return 1;
	}
	if (batch->decision.action != MAIL_SEAL_ACTION_SEAL) {
		say_refusal(sbox, &batch->decision);
		batch->counts.failed++;
		return 1;
	}
	if (mail_get_physical_size(mail, &size) < 0 ||
	    (mark = doveadm_seal_mark_for_copy_of(mail)) == NULL) {
		if (doveadm_seal_mail_failed(sbox->ctx, mail) < 0)
			batch->counts.failed++;
		return 1;
	}
	find_copies(batch);
	copy_uid = POINTER_CAST_TO(hash_table_lookup(sbox->copies, mark),
				   uint32_t);
	if (copy_uid == 0 && save_copy(batch, mark) == 0)
		return 0;
	replacement = array_append_space(&batch->replacements);
	replacement->original_uid = mail->uid;
	replacement->copy_uid = copy_uid;
	replacement->found = copy_uid != 0;
	batch->counts.sealed++;
	batch->counts.sealed_bytes += size;
	return 1;
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

/* Returns 1, 0 if the batch has to be begun again, or -1. */
static int batch_save(struct batch *batch, const uint32_t *uids,
		      unsigned int count, unsigned int *done_r)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	struct mail_transaction_commit_changes changes;
	unsigned int i;
	int ret = 1;

	batch->t = mailbox_transaction_begin(sbox->box,
		MAILBOX_TRANSACTION_FLAG_EXTERNAL |
		MAILBOX_TRANSACTION_FLAG_ASSIGN_UIDS |
		MAILBOX_TRANSACTION_FLAG_NO_CACHE_DEC |
		sbox->ctx->transaction_flags, "doveadm seal encrypt");
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
	if (mailbox_transaction_commit_get_changes(&batch->t, &changes) < 0) {
		box_failed(sbox, "Saving sealed messages");
		return -1;
	}
	batch_set_copy_uids(batch, &changes);
	pool_unref(&changes.pool);
	return 1;
}

/* Returns as batch_save(). */
static int
batch_run_locked(struct batch *batch, const uint32_t *uids,
		 unsigned int count, unsigned int *done_r)
{
	struct doveadm_seal_box *sbox = batch->sbox;
	unsigned int kept;
	int ret;

	if (mailbox_sync(sbox->box, 0) < 0) {
		box_failed(sbox, "Syncing");
		return -1;
	}
	ret = batch_save(batch, uids, count, done_r);
	if (ret <= 0 || array_count(&batch->replacements) == 0)
		return ret;
	if (doveadm_seal_replace(sbox->box, sbox->ctx->transaction_flags,
				 &batch->replacements, &kept) < 0) {
		box_failed(sbox, "Replacing messages by sealed ones");
		return -1;
	}
	if (kept > 0) {
		e_error(sbox->event, "mail_seal: %u sealed copies were "
			"expunged meanwhile; the messages are kept", kept);
		doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
		batch->counts.sealed -= kept;
		batch->counts.failed += kept;
	}
	return 1;
}

static void
add_counts(struct doveadm_seal_counts *dest,
	   const struct doveadm_seal_counts *src)
{
	dest->sealed += src->sealed;
	dest->sealed_bytes += src->sealed_bytes;
	dest->encrypted += src->encrypted;
	dest->failed += src->failed;
}

int doveadm_seal_box_lock(struct doveadm_mail_cmd_context *ctx,
			  struct mailbox *box, struct file_lock **lock_r)
{
	const char *error;
	int ret;

	ret = mailbox_lock_file_create(box, LOCK_NAME, LOCK_TIMEOUT_SECS,
				       lock_r, &error);
	if (ret > 0)
		return 0;
	e_error(box->event, "mail_seal: %s: %s", ret < 0 ?
		"Can't lock the mailbox" :
		"Another run is at work in this mailbox", error);
	doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
	return -1;
}

/* Returns 0 or -1; *done_r is the number of UIDs that are settled. */
static int
batch_run(struct doveadm_seal_box *sbox, const uint32_t *uids,
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
	/* each time: a key that has expired is none from then on */
	sbox->plugin->decide_for_mailbox(sbox->box, &batch.decision);
	ret = batch_run_locked(&batch, uids, count, done_r);
	sbox->plugin->decision_free(&batch.decision);
	file_lock_free(&lock);
	if (ret > 0)
		add_counts(counts, &batch.counts);
	else
		*done_r = 0;
	return ret < 0 ? -1 : 0;
}

int doveadm_seal_box_run(struct doveadm_seal_box *sbox,
			 const ARRAY_TYPE(uint32_t) *_uids,
			 struct doveadm_seal_counts *counts)
{
	const uint64_t old_failed = counts->failed;
	unsigned int count, done;
	const uint32_t *uids = array_get(_uids, &count);
	int ret = 0;

	while (count > 0 && ret == 0 && !sbox->stopped &&
	       !doveadm_is_killed()) T_BEGIN {
		ret = batch_run(sbox, uids, count, &done, counts);
		if (ret == 0) {
			uids += done;
			count -= done;
		}
	} T_END;
	/* what wasn't come to isn't sealed */
	counts->failed += count;
	if (counts->failed == old_failed)
		return 0;
	doveadm_mail_failed_error(sbox->ctx, MAIL_ERROR_TEMP);
	return -1;
}

struct doveadm_seal_box *
doveadm_seal_box_init(struct doveadm_mail_cmd_context *ctx,
		      const struct mail_seal_plugin_interface *plugin,
		      struct mailbox *box, struct event *event,
		      struct doveadm_seal_progress *progress)
{
	struct doveadm_seal_box *sbox;

	sbox = i_new(struct doveadm_seal_box, 1);
	sbox->ctx = ctx;
	sbox->plugin = plugin;
	sbox->box = box;
	sbox->event = event;
	sbox->progress = progress;
	sbox->copies_pool = pool_alloconly_create("mail_seal copies", 4096);
	i_array_init(&sbox->failed_uids, 8);
	hash_table_create(&sbox->copies, sbox->copies_pool, 0, str_hash,
			  strcmp);
	return sbox;
}

void doveadm_seal_box_deinit(struct doveadm_seal_box **_sbox)
{
	struct doveadm_seal_box *sbox = *_sbox;

	*_sbox = NULL;
	array_free(&sbox->failed_uids);
	hash_table_destroy(&sbox->copies);
	pool_unref(&sbox->copies_pool);
	i_free(sbox);
}
