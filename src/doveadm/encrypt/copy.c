/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "hash-method.h"
#include "hex-binary.h"
#include "istream.h"
#include "randgen.h"
#include "sha2.h"
#include "mail-storage-private.h"
#include "../../core/core.h"
#include "../command.h"
#include "copy.h"
#include "storage.h"

/*
 * Digests
 */

static void digest_init(void *context)
{
	sha256_init(context);
}

static void digest_loop(void *context, const void *_data, size_t size)
{
	const unsigned char *data = _data, *end = data + size, *cr;

	while (data < end) {
		cr = memchr(data, '\r', end - data);
		if (cr == NULL)
			cr = end;
		sha256_loop(context, data, cr - data);
		data = cr + 1;
	}
}

static const struct hash_method digest_method = {
	.name = "sha256 without CRs",
	.context_size = sizeof(struct sha256_ctx),
	.digest_size = SHA256_RESULTLEN,
	.init = digest_init,
	.loop = digest_loop
};

static const char *digest_result(struct sha256_ctx *context)
{
	unsigned char digest[SHA256_RESULTLEN];

	sha256_result(context, digest);
	return binary_to_hex(digest, sizeof(digest));
}

/* Returns 1, 0, or -1 if the stream couldn't be read. */
static int
stream_has_digest(struct istream *input, const char *digest)
{
	struct sha256_ctx context;
	const unsigned char *data;
	size_t size;

	digest_init(&context);
	while (i_stream_read_more(input, &data, &size) > 0) {
		digest_loop(&context, data, size);
		i_stream_skip(input, size);
	}
	if (input->stream_errno != 0)
		return -1;
	return strcmp(digest_result(&context), digest) == 0 ? 1 : 0;
}

bool doveadm_seal_copy_check(const struct mail_seal_plugin_interface *plugin,
			     struct mail *mail,
			     const struct doveadm_seal_copy *copy)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = plugin->core_get(&error);
	struct istream *input;
	int ret;

	if (core == NULL ||
	    mail_get_stream_because(mail, NULL, NULL, "checking a sealed copy",
				    &input) < 0)
		return FALSE;
	ret = copy->digest == NULL ? 1 :
		stream_has_digest(input, copy->digest);
	if (ret > 0) {
		/* the bytes alone would be enough; but mail could get lost */
		i_stream_seek(input, 0);
		ret = core->is_encrypted(input);
	}
	if (ret < 0) {
		e_warning(mail_event(mail), "read(%s) failed: %s",
			  i_stream_get_name(input), i_stream_get_error(input));
	}
	return ret > 0;
}

/*
 * Saving
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
save_stream(struct mail_save_context **save_ctx, struct mail *mail,
	    const char *mark, bool first)
{
	struct istream *input;

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

static const char *new_mark(void)
{
	unsigned char mark[DOVEADM_SEAL_MARK_LENGTH / 2];

	random_fill(mark, sizeof(mark));
	return binary_to_hex(mark, sizeof(mark));
}

int doveadm_seal_copy_save(const struct mail_seal_plugin_interface *plugin,
			   struct mailbox_transaction_context *t,
			   struct mail *mail, bool first,
			   struct doveadm_seal_copy *copy_r)
{
	struct mail_save_context *save_ctx;
	struct sha256_ctx digest;
	bool has_digest = FALSE;
	unsigned int old_sealed = plugin->transaction_sealed_count(t);

	i_zero(copy_r);
	copy_r->original_uid = mail->uid;
	copy_r->mark = new_mark();
	if (mail_get_special(mail, MAIL_FETCH_GUID, &copy_r->original_guid) < 0)
		return -1;
	copy_r->original_guid = t_strdup(copy_r->original_guid);

	if (doveadm_seal_copy_mark(mail->box) != DOVEADM_SEAL_COPY_MARK_NONE) {
		digest_init(&digest);
		plugin->transaction_hash_next(t, &digest_method, &digest);
		has_digest = TRUE;
	}
	save_ctx = mailbox_save_alloc(t);
	if (save_stream(&save_ctx, mail, copy_r->mark, first) < 0) {
		if (save_ctx != NULL)
			mailbox_save_cancel(&save_ctx);
		return -1;
	}
	if (plugin->transaction_sealed_count(t) == old_sealed)
		return 0;
	if (has_digest)
		copy_r->digest = digest_result(&digest);
	return 1;
}

/*
 * Finding
 */

/* Returns FALSE if there is nothing any more that it is the copy of. */
static bool
has_original(struct mail *mail, const struct doveadm_seal_copy *copy)
{
	const char *guid;

	return mail_set_uid(mail, copy->original_uid) &&
		(mail_get_special(mail, MAIL_FETCH_GUID, &guid) < 0 ||
		 strcmp(guid, copy->original_guid) == 0);
}

void doveadm_seal_copies_forget(struct mailbox_transaction_context *t,
				struct doveadm_seal_journal *journal,
				bool may_come_back)
{
	const ARRAY_TYPE(doveadm_seal_copies) *copies =
		doveadm_seal_journal_copies(journal);
	struct doveadm_seal_copy *copy;
	struct mail *mail;

	if (array_count(copies) == 0)
		return;
	mail = mail_alloc(t, 0, NULL);
	array_foreach_elem(copies, copy) T_BEGIN {
		copy->original_gone = !has_original(mail, copy);
	} T_END;
	for (unsigned int i = array_count(copies); i-- > 0 && !may_come_back; ) {
		/* and others before and behind it */
		if (i >= array_count(copies))
			continue;
		copy = array_idx_elem(copies, i);
		if (copy->original_gone)
			doveadm_seal_journal_remove(journal, copy);
	}
	mail_free(&mail);
}

/* One mark can stand in several messages: it isn't secret any more, and a
   message that is copied within an sdbox keeps it. */
static void
find_in_mail(const struct mail_seal_plugin_interface *plugin,
	     struct mail *mail, struct doveadm_seal_journal *journal)
{
	const char *mark = doveadm_seal_mark_of_copy(mail);
	struct doveadm_seal_copy *copy;

	if (mark == NULL)
		return;
	array_foreach_elem(doveadm_seal_journal_copies(journal), copy) {
		if (copy->uid != 0 || strcmp(copy->mark, mark) != 0)
			continue;
		if (doveadm_seal_copy_check(plugin, mail, copy)) {
			copy->uid = mail->uid;
		} else if (!mail->expunged) {
			e_warning(mail->box->event, "mail_seal: UID %u isn't "
				  "the complete sealed copy of UID %u that a "
				  "run before has saved; it is left alone",
				  mail->uid, copy->original_uid);
		}
	}
}

/* What a killed run had saved before, and what didn't count then, may have been
   restored beside what was saved in its place. */
static void
expunge_doubles(struct mail *mail, struct doveadm_seal_journal *journal)
{
	const ARRAY_TYPE(doveadm_seal_copies) *copies =
		doveadm_seal_journal_copies(journal);
	struct doveadm_seal_copy *copy, *kept;

	array_foreach_elem(copies, copy) {
		kept = copy->uid == 0 ? NULL :
			doveadm_seal_journal_find(journal, copy->original_uid,
						  copy->original_guid);
		if (kept == NULL || kept == copy || kept->uid == copy->uid ||
		    !mail_set_uid(mail, copy->uid))
			continue;
		mail_expunge(mail);
		copy->uid = 0;
	}
}

void doveadm_seal_copies_find(const struct mail_seal_plugin_interface *plugin,
			      struct mailbox_transaction_context *t,
			      struct doveadm_seal_journal *journal)
{
	struct mail *mail;
	uint32_t seq, count;

	if (array_count(doveadm_seal_journal_copies(journal)) == 0)
		return;
	mail = mail_alloc(t, 0, NULL);
	count = mail_index_view_get_messages_count(t->view);
	for (seq = 1; seq <= count; seq++) T_BEGIN {
		mail_set_seq(mail, seq);
		find_in_mail(plugin, mail, journal);
	} T_END;
	expunge_doubles(mail, journal);
	mail_free(&mail);
}
