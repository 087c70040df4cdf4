/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "fdatasync-path.h"
#include "istream.h"
#include "str.h"
#include "strescape.h"
#include "write-full.h"
#include "mail-storage-private.h"
#include "journal.h"
#include "storage.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_NAME "dovecot-mail-seal.copies"
/* In the first line, before the UIDVALIDITY. Each other line is a copy. */
#define JOURNAL_HEADER "mail_seal copies 1"
#define JOURNAL_LINE_MAX 4096

/* Of one original. An earlier one can turn up after a later one was saved; but
   where saving fails each time, none does. */
#define COPIES_MAX 8

struct doveadm_seal_journal {
	pool_t pool;
	struct mailbox *box;
	const char *folder, *path;
	uint32_t uid_validity;

	ARRAY_TYPE(doveadm_seal_copies) copies;
	/* not as the file is */
	bool changed;
};

static int
journal_failed(struct doveadm_seal_journal *journal, const char *call,
	       const char *path)
{
	if (!mail_storage_set_error_from_errno(journal->box->storage)) {
		mailbox_set_critical(journal->box, "%s(%s) failed: %m",
				     call, path);
	}
	return -1;
}

/*
 * Reading
 */

/* Returns FALSE if it isn't a copy's line. */
static bool
journal_parse_copy(struct doveadm_seal_journal *journal, const char *line)
{
	const char *const *fields = t_strsplit_tabescaped(line);
	struct doveadm_seal_copy copy;

	i_zero(&copy);
	if (str_array_length(fields) != 4 ||
	    str_to_uint32(fields[0], &copy.original_uid) < 0)
		return FALSE;
	copy.original_guid = fields[1];
	copy.mark = fields[2];
	copy.digest = fields[3];
	(void)doveadm_seal_journal_add(journal, &copy);
	return TRUE;
}

static void
journal_parse(struct doveadm_seal_journal *journal, struct istream *input)
{
	const char *line, *header;

	header = t_strdup_printf(JOURNAL_HEADER" %u", journal->uid_validity);
	line = i_stream_read_next_line(input);
	if (line == NULL || strcmp(line, header) != 0) {
		/* to be removed */
		journal->changed = TRUE;
		return;
	}
	while ((line = i_stream_read_next_line(input)) != NULL) T_BEGIN {
		if (!journal_parse_copy(journal, line))
			journal->changed = TRUE;
	} T_END;
}

/* Only who reads the mail, and root, may have written it. */
static bool journal_is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 022) == 0 &&
		(st->st_uid == geteuid() || st->st_uid == 0);
}

static int journal_read(struct doveadm_seal_journal *journal)
{
	struct istream *input;
	struct stat st;
	int fd, ret = 0;

	fd = open(journal->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd == -1 && errno != ELOOP && errno != EACCES)
		return journal_failed(journal, "open", journal->path);
	if (fd != -1 && fstat(fd, &st) < 0) {
		ret = journal_failed(journal, "fstat", journal->path);
	} else if (fd == -1 || !journal_is_ours(&st)) {
		e_warning(journal->box->event, "mail_seal: %s isn't this "
			  "user's own: what it says doesn't count",
			  journal->path);
		journal->changed = TRUE;
	} else {
		input = i_stream_create_fd(fd, JOURNAL_LINE_MAX);
		journal_parse(journal, input);
		if (input->stream_errno != 0) {
			errno = input->stream_errno;
			ret = journal_failed(journal, "read", journal->path);
		} else if (!input->eof) {
			/* a line without end */
			journal->changed = TRUE;
		}
		i_stream_unref(&input);
	}
	i_close_fd(&fd);
	return ret;
}

/* Where a maildir has its UIDs, which no other user may write to. */
static int journal_find_folder(struct doveadm_seal_journal *journal)
{
	const char *folder;

	if (mailbox_get_path_to(journal->box, MAILBOX_LIST_PATH_TYPE_CONTROL,
				&folder) <= 0) {
		mailbox_set_critical(journal->box,
				     "Mailbox has no control directory");
		return -1;
	}
	journal->folder = p_strdup(journal->pool, folder);
	journal->path = p_strconcat(journal->pool, folder, "/" JOURNAL_NAME,
				    NULL);
	return 0;
}

int doveadm_seal_journal_open(struct mailbox *box,
			      struct doveadm_seal_journal **journal_r)
{
	struct doveadm_seal_journal *journal;
	struct mailbox_status status;
	pool_t pool = pool_alloconly_create("mail_seal journal", 4096);

	journal = p_new(pool, struct doveadm_seal_journal, 1);
	journal->pool = pool;
	journal->box = box;
	p_array_init(&journal->copies, pool, 128);
	mailbox_get_open_status(box, STATUS_UIDVALIDITY, &status);
	journal->uid_validity = status.uidvalidity;
	if (journal_find_folder(journal) < 0 || journal_read(journal) < 0) {
		doveadm_seal_journal_close(&journal);
		return -1;
	}
	*journal_r = journal;
	return 0;
}

void doveadm_seal_journal_close(struct doveadm_seal_journal **_journal)
{
	struct doveadm_seal_journal *journal = *_journal;

	if (journal == NULL)
		return;
	*_journal = NULL;
	pool_unref(&journal->pool);
}

/*
 * The list
 */

const ARRAY_TYPE(doveadm_seal_copies) *
doveadm_seal_journal_copies(struct doveadm_seal_journal *journal)
{
	return &journal->copies;
}

struct doveadm_seal_copy *
doveadm_seal_journal_find(struct doveadm_seal_journal *journal,
			  uint32_t original_uid, const char *original_guid)
{
	struct doveadm_seal_copy *copy, *best = NULL;

	/* A later one was only saved because an earlier one wasn't there: if
	   that is now, it was restored, and has no flags. */
	array_foreach_elem(&journal->copies, copy) {
		if (copy->original_uid == original_uid &&
		    strcmp(copy->original_guid, original_guid) == 0 &&
		    (copy->uid != 0 || best == NULL || best->uid == 0))
			best = copy;
	}
	return best;
}

struct doveadm_seal_copy *
doveadm_seal_journal_find_restored(struct doveadm_seal_journal *journal,
				   uint32_t uid, const char *original_guid)
{
	struct doveadm_seal_copy *copy;

	/* UIDs tell it from another message with the same GUID, as a COPY
	   within the mailbox makes them: that was there before. */
	array_foreach_elem(&journal->copies, copy) {
		if (copy->original_gone && copy->uid != 0 && copy->uid < uid &&
		    strcmp(copy->original_guid, original_guid) == 0)
			return copy;
	}
	return NULL;
}

static bool
is_of_same_original(const struct doveadm_seal_copy *a,
		    const struct doveadm_seal_copy *b)
{
	return a->original_uid == b->original_uid &&
		strcmp(a->original_guid, b->original_guid) == 0;
}

/* Removes those of this original that come before the last ones. */
static void
journal_shorten(struct doveadm_seal_journal *journal,
		const struct doveadm_seal_copy *copy, unsigned int keep)
{
	for (unsigned int i = array_count(&journal->copies); i-- > 0; ) {
		if (!is_of_same_original(array_idx_elem(&journal->copies, i),
					 copy))
			continue;
		if (keep > 0) {
			keep--;
			continue;
		}
		array_delete(&journal->copies, i, 1);
		journal->changed = TRUE;
	}
}

struct doveadm_seal_copy *
doveadm_seal_journal_add(struct doveadm_seal_journal *journal,
			 const struct doveadm_seal_copy *copy)
{
	struct doveadm_seal_copy *added;

	added = p_new(journal->pool, struct doveadm_seal_copy, 1);
	array_push_back(&journal->copies, &added);
	added->original_uid = copy->original_uid;
	added->original_guid = p_strdup(journal->pool, copy->original_guid);
	added->mark = p_strdup(journal->pool, copy->mark);
	added->digest = p_strdup(journal->pool, copy->digest);
	added->uid = copy->uid;
	journal_shorten(journal, added, COPIES_MAX);
	journal->changed = TRUE;
	return added;
}

void doveadm_seal_journal_remove(struct doveadm_seal_journal *journal,
				 const struct doveadm_seal_copy *copy)
{
	journal_shorten(journal, copy, 0);
}

/*
 * Writing
 */

static void
journal_append(struct doveadm_seal_journal *journal, string_t *text)
{
	struct doveadm_seal_copy *copy;

	str_printfa(text, JOURNAL_HEADER" %u\n", journal->uid_validity);
	array_foreach_elem(&journal->copies, copy) {
		str_printfa(text, "%u\t", copy->original_uid);
		str_append_tabescaped(text, copy->original_guid);
		str_printfa(text, "\t%s\t%s\n", copy->mark, copy->digest);
	}
}

static int
journal_write_to(struct doveadm_seal_journal *journal, const char *path)
{
	string_t *text = t_str_new(16*1024);
	int fd, ret = 0;

	if (i_unlink_if_exists(path) < 0)
		return journal_failed(journal, "unlink", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd == -1)
		return journal_failed(journal, "open", path);
	journal_append(journal, text);
	if (write_full(fd, str_data(text), str_len(text)) < 0)
		ret = journal_failed(journal, "write", path);
	else if (fsync(fd) < 0)
		ret = journal_failed(journal, "fsync", path);
	i_close_fd(&fd);
	if (ret == 0 && rename(path, journal->path) < 0)
		ret = journal_failed(journal, "rename", path);
	if (ret < 0)
		i_unlink_if_exists(path);
	return ret;
}

int doveadm_seal_journal_write(struct doveadm_seal_journal *journal)
{
	int ret;

	if (!journal->changed)
		return 0;
	if (array_count(&journal->copies) == 0) {
		ret = i_unlink_if_exists(journal->path) < 0 ?
			journal_failed(journal, "unlink", journal->path) : 0;
	} else if (mailbox_mkdir(journal->box, journal->folder,
				 MAILBOX_LIST_PATH_TYPE_CONTROL) < 0) {
		ret = -1;
	} else T_BEGIN {
		ret = journal_write_to(journal, t_strconcat(
			journal->path, ".tmp", NULL));
		if (ret == 0 && fdatasync_path(journal->folder) < 0) {
			ret = journal_failed(journal, "fdatasync",
					     journal->folder);
		}
	} T_END;
	if (ret == 0)
		journal->changed = FALSE;
	return ret;
}
