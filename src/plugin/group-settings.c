/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the settings of team mailboxes mean, for all versions of Dovecot. */

#include "lib.h"
#include "array.h"
#include "owner-settings.h"
#include "settings-value.h"

#define PUBLIC_EXPECTED "MAILBOX-PATTERN=SOURCE"

ARRAY_DEFINE_TYPE(group_pattern, struct mail_seal_group_pattern);
ARRAY_DEFINE_TYPE(source, struct mail_seal_source);

/* Either may have a "=" in it. Returns the source, or NULL. */
static const char *find_source(const char *word)
{
	const char *source = word;

	while ((source = strchr(source, '=')) != NULL) {
		source++;
		if (mail_seal_settings_is_source(source) ||
		    strcmp(source, "none") == 0)
			return source;
	}
	return NULL;
}

static struct mail_seal_group_pattern *
find_pattern(ARRAY_TYPE(group_pattern) *patterns, const char *name)
{
	struct mail_seal_group_pattern *pattern;

	array_foreach_modifiable(patterns, pattern) {
		if (strcmp(pattern->pattern, name) == 0)
			return pattern;
	}
	return NULL;
}

/* A pattern that is there already gets one source more, which is tried after
   the others. */
static int
add_pattern(ARRAY_TYPE(group_pattern) *patterns, pool_t pool, const char *word,
	    const char **error_r)
{
	const char *source_text = find_source(word), *name;
	struct mail_seal_group_pattern *pattern;
	struct mail_seal_source *sources;
	bool none;

	if (source_text == NULL || source_text == word + 1)
		return bad_value("public", word, PUBLIC_EXPECTED, error_r);
	none = strcmp(source_text, "none") == 0;
	name = t_strdup_until(word, source_text - 1);
	pattern = find_pattern(patterns, name);
	if (pattern != NULL && (none || pattern->source_count == 0)) {
		return bad_value("public", word, t_strdup_printf(
			"possible: \"%s\" stands there twice", name), error_r);
	}
	if (pattern == NULL) {
		pattern = array_append_space(patterns);
		pattern->pattern = p_strdup(pool, name);
	}
	if (none)
		return 0;
	sources = p_new(pool, struct mail_seal_source,
			pattern->source_count + 1);
	if (pattern->source_count > 0) {
		memcpy(sources, pattern->sources,
		       pattern->source_count * sizeof(*sources));
	}
	pattern->sources = sources;
	return mail_seal_settings_parse_source("public", source_text,
			&sources[pattern->source_count++], error_r);
}

static int
compare_patterns(const struct mail_seal_group_pattern *pattern1,
		 const struct mail_seal_group_pattern *pattern2)
{
	size_t length1 = strlen(pattern1->pattern);
	size_t length2 = strlen(pattern2->pattern);

	return length1 > length2 ? -1 : length1 < length2 ? 1 :
		strcmp(pattern1->pattern, pattern2->pattern);
}

static int
parse_public(const char *value, pool_t pool, struct mail_seal_settings *set,
	     const char **error_r)
{
	ARRAY_TYPE(group_pattern) patterns;
	const char *const *words;

	if (mail_seal_settings_parse_words("public", value, pool, &words,
					   error_r) < 0)
		return -1;
	p_array_init(&patterns, pool, 4);
	for (; *words != NULL; words++) {
		if (add_pattern(&patterns, pool, *words, error_r) < 0)
			return -1;
	}
	array_sort(&patterns, compare_patterns);
	set->public = array_get(&patterns, &set->public_count);
	return 0;
}

int mail_seal_settings_parse_groups(const struct mail_seal_raw_settings *raw,
				    pool_t pool,
				    struct mail_seal_settings *set,
				    const char **error_r)
{
	const char *unusable = raw->mail_seal_group_unusable;

	set->group_skips_unusable = strcmp(unusable, "skip") == 0;
	if (!set->group_skips_unusable &&
	    strcmp(unusable, "tempfail") != 0) {
		return bad_value("group_unusable", unusable,
				 "\"skip\" or \"tempfail\"", error_r);
	}
	return parse_public(raw->mail_seal_public, pool, set, error_r);
}

/* What is in a home is that user's, and he could change it. */
static bool is_in_home(const char *path, const char *home)
{
	size_t length = home == NULL ? 0 : strlen(home);

	return length > 1 && strncmp(path, home, length) == 0 &&
		(path[length] == '/' || home[length - 1] == '/');
}

static int
check_source(const struct mail_seal_source *source, const char *name,
	     const char *home, const char **error_r)
{
	const char *reason = NULL;

	if (source->type == MAIL_SEAL_SOURCE_gnupg)
		reason = "gnupg: is for one user's certificates";
	else if (source->type == MAIL_SEAL_SOURCE_file &&
		 (is_in_home(source->path, home) ||
		  is_in_home(source->path, MAIL_SEAL_NO_HOME)))
		reason = "its file is in the home of the user who opens the "
			"mailbox";
	if (reason == NULL)
		return 0;
	*error_r = t_strdup_printf("the team mailbox %s can't have the source "
				   "%s: %s", name, source->path, reason);
	return -1;
}

int mail_seal_settings_make_group(struct mail_seal_settings *set,
				  const char *name, const char *home,
				  const char **error_r)
{
	static const char *const nothing[] = { NULL };

	for (unsigned int i = 0; i < set->source_count; i++) {
		if (check_source(&set->sources[i], name, home, error_r) < 0)
			return -1;
	}
	set->group = name;
	set->public = NULL;
	set->public_count = 0;
	set->recipients = nothing;
	set->missing_key = set->unusable_key = MAIL_SEAL_TEMPFAIL;
	set->exclude = nothing;
	set->addresses = NULL;
	set->imap_enrolment = FALSE;
	set->keys_mailbox = NULL;
	return 0;
}
