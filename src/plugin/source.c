/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "clocks.h"
#include "pending-text.h"
#include "source.h"

#include <time.h>

static const struct {
	const char *name;
	const struct mail_seal_source_kind *kind;
} kinds[] = {
#define MAIL_SEAL_SOURCE_ROW(word, name, has_path) \
	{ word, &mail_seal_source_##name },
	MAIL_SEAL_SOURCES(MAIL_SEAL_SOURCE_ROW)
#undef MAIL_SEAL_SOURCE_ROW
};

const char *mail_seal_source_name(const struct mail_seal_source *source)
{
	const char *path = source->path;

	/* 2.3's URIs of dicts may have one */
	if (*path != '/' && strstr(path, "password=") != NULL)
		path = t_strdup_printf("%s:...", t_strcut(path, ':'));
	return t_strdup_printf("%s:%s", kinds[source->type].name, path);
}

bool mail_seal_source_is_writable(const struct mail_seal_source *source)
{
	return kinds[source->type].kind->write != NULL;
}

const char *mail_seal_source_only_read(const struct mail_seal_source *source)
{
	return kinds[source->type].kind->only_read;
}

/* Takes away what is before certificates from when they were pending, or of the
   withdrawal of others. Returns when that was, or 0: also if it is yet to be, as
   who writes a source by hand may write anything in front of them. */
static time_t delete_head(buffer_t *certificates, size_t start)
{
	const void *data = CONST_PTR_OFFSET(certificates->data, start);
	const size_t size = certificates->used - start;
	time_t withdrawn = mail_seal_pending_head_when_withdrawn(data, size);

	buffer_delete(certificates, start,
		      mail_seal_pending_head_size(data, size));
	return mail_seal_clocks_possible(withdrawn, time(NULL));
}

int mail_seal_source_read(const struct mail_seal_source *source,
			  const struct mail_seal_settings *set,
			  buffer_t *certificates, struct seal_error *error)
{
	size_t start = certificates->used;
	int ret = kinds[source->type].kind->read(source->path, set,
						 certificates, error);

	if (ret > 0)
		(void)delete_head(certificates, start);
	return ret;
}

int mail_seal_source_read_valid(const struct mail_seal_source *source,
				const struct mail_seal_settings *set,
				buffer_t *certificates, bool *remembered_r,
				time_t *withdrawn_r, struct seal_error *error)
{
	const struct mail_seal_source_kind *kind = kinds[source->type].kind;
	int ret;

	*withdrawn_r = 0;
	if (remembered_r != NULL)
		*remembered_r = FALSE;
	ret = remembered_r == NULL || kind->read_recent == NULL ?
		kind->read(source->path, set, certificates, error) :
		kind->read_recent(source->path, set, certificates,
				  remembered_r, error);
	if (ret <= 0)
		return ret;
	*withdrawn_r = delete_head(certificates, 0);
	if (mail_seal_source_is_withdrawn(certificates, withdrawn_r)) {
		buffer_set_used_size(certificates, 0);
		return 0;
	}
	return 1;
}

int mail_seal_source_write(const struct mail_seal_source *source,
			   const struct mail_seal_settings *set,
			   const buffer_t *content, struct seal_error *error)
{
	return kinds[source->type].kind->write(source->path, set, content,
					       error);
}

int mail_seal_source_write_shared(const struct mail_seal_source *source,
				  const struct mail_seal_settings *set,
				  const buffer_t *seen,
				  const buffer_t *content,
				  struct seal_error *error)
{
	return kinds[source->type].kind->write_shared(source->path, set, seen,
						      content, error);
}

int mail_seal_source_remove(const struct mail_seal_source *source,
			    const struct mail_seal_settings *set,
			    struct seal_error *error)
{
	return kinds[source->type].kind->remove(source->path, set, error);
}

int mail_seal_source_pending_read(const struct mail_seal_source *source,
				  const struct mail_seal_settings *set,
				  buffer_t *pending, struct seal_error *error)
{
	return kinds[source->type].kind->pending_read(source->path, set,
						      pending, error);
}

int mail_seal_source_pending_write(const struct mail_seal_source *source,
				   const struct mail_seal_settings *set,
				   const buffer_t *seen,
				   const buffer_t *pending,
				   struct seal_error *error)
{
	return kinds[source->type].kind->pending_write(source->path, set, seen,
						       pending, error);
}

int mail_seal_source_pending_activate(const struct mail_seal_source *source,
				      const struct mail_seal_settings *set,
				      const buffer_t *seen,
				      const char *certificates,
				      struct seal_error *error)
{
	return kinds[source->type].kind->pending_activate(source->path, set,
							  seen, certificates,
							  error);
}

void mail_seal_sources_deinit(void)
{
	for (unsigned int i = 0; i < N_ELEMENTS(kinds); i++) {
		if (kinds[i].kind->deinit != NULL)
			kinds[i].kind->deinit();
	}
}

static bool errno_is_of_source(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO:
	case ENODEV:
		return TRUE;
	default:
		return FALSE;
	}
}

int mail_seal_source_failed(struct seal_error *error, const char *what)
{
	seal_error_set(error, errno_is_of_source() ?
		       SEAL_ERROR_UNUSABLE_KEY : SEAL_ERROR_ENGINE,
		       "%s: %s", what, strerror(errno));
	return -1;
}

#define WITHDRAWAL "mail-seal: withdrawn "
/* the end of the year 9999 */
#define WITHDRAWAL_MAX 253402300799

const char *mail_seal_source_withdrawal(time_t when)
{
	return t_strconcat(WITHDRAWAL, dec2str(I_MIN(when, WITHDRAWAL_MAX)),
			   NULL);
}

bool mail_seal_source_is_withdrawn(const buffer_t *content, time_t *when_r)
{
	const size_t length = strlen(WITHDRAWAL);
	const char *text = content->data;
	time_t when;

	if (content->used <= length || content->used >= length + 20 ||
	    memcmp(text, WITHDRAWAL, length) != 0 ||
	    str_to_time(t_strndup(text + length, content->used - length),
			&when) < 0 || when <= 0 || when > WITHDRAWAL_MAX)
		return FALSE;
	*when_r = when;
	return TRUE;
}

time_t mail_seal_source_last_withdrawal(const buffer_t *content)
{
	time_t when;

	return mail_seal_source_is_withdrawn(content, &when) ? when :
		mail_seal_pending_head_when_withdrawn(content->data,
						      content->used);
}
