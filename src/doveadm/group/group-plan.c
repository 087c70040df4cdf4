/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "../../core/core.h"
#include "group-plan.h"

ARRAY_DEFINE_TYPE(entry_index, unsigned int);

static const struct doveadm_seal_group_entry *
entry_at(const struct doveadm_seal_group_text *group, unsigned int idx)
{
	return array_idx(&group->entries, idx);
}

static unsigned int own_at(const ARRAY_TYPE(entry_index) *own, unsigned int i)
{
	return *array_idx(own, i);
}

static const char *fingerprint(const struct doveadm_seal_group_entry *entry)
{
	return entry->certificate == NULL ? NULL :
		entry->certificate->fingerprint;
}

bool doveadm_seal_group_is_members(
	const struct doveadm_seal_group_entry *entry, const char *name)
{
	return name != NULL && entry->record.member != NULL &&
		strcmp(entry->record.member, name) == 0;
}

bool doveadm_seal_group_has(const struct doveadm_seal_group_text *group,
			    const char *name)
{
	const struct doveadm_seal_group_entry *entry;

	array_foreach(&group->entries, entry) {
		if (doveadm_seal_group_is_members(entry, name))
			return TRUE;
	}
	return FALSE;
}

static bool
has_key(const struct doveadm_seal_group_text *group, const char *key)
{
	const struct doveadm_seal_group_entry *entry;

	array_foreach(&group->entries, entry) {
		if (null_strcmp(fingerprint(entry), key) == 0)
			return TRUE;
	}
	return FALSE;
}

static const struct mail_seal_certificate_text *
find_new(const struct doveadm_seal_group_member *member, const char *key)
{
	for (unsigned int i = 0; key != NULL && i < member->count; i++) {
		if (strcmp(member->certificates[i].fingerprint, key) == 0)
			return &member->certificates[i];
	}
	return NULL;
}

static const char *const *
new_keys(const struct doveadm_seal_group_member *member, pool_t pool)
{
	const char **keys = p_new(pool, const char *, member->count + 1);

	for (unsigned int i = 0; i < member->count; i++)
		keys[i] = p_strdup(pool, member->certificates[i].fingerprint);
	return keys;
}

static const char *const *
keys_of(const struct doveadm_seal_group_text *group,
	const ARRAY_TYPE(entry_index) *own)
{
	const char **keys = p_new(group->pool, const char *,
				  array_count(own) + 1);
	unsigned int idx, count = 0;

	array_foreach_elem(own, idx) {
		const char *key = fingerprint(entry_at(group, idx));

		if (key != NULL)
			keys[count++] = p_strdup(group->pool, key);
	}
	return keys;
}

static void
refuse(struct doveadm_seal_group_change *change, const char *reason)
{
	change->result = DOVEADM_SEAL_GROUP_REFUSED;
	change->reason = reason;
}

/*
 * Setting
 */

static bool
is_own(const struct doveadm_seal_group_entry *entry,
       const struct doveadm_seal_group_member *member)
{
	return doveadm_seal_group_is_members(entry, member->name) ||
		((member->name == NULL || entry->record.member == NULL) &&
		 find_new(member, fingerprint(entry)) != NULL);
}

/* Returns half a sentence, or NULL if these may be the member's. */
static const char *
problem_with(const struct doveadm_seal_group_text *group,
	     const struct doveadm_seal_group_member *member,
	     unsigned int own_count)
{
	const struct doveadm_seal_group_entry *entry;
	const char *kind = member->certificates[0].kind;

	array_foreach(&group->entries, entry) {
		if (is_own(entry, member) || entry->certificate == NULL)
			continue;
		if (find_new(member, fingerprint(entry)) != NULL) {
			return p_strdup_printf(group->pool,
				"the certificate is there already, as that of "
				"%s", entry->record.member);
		}
		if (strcmp(entry->certificate->kind, kind) != 0) {
			return p_strdup_printf(group->pool,
				"it is an %s certificate, the other members "
				"have %s, and a message can only be sealed in "
				"one form", kind, entry->certificate->kind);
		}
	}
	if (array_count(&group->entries) - own_count + member->count >
	    DOVEADM_SEAL_GROUP_MEMBERS_MAX) {
		return p_strdup_printf(group->pool, "a mailbox has %u members "
			"at the most", DOVEADM_SEAL_GROUP_MEMBERS_MAX);
	}
	return NULL;
}

static bool
is_as_before(const struct doveadm_seal_group_text *group,
	     const ARRAY_TYPE(entry_index) *own,
	     const struct doveadm_seal_group_member *member)
{
	unsigned int idx;

	if (array_count(own) != member->count)
		return FALSE;
	array_foreach_elem(own, idx) {
		const struct doveadm_seal_group_entry *entry =
			entry_at(group, idx);
		const struct mail_seal_certificate_text *new =
			find_new(member, fingerprint(entry));

		if (new == NULL ||
		    strcmp(new->text, entry->certificate->text) != 0)
			return FALSE;
		if (member->name != NULL &&
		    (entry->record.member == NULL ||
		     entry->record.from_file != member->from_file))
			return FALSE;
	}
	return TRUE;
}

/* Puts the member's certificates where his own were, more of them behind these,
   and a new member at the end. */
static void
put(struct doveadm_seal_group_text *group,
    const ARRAY_TYPE(entry_index) *own,
    const struct doveadm_seal_group_member *member,
    const struct doveadm_seal_group_record *record)
{
	unsigned int own_count = array_count(own), idx = 0;
	unsigned int end = own_count == 0 ? array_count(&group->entries) :
		own_at(own, own_count - 1) + 1;

	for (unsigned int i = 0; i < member->count; i++) {
		const struct mail_seal_certificate_text *certificate =
			&member->certificates[i];
		struct doveadm_seal_group_entry *entry;

		if (i < own_count) {
			idx = own_at(own, i);
			doveadm_seal_group_text_replace(group, idx, record,
							certificate->text);
		} else {
			idx = end++;
			doveadm_seal_group_text_insert(group, idx, record,
						       certificate->text);
		}
		entry = array_idx_modifiable(&group->entries, idx);
		entry->certificate = certificate;
	}
	for (unsigned int i = own_count; i > member->count; i--) {
		doveadm_seal_group_text_remove(group,
					       own_at(own, i - 1));
	}
}

void doveadm_seal_group_set(struct doveadm_seal_group_text *group,
			    const struct doveadm_seal_group_member *member,
			    const char *stamp,
			    struct doveadm_seal_group_change *change_r)
{
	struct doveadm_seal_group_record record = {
		.member = member->name, .added = stamp,
		.from_file = member->from_file
	};
	ARRAY_TYPE(entry_index) own;
	const struct doveadm_seal_group_entry *first;
	const char *reason;

	i_assert(member->count > 0);
	i_zero(change_r);
	p_array_init(&own, group->pool, 4);
	for (unsigned int i = 0; i < array_count(&group->entries); i++) {
		if (is_own(entry_at(group, i), member))
			array_push_back(&own, &i);
	}
	change_r->old_keys = keys_of(group, &own);
	change_r->new_keys = new_keys(member, group->pool);
	reason = problem_with(group, member, array_count(&own));
	if (reason != NULL) {
		refuse(change_r, reason);
		return;
	}
	if (is_as_before(group, &own, member)) {
		change_r->result = DOVEADM_SEAL_GROUP_UNCHANGED;
		return;
	}
	for (unsigned int i = 0; i < member->count; i++) {
		if (!has_key(group, change_r->new_keys[i]))
			change_r->is_new = TRUE;
	}
	change_r->result = DOVEADM_SEAL_GROUP_ADDED;
	if (array_count(&own) > 0) {
		change_r->result = DOVEADM_SEAL_GROUP_CHANGED;
		first = entry_at(group, own_at(&own, 0));
		record.added = first->record.added;
		record.changed = stamp;
		if (record.member == NULL) {
			record.member = first->record.member;
			record.from_file = first->record.from_file;
		}
	}
	put(group, &own, member, &record);
	for (const char *const *key = change_r->old_keys; *key != NULL; key++)
		change_r->is_gone = change_r->is_gone || !has_key(group, *key);
}

/*
 * Taking away
 */

static void
find_to_unset(const struct doveadm_seal_group_text *group, const char *name,
	      ARRAY_TYPE(entry_index) *own)
{
	bool by_name = doveadm_seal_group_has(group, name);

	for (unsigned int i = 0; i < array_count(&group->entries); i++) {
		const struct doveadm_seal_group_entry *entry =
			entry_at(group, i);
		const char *key = fingerprint(entry);

		if (by_name ? doveadm_seal_group_is_members(entry, name) :
		    key != NULL && strcasecmp(key, name) == 0)
			array_push_back(own, &i);
	}
}

/* Does mail still have a recipient without these? */
static bool
others_are_left(const struct doveadm_seal_group_text *group,
		const ARRAY_TYPE(entry_index) *own)
{
	unsigned int known = 0, own_known = 0, idx;
	const struct doveadm_seal_group_entry *entry;

	array_foreach(&group->entries, entry) {
		if (entry->certificate != NULL)
			known++;
	}
	array_foreach_elem(own, idx) {
		if (entry_at(group, idx)->certificate != NULL)
			own_known++;
	}
	return known > own_known;
}

void doveadm_seal_group_unset(struct doveadm_seal_group_text *group,
			      const char *name,
			      struct doveadm_seal_group_change *change_r)
{
	ARRAY_TYPE(entry_index) own;

	i_zero(change_r);
	p_array_init(&own, group->pool, 4);
	find_to_unset(group, name, &own);
	change_r->old_keys = keys_of(group, &own);
	change_r->new_keys = p_new(group->pool, const char *, 1);
	if (array_count(&own) == 0) {
		refuse(change_r, "there is no such member");
		return;
	}
	if (!others_are_left(group, &own)) {
		refuse(change_r, "nobody would be left, and no mail would be "
		       "stored in the mailbox: add another member first, or "
		       "take its source out of the configuration");
		return;
	}
	change_r->result = DOVEADM_SEAL_GROUP_REMOVED;
	for (unsigned int i = array_count(&own); i > 0; i--) {
		doveadm_seal_group_text_remove(group,
					       own_at(&own, i - 1));
	}
	for (const char *const *key = change_r->old_keys; *key != NULL; key++)
		change_r->is_gone = change_r->is_gone || !has_key(group, *key);
}
