/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "str.h"
#include "doveadm-settings.h"
#include "sleep.h"
#include "../../plugin/group-edit.h"
#include "../../core/core.h"
#include "../command.h"
#include "../root.h"
#include "group-load.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_NAME "mail-seal-group.lock"
#define LOCK_WAIT_MSECS 50
#define LOCK_TRIES (60 * 1000 / LOCK_WAIT_MSECS)

/*
 * Reading
 */

/* Text stays as it is. */
static int
content_to_text(const struct doveadm_seal_group *group, buffer_t *content,
		struct seal_error *error)
{
	return content->used == 0 ? 0 :
		group->core->to_text(content, group->group->set.timeout_secs,
				     error);
}

/* A block with several certificates becomes several, each with its record. */
static unsigned int
take_apart(struct doveadm_seal_group_text *text, unsigned int idx,
	   const struct mail_seal_certificate_text *list, unsigned int count)
{
	struct doveadm_seal_group_entry *entry =
		array_idx_modifiable(&text->entries, idx);
	const struct doveadm_seal_group_record record = entry->record;

	entry->certificate = &list[0];
	if (count > 1)
		entry->block = list[0].text;
	for (unsigned int i = 1; i < count; i++) {
		doveadm_seal_group_text_insert(text, idx + i, &record,
					       list[i].text);
		entry = array_idx_modifiable(&text->entries, idx + i);
		entry->certificate = &list[i];
	}
	return count;
}

/* Returns how many certificates are in the entry's block, each of which is an
   entry now; 1 if it can't be read. */
static unsigned int
look_at_entry(struct doveadm_seal_group *group, unsigned int idx)
{
	struct doveadm_seal_group_text *text = &group->text;
	struct doveadm_seal_group_entry *entry =
		array_idx_modifiable(&text->entries, idx);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_certificate_text *list;
	buffer_t *block = t_buffer_create(4096);
	unsigned int count;

	buffer_append(block, entry->block, strlen(entry->block));
	if (group->core->split(block, &group->group->set, text->pool, &list,
			       &count, &error) == 0 && count > 0)
		return take_apart(text, idx, list, count);
	entry->problem = error.code == SEAL_ERROR_NONE ?
		"there is no certificate in it" :
		p_strdup(text->pool, error.text);
	return 1;
}

static void look_at_entries(struct doveadm_seal_group *group)
{
	unsigned int idx = 0;

	while (idx < array_count(&group->text.entries)) T_BEGIN {
		idx += look_at_entry(group, idx);
	} T_END;
}

static bool
is_among(const struct mail_seal_certificate_text *list, unsigned int count,
	 const char *fingerprint)
{
	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(list[i].fingerprint, fingerprint) == 0)
			return TRUE;
	}
	return FALSE;
}

/* What is nobody's when all are read together */
static void find_unused(struct doveadm_seal_group *group)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_certificate_text *list;
	const struct doveadm_seal_group_entry *entry;
	unsigned int count;

	p_array_init(&group->unused, group->text.pool, 4);
	if (group->core->split(group->seen, &group->group->set,
			       pool_datastack_create(), &list, &count,
			       &error) < 0)
		return;
	array_foreach(&group->text.entries, entry) {
		const char *key = entry->certificate == NULL ? NULL :
			entry->certificate->fingerprint;

		if (key != NULL && !is_among(list, count, key))
			array_push_back(&group->unused, &key);
	}
}

int doveadm_seal_group_load(const struct mail_seal_plugin_interface *plugin,
			    const struct mail_seal_group *group, pool_t pool,
			    struct doveadm_seal_group *group_r,
			    struct seal_error *error)
{
	buffer_t *content = t_buffer_create(4096);
	const char *text, *reason;

	i_zero(group_r);
	group_r->plugin = plugin;
	group_r->group = group;
	group_r->seen = buffer_create_dynamic(pool, 4096);
	group_r->core = plugin->core_get(error);
	if (group_r->core == NULL ||
	    plugin->group_read(group, group_r->seen, &group_r->source,
			       error) < 0)
		return -1;
	buffer_append_buf(content, group_r->seen, 0, SIZE_MAX);
	if (content_to_text(group_r, content, error) < 0)
		return -1;
	text = p_strndup(pool, content->data, content->used);
	if (doveadm_seal_group_text_parse(text, pool, &group_r->text,
					  &reason) < 0) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
		return -1;
	}
	look_at_entries(group_r);
	find_unused(group_r);
	return 0;
}

/*
 * Writing
 */

bool doveadm_seal_group_is_unused(const struct doveadm_seal_group *group,
				  const char *fingerprint)
{
	const char *unused;

	array_foreach_elem(&group->unused, unused) {
		if (strcmp(unused, fingerprint) == 0)
			return TRUE;
	}
	return FALSE;
}

int doveadm_seal_group_unused_error(const char *fingerprint,
				    struct seal_error *error)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
		       "mail wouldn't be sealed to %s, which is a certificate "
		       "authority's", fingerprint);
	return -1;
}

static bool
is_recorded(const struct doveadm_seal_group *group, const char *fingerprint)
{
	const struct doveadm_seal_group_entry *entry;

	array_foreach(&group->text.entries, entry) {
		if (entry->certificate != NULL &&
		    strcmp(entry->certificate->fingerprint, fingerprint) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Would mail be sealed to those that the entries say, and to nobody else? */
static int
check_text(const struct doveadm_seal_group *group, const buffer_t *content,
	   struct seal_error *error)
{
	const struct doveadm_seal_group_entry *entry;
	const struct mail_seal_certificate_text *list;
	unsigned int count;

	if (group->core->split(content, &group->group->set,
			       pool_datastack_create(), &list, &count,
			       error) < 0)
		return -1;
	array_foreach(&group->text.entries, entry) {
		const char *key = entry->certificate == NULL ? NULL :
			entry->certificate->fingerprint;

		if (key != NULL && !is_among(list, count, key) &&
		    !doveadm_seal_group_is_unused(group, key))
			return doveadm_seal_group_unused_error(key, error);
	}
	for (unsigned int i = 0; i < count; i++) {
		if (!is_recorded(group, list[i].fingerprint)) {
			seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
				       "its text can't be changed safely: do "
				       "it by hand");
			return -1;
		}
	}
	return 0;
}

int doveadm_seal_group_save(struct doveadm_seal_group *group, bool dry_run,
			    struct seal_error *error)
{
	string_t *text = t_str_new(4096);

	if (group->source == NULL ||
	    !group->plugin->source_is_writable(group->source)) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "its source is only read by mail_seal");
		return -1;
	}
	doveadm_seal_group_text_print(&group->text, text);
	if (check_text(group, text, error) < 0)
		return -1;
	return dry_run ? 1 :
		group->plugin->source_write_shared(group->source,
						   &group->group->set,
						   group->seen, text, error);
}

/*
 * One at a time
 */

static int open_lock(const char *path)
{
	uid_t uid = doveadm_seal_root_begin();
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	doveadm_seal_root_end(uid);
	return fd;
}

int doveadm_seal_group_lock(const char **error_r)
{
	const char *path = t_strconcat(doveadm_settings->base_dir, "/"LOCK_NAME,
				       NULL);
	int fd = open_lock(path);

	if (fd < 0 && getuid() != 0)
		return -1;
	if (fd < 0) {
		*error_r = t_strdup_printf("open(%s) failed: %m", path);
		return -2;
	}
	for (unsigned int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		i_sleep_intr_msecs(LOCK_WAIT_MSECS);
	}
	i_close_fd(&fd);
	*error_r = "another doveadm has been changing a group for too long";
	return -2;
}
