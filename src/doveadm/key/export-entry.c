/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Which certificates are published by which name. */

#include "lib.h"
#include "array.h"
#include "export.h"

static bool
same_name(const struct export_entry *one, const struct export_entry *other)
{
	return strcmp(one->domain, other->domain) == 0 &&
		strcmp(one->name, other->name) == 0;
}

static int
export_entry_cmp(const struct export_entry *one,
		 const struct export_entry *other)
{
	int ret = strcmp(one->domain, other->domain);

	if (ret == 0)
		ret = strcmp(one->name, other->name);
	if (ret == 0)
		ret = strcmp(one->user, other->user);
	if (ret == 0)
		ret = memcmp(one->data, other->data,
			     I_MIN(one->size, other->size));
	if (ret == 0 && one->size != other->size)
		ret = one->size < other->size ? -1 : 1;
	return ret;
}

unsigned int
doveadm_seal_export_count(const ARRAY_TYPE(export_entry) *entries,
			  unsigned int start)
{
	const struct export_entry *list;
	unsigned int end = start + 1, count;

	list = array_get(entries, &count);
	while (end < count && same_name(&list[start], &list[end]))
		end++;
	return end - start;
}

static bool are_one_users(const struct export_entry *list, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		if (strcmp(list[i].user, list[0].user) != 0) {
			i_warning("%s is an address of the users %s and %s: "
				  "their certificates are left out",
				  list[0].address, list[0].user,
				  list[i].user);
			return FALSE;
		}
	}
	return TRUE;
}

void doveadm_seal_export_sort(ARRAY_TYPE(export_entry) *entries)
{
	struct export_entry *list;
	unsigned int count, same, kept = 0;

	array_sort(entries, export_entry_cmp);
	list = array_get_modifiable(entries, &count);
	for (unsigned int i = 0; i < count; i += same) {
		same = doveadm_seal_export_count(entries, i);
		if (!are_one_users(&list[i], same))
			continue;
		for (unsigned int j = i; j < i + same; j++) {
			if (j == i || export_entry_cmp(&list[j - 1],
						       &list[j]) != 0)
				list[kept++] = list[j];
		}
	}
	array_delete(entries, kept, count - kept);
}
