/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "key-memory.h"

static void entry_free(struct mail_seal_key_memory_entry *entry)
{
	i_free(entry->where);
	i_free(entry->whose);
	buffer_free(&entry->content);
	i_zero(entry);
}

static struct mail_seal_key_memory_entry *
find(struct mail_seal_key_memory *memory, const char *where, const char *whose)
{
	for (unsigned int i = 0; i < N_ELEMENTS(memory->entries); i++) {
		struct mail_seal_key_memory_entry *entry = &memory->entries[i];

		if (entry->where != NULL && strcmp(entry->where, where) == 0 &&
		    strcmp(entry->whose, whose) == 0)
			return entry;
	}
	return NULL;
}

/* A free one, or the oldest */
static struct mail_seal_key_memory_entry *
find_place(struct mail_seal_key_memory *memory)
{
	struct mail_seal_key_memory_entry *best = &memory->entries[0];

	for (unsigned int i = 0; i < N_ELEMENTS(memory->entries); i++) {
		struct mail_seal_key_memory_entry *entry = &memory->entries[i];

		if (entry->where == NULL)
			return entry;
		if (entry->asked_msecs < best->asked_msecs)
			best = entry;
	}
	return best;
}

bool mail_seal_key_memory_find(struct mail_seal_key_memory *memory,
			       const char *where, const char *whose,
			       uint64_t now_msecs, uint64_t max_age_msecs,
			       buffer_t *content)
{
	const struct mail_seal_key_memory_entry *entry =
		find(memory, where, whose);

	/* one from the future is from a clock that isn't what it should be */
	if (entry == NULL || now_msecs < entry->asked_msecs ||
	    now_msecs - entry->asked_msecs >= max_age_msecs)
		return FALSE;
	buffer_append_buf(content, entry->content, 0, SIZE_MAX);
	return TRUE;
}

void mail_seal_key_memory_keep(struct mail_seal_key_memory *memory,
			       const char *where, const char *whose,
			       uint64_t asked_msecs,
			       const void *data, size_t size)
{
	struct mail_seal_key_memory_entry *entry;

	mail_seal_key_memory_forget(memory, where, whose);
	if (size > MAIL_SEAL_KEY_MEMORY_SIZE)
		return;
	entry = find_place(memory);
	entry_free(entry);
	entry->where = i_strdup(where);
	entry->whose = i_strdup(whose);
	entry->content = buffer_create_dynamic(default_pool, size);
	buffer_append(entry->content, data, size);
	entry->asked_msecs = asked_msecs;
}

void mail_seal_key_memory_forget(struct mail_seal_key_memory *memory,
				 const char *where, const char *whose)
{
	struct mail_seal_key_memory_entry *entry = find(memory, where, whose);

	if (entry != NULL)
		entry_free(entry);
}

void mail_seal_key_memory_clear(struct mail_seal_key_memory *memory)
{
	for (unsigned int i = 0; i < N_ELEMENTS(memory->entries); i++)
		entry_free(&memory->entries[i]);
}
