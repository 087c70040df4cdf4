/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_SOURCE_H
#define MAIL_SEAL_SOURCE_H

#include "owner-settings.h"
#include "../seal/seal-error.h"

/* Where certificates come from: a kind of source, as its file defines it. */
struct mail_seal_source_kind {
	/* Returns 1 and appends what the source has to certificates; 0 if it
	   has none; -1 with SEAL_ERROR_UNUSABLE_KEY if it has something that
	   can't be read, or with another error if that couldn't be found out.
	   The text of an unusable key's error is half a sentence without
	   paths. */
	int (*read)(const char *path, const struct mail_seal_settings *set,
		    buffer_t *certificates, struct seal_error *error);
	/* The same, or what a read() for this user in the same session has
	   found within the last set->key_cache_secs, which sets *remembered_r;
	   or NULL: it isn't worth it */
	int (*read_recent)(const char *path,
			   const struct mail_seal_settings *set,
			   buffer_t *certificates, bool *remembered_r,
			   struct seal_error *error);
	/* What it is if it is only read, "a ..."; NULL: it can be written */
	const char *only_read;
	/* Puts this in place of what the source has: whoever reads gets the
	   one or the other. Returns 0, or -1 with an error as above, and
	   nothing is changed. NULL if the source is only read. */
	int (*write)(const char *path, const struct mail_seal_settings *set,
		     const buffer_t *content, struct seal_error *error);
	/* The same for a source that many read (group.h), if it still has what
	   was seen (empty: nothing). Returns 1, 0 if somebody else was faster,
	   or -1 as above. NULL if the source is only read. */
	int (*write_shared)(const char *path,
			    const struct mail_seal_settings *set,
			    const buffer_t *seen, const buffer_t *content,
			    struct seal_error *error);
	/* Returns 1 if it is removed, 0 if there was nothing, -1 as above. */
	int (*remove)(const char *path, const struct mail_seal_settings *set,
		      struct seal_error *error);
	/* What waits beside it to become active (pending-text.h): returns as
	   read(). These three are NULL if the source is only read. */
	int (*pending_read)(const char *path,
			    const struct mail_seal_settings *set,
			    buffer_t *pending, struct seal_error *error);
	/* Puts this in place of what waits, or takes it away if it is empty,
	   if it still is what was seen (empty: nothing waited). Returns 1, 0
	   if somebody else was faster, or -1 as above. */
	int (*pending_write)(const char *path,
			     const struct mail_seal_settings *set,
			     const buffer_t *seen, const buffer_t *pending,
			     struct seal_error *error);
	/* What waits, which has these certificates, becomes what the source
	   has, and nothing waits any more: whoever reads gets the one or the
	   other. Returns as pending_write(). */
	int (*pending_activate)(const char *path,
				const struct mail_seal_settings *set,
				const buffer_t *seen,
				const char *certificates,
				struct seal_error *error);
	/* Frees what the process keeps; or NULL */
	void (*deinit)(void);
};

#define MAIL_SEAL_SOURCE_KIND(word, name, has_path) \
extern const struct mail_seal_source_kind mail_seal_source_##name;
MAIL_SEAL_SOURCES(MAIL_SEAL_SOURCE_KIND)
#undef MAIL_SEAL_SOURCE_KIND

/* Of one source. Names and other strings are from the data stack; a name can
   be shown. */
const char *mail_seal_source_name(const struct mail_seal_source *source);
bool mail_seal_source_is_writable(const struct mail_seal_source *source);
/* "a ...": what it is that is only read; or NULL */
const char *mail_seal_source_only_read(const struct mail_seal_source *source);
int mail_seal_source_read(const struct mail_seal_source *source,
			  const struct mail_seal_settings *set,
			  buffer_t *certificates, struct seal_error *error);
/* The same into an empty buffer, where those that were withdrawn are none.
   *withdrawn_r is when that was, or when others had been before these were set;
   or 0. If remembered_r isn't NULL, what was asked for a short time ago will do,
   and it says whether it was that. */
int mail_seal_source_read_valid(const struct mail_seal_source *source,
				const struct mail_seal_settings *set,
				buffer_t *certificates, bool *remembered_r,
				time_t *withdrawn_r, struct seal_error *error);
int mail_seal_source_write(const struct mail_seal_source *source,
			   const struct mail_seal_settings *set,
			   const buffer_t *content, struct seal_error *error);
int mail_seal_source_write_shared(const struct mail_seal_source *source,
				  const struct mail_seal_settings *set,
				  const buffer_t *seen,
				  const buffer_t *content,
				  struct seal_error *error);
int mail_seal_source_remove(const struct mail_seal_source *source,
			    const struct mail_seal_settings *set,
			    struct seal_error *error);
int mail_seal_source_pending_read(const struct mail_seal_source *source,
				  const struct mail_seal_settings *set,
				  buffer_t *pending, struct seal_error *error);
int mail_seal_source_pending_write(const struct mail_seal_source *source,
				   const struct mail_seal_settings *set,
				   const buffer_t *seen,
				   const buffer_t *pending,
				   struct seal_error *error);
int mail_seal_source_pending_activate(const struct mail_seal_source *source,
				      const struct mail_seal_settings *set,
				      const buffer_t *seen,
				      const char *certificates,
				      struct seal_error *error);
void mail_seal_sources_deinit(void);

/* What stands in a source that several back ends share in the place of
   certificates that were withdrawn: without it a back end that remembers the
   owner would take them for lost. Of this time, from the data stack. */
const char *mail_seal_source_withdrawal(time_t when);
/* Is this such a text? When was it? */
bool mail_seal_source_is_withdrawn(const buffer_t *content, time_t *when_r);
/* The same also of certificates with a head that says it
   (mail_seal_pending_head_withdrawn()); 0 if it says nothing */
time_t mail_seal_source_last_withdrawal(const buffer_t *content);

/* Sets the error for a source that can't be read, with errno: an unusable key
   where the fault is the source's, an engine failure where it is the system's
   (out of descriptors, memory; a disk or a server that doesn't answer), which
   must not become plaintext. Returns -1. */
int mail_seal_source_failed(struct seal_error *error, const char *what);

#endif
