/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Where the owner's state lies, and how it is read and written. */

#include "lib.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "mailbox-list.h"
#include "mail-storage-private.h"
#include "str.h"
#include "replace-file.h"
#include "state.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* A plain file in the control directory, where Dovecot has "subscriptions". In
   LAYOUT=fs that could be renamed as a mailbox, and a mailbox could be made in
   its place, but for a name with a tilde (mailbox_list_is_valid_fs_name() in
   mailbox-list.c). */
#define STATE_NAME "~dovecot-mail-seal"
/* In mbox it would be one, but for what is in the index directory and can't be
   a mailbox's (mbox_is_internal_name() in mbox-storage.c). */
#define STATE_NAME_MBOX ".imap/dovecot-mail-seal-state.lock"

static const char *state_file_name(struct mail_namespace *ns)
{
	return strcmp(mail_namespace_get_default_storage(ns)->name,
		      "mbox") == 0 ? STATE_NAME_MBOX : STATE_NAME;
}

/* Returns NULL if this owner's mail has no such place (imapc). */
static const char *
state_path(struct mail_user *owner, struct mailbox_list **list_r)
{
	struct mail_namespace *ns;
	const char *dir;

	if (owner->namespaces == NULL)
		return NULL;
	ns = mail_namespace_find_inbox(owner->namespaces);
	*list_r = ns->list;
	if (!mailbox_list_get_root_path(ns->list,
					MAILBOX_LIST_PATH_TYPE_CONTROL, &dir) ||
	    *dir != '/')
		return NULL;
	return t_strdup_printf("%s/%s", dir, state_file_name(ns));
}

static int state_failed(const char *path, const char **error_r)
{
	*error_r = t_strdup_printf("the owner's state %s can't be read: %m",
				   path);
	return -1;
}

/* Another uid can have the mailbox opened to it, but not the state. */
static bool is_others(struct mail_user *owner)
{
	return owner->autocreated && (errno == EACCES || errno == EPERM);
}

static int
read_text(int fd, const char *path, string_t *text, const char **error_r)
{
	unsigned char buf[4096];
	ssize_t ret;

	while ((ret = read(fd, buf, sizeof(buf))) > 0) {
		str_append_data(text, buf, ret);
		if (str_len(text) > MAIL_SEAL_STATE_SIZE_MAX)
			break;
	}
	return ret < 0 ? state_failed(path, error_r) : 0;
}

int mail_seal_state_read(struct mail_user *owner,
			 struct mail_seal_state *state_r,
			 const char **error_r)
{
	struct mailbox_list *list;
	const char *path = state_path(owner, &list);
	string_t *text;
	int fd, ret;

	i_zero(state_r);
	if (path == NULL)
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR || is_others(owner))
			return 0;
		return state_failed(path, error_r);
	}
	text = t_str_new(1024);
	ret = read_text(fd, path, text, error_r);
	i_close_fd(&fd);
	if (ret < 0)
		return -1;
	mail_seal_state_parse(str_c(text), pool_datastack_create(), state_r);
	/* What is believed here of a certificate, this process also believes
	   where it is the accessor's (certificate/cache.c). */
	if (owner->autocreated)
		state_r->facts = NULL;
	return 1;
}

static int
state_write(struct mail_user *owner, const struct mail_seal_state *state,
	    const char **error_r)
{
	struct mailbox_list *list;
	const char *path = state_path(owner, &list), *reason;
	string_t *text = t_str_new(256);

	if (path == NULL)
		return 0;
	if (mailbox_list_mkdir_root(list,
				    t_strdup_until(path, strrchr(path, '/')),
				    MAILBOX_LIST_PATH_TYPE_CONTROL) < 0) {
		*error_r = mailbox_list_get_last_internal_error(list, NULL);
		return -1;
	}
	mail_seal_state_print(state, text);
	if (replace_file(path, str_data(text), str_len(text), &reason) < 0) {
		*error_r = t_strdup_printf("%s: %s", path, reason);
		return -1;
	}
	return 0;
}

int mail_seal_state_enrol(struct mail_user *owner,
			  const char *const *fingerprints, const char *facts,
			  time_t withdrawn_before, const char *way,
			  const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret < 0)
		return -1;
	if (way == NULL && !state.damaged && (!state.enrolled ||
	    !mail_seal_state_has_fingerprints(&state, fingerprints)))
		way = MAIL_SEAL_STATE_BY_HAND;
	if (ret > 0 && !state.damaged && facts == NULL && way == NULL &&
	    withdrawn_before <= state.withdrawn_before)
		return 0;
	if (way != NULL) {
		state.given_way = way;
		state.given = time(NULL);
	}
	if (!state.enrolled || state.since == 0)
		state.since = time(NULL);
	state.enrolled = TRUE;
	/* those of other certificates would be of no use */
	if (facts != NULL ||
	    !mail_seal_state_has_fingerprints(&state, fingerprints))
		state.facts = facts;
	state.fingerprints = fingerprints;
	state.withdrawn_before = I_MAX(state.withdrawn_before,
				       withdrawn_before);
	return state_write(owner, &state, error_r);
}

static const char *join_told(const char *const *told)
{
	return told == NULL ? "" : t_strarray_join(told, "\n");
}

int mail_seal_state_set_told(struct mail_user *owner, const char *const *told,
			     const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret <= 0 || state.damaged ||
	    strcmp(join_told(state.told), join_told(told)) == 0)
		return ret < 0 ? -1 : 0;
	state.told = told;
	return state_write(owner, &state, error_r);
}

int mail_seal_state_set_owed(struct mail_user *owner, const char *owed,
			     const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret <= 0 || state.damaged || null_strcmp(state.owed, owed) == 0)
		return ret < 0 ? -1 : 0;
	state.owed = owed;
	return state_write(owner, &state, error_r);
}

int mail_seal_state_withdraw(struct mail_user *owner, const char **error_r)
{
	struct mailbox_list *list;
	const char *path = state_path(owner, &list), *reason;
	int ret;

	ret = path == NULL ? 0 : remove_file(path, &reason);
	if (ret < 0)
		*error_r = t_strdup_printf("%s: %s", path, reason);
	return ret;
}
