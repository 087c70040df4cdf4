/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "group-edit.h"
#include "source.h"

#include <sys/stat.h>

/* An administrator makes one to have the mode that he wants. */
static bool is_empty_file(const struct mail_seal_source *source)
{
	struct stat st;

	return source->type == MAIL_SEAL_SOURCE_file &&
		stat(source->path, &st) == 0 && S_ISREG(st.st_mode) &&
		st.st_size == 0;
}

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
		ret = is_empty_file(source) ? 0 :
			mail_seal_source_read(source, set, content, error);
	}
	if (ret == 0)
		*source_r = writable;
	return ret;
}
