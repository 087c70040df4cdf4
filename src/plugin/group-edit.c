/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "group-edit.h"
#include "source.h"

int mail_seal_group_read(const struct mail_seal_group *group,
			 buffer_t *content,
			 const struct mail_seal_source **source_r,
			 struct seal_error *error)
{
	const struct mail_seal_settings *set = &group->set;
	const struct mail_seal_source *writable = NULL;
	int ret = 0;

	for (unsigned int i = 0; i < set->source_count && ret == 0; i++) {
		const struct mail_seal_source *source = &set->sources[i];

		*source_r = source;
		if (writable == NULL && mail_seal_source_is_writable(source))
			writable = source;
		ret = mail_seal_source_read(source, set, content, error);
	}
	if (ret == 0)
		*source_r = writable;
	return ret;
}
