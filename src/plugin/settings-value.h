/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_SETTINGS_VALUE_H
#define MAIL_SEAL_SETTINGS_VALUE_H

#include "owner-settings.h"

/* What the settings' readers share. */

/* Returns -1 and a sentence: the setting mail_seal_NAME has this value, which
   isn't what is expected. */
static inline int
bad_value(const char *name, const char *value, const char *expected,
	  const char **error_r)
{
	*error_r = t_strdup_printf("mail_seal_%s: %s is not %s", name,
		*value == '\0' ? "an empty value" :
			t_strdup_printf("\"%s\"", value), expected);
	return -1;
}

static inline int
parse_bool(const char *name, const char *value, bool *bool_r,
	   const char **error_r)
{
	if (strcasecmp(value, "yes") == 0 || strcasecmp(value, "y") == 0 ||
	    strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*bool_r = TRUE;
	else if (strcasecmp(value, "no") == 0 || strcasecmp(value, "n") == 0 ||
		 strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*bool_r = FALSE;
	else
		return bad_value(name, value, "\"yes\" or \"no\"", error_r);
	return 0;
}

/* owner-settings.c: separates words by spaces; one with spaces in it stands in
   quotes. The list is NULL-terminated. Returns as
   mail_seal_settings_parse(). */
int mail_seal_settings_parse_words(const char *name, const char *value,
				   pool_t pool, const char *const **words_r,
				   const char **error_r);
/* Reads a source, "file:PATH" or another, of the setting mail_seal_NAME. */
int mail_seal_settings_parse_source(const char *name, const char *word,
				    struct mail_seal_source *source_r,
				    const char **error_r);
/* Does the text begin as a source does, "file:" or another? */
bool mail_seal_settings_is_source(const char *text);

/* group-settings.c: the part that is for groups, as above. */
int mail_seal_settings_parse_groups(const struct mail_seal_raw_settings *raw,
				    pool_t pool,
				    struct mail_seal_settings *set,
				    const char **error_r);
/* Makes those of a group of this name, of settings that everybody has: what
   is an owner's goes. Its sources are in them. home is of who opens the
   mailbox, or NULL. Returns as above. */
int mail_seal_settings_make_group(struct mail_seal_settings *set,
				  const char *name, const char *home,
				  const char **error_r);

/* enrol-settings.c: the part that is for those who enrol. Returns as
   mail_seal_settings_parse(). */
int mail_seal_settings_parse_enrolment(const struct mail_seal_raw_settings *raw,
				       pool_t pool,
				       struct mail_seal_settings *set,
				       const char **error_r);

#endif
