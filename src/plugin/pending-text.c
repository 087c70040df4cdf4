/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "str.h"
#include "str-sanitize.h"
#include "pending-text.h"

#define LINE "mail-seal: "
#define TITLE LINE"pending 1\n"
#define END LINE"end\n"

#define HASH_LENGTH 64
#define FINGERPRINT_LENGTH_MAX 64
#define WORD_LENGTH_MAX 32
#define WHO_LENGTH_MAX 256
/* Of codes, and of notices: more than any that we write have in a year. Each
   is kept apart, so that a file full of them would take gigabytes. */
#define ITEMS_MAX 1024
/* the end of the year 9999 */
#define TIME_MAX 253402300799

static const char *const code_names[MAIL_SEAL_GATE_CODE_COUNT] = {
	[MAIL_SEAL_GATE_NEW] = "new",
	[MAIL_SEAL_GATE_OLD] = "old",
	[MAIL_SEAL_GATE_STOP] = "stop"
};

/* Returns the size of the first head, or 0. */
static size_t first_head_size(const void *data, size_t size)
{
	const char *text = data, *line = text, *end = text + size, *lf;

	if (size < strlen(TITLE) || memcmp(text, TITLE, strlen(TITLE)) != 0)
		return 0;
	while ((size_t)(end - line) > strlen(LINE) &&
	       memcmp(line, LINE, strlen(LINE)) == 0) {
		lf = memchr(line, '\n', end - line);
		if (lf == NULL)
			return 0;
		lf++;
		if ((size_t)(lf - line) == strlen(END) &&
		    memcmp(line, END, strlen(END)) == 0)
			return lf - text;
		line = lf;
	}
	return 0;
}

size_t mail_seal_pending_head_size(const void *data, size_t size)
{
	size_t all = 0, head;

	while ((head = first_head_size(CONST_PTR_OFFSET(data, all),
				       size - all)) > 0)
		all += head;
	return all;
}

/* Editors write one in front of text. */
#define BOM "\xef\xbb\xbf"

size_t mail_seal_pending_offered_start(const void *data, size_t size)
{
	size_t start = 0, found;

	do {
		const char *text = CONST_PTR_OFFSET(data, start);

		found = size - start >= strlen(BOM) &&
			memcmp(text, BOM, strlen(BOM)) == 0 ? strlen(BOM) :
			mail_seal_pending_head_size(text, size - start);
		start += found;
	} while (found > 0);
	return start;
}

#define WITHDRAWN LINE"withdrawn="

const char *mail_seal_pending_head_withdrawn(time_t when)
{
	return t_strconcat(TITLE WITHDRAWN, dec2str(when), "\n"END, NULL);
}

/*
 * Reading
 */

static bool parse_time(const char *value, time_t *time_r)
{
	return str_to_time(value, time_r) == 0 && *time_r > 0 &&
		*time_r <= TIME_MAX;
}

time_t mail_seal_pending_head_when_withdrawn(const void *data, size_t size)
{
	size_t head = first_head_size(data, size);
	const char *line = strstr(t_strndup(data, head), "\n"WITHDRAWN);
	time_t when;

	return line != NULL &&
		parse_time(t_strcut(line + 1 + strlen(WITHDRAWN), '\n'),
			   &when) ? when : 0;
}

static bool
parse_keys(const char *value, pool_t pool, const char *const **keys_r)
{
	const char *const *key;

	*keys_r = (const char *const *)p_strsplit(pool, value, ",");
	for (key = *keys_r; *key != NULL; key++) {
		size_t length = strlen(*key);

		if (length == 0 || length > FINGERPRINT_LENGTH_MAX ||
		    strspn(*key, "0123456789ABCDEF") != length)
			return FALSE;
	}
	return key != *keys_r;
}

/* "NAME VALUE" */
static bool
parse_pair(const char *text, const char **name_r, const char **value_r)
{
	const char *space = strchr(text, ' ');

	if (space == NULL)
		return FALSE;
	*name_r = t_strdup_until(text, space);
	*value_r = space + 1;
	return TRUE;
}

static bool code_number(const char *name, unsigned int *number_r)
{
	for (unsigned int i = 0; i < N_ELEMENTS(code_names); i++) {
		if (strcmp(code_names[i], name) == 0) {
			*number_r = i;
			return TRUE;
		}
	}
	return FALSE;
}

static bool
parse_code(const char *text, pool_t pool, struct mail_seal_pending *pending)
{
	const char *name, *value;
	unsigned int number;

	if (!parse_pair(text, &name, &value) || !code_number(name, &number) ||
	    strlen(value) != HASH_LENGTH || pending->code_count == ITEMS_MAX)
		return FALSE;
	mail_seal_pending_add_code(pending, number, value, pool);
	return TRUE;
}

static bool parse_given(const char *text, struct mail_seal_pending *pending)
{
	const char *name, *value;
	unsigned int number;

	return parse_pair(text, &name, &value) && code_number(name, &number) &&
		parse_time(value, &pending->given[number]);
}

static bool
parse_notice(const char *text, pool_t pool, struct mail_seal_pending *pending)
{
	const char *name, *value;
	time_t when;

	if (!parse_pair(text, &name, &value) || !parse_time(value, &when) ||
	    pending->notice_count == ITEMS_MAX)
		return FALSE;
	mail_seal_pending_add_notice(pending, name, when, pool);
	return TRUE;
}

/* What isn't known is a later version's, which it may depend on. */
static bool
parse_line(const char *name, const char *value, pool_t pool,
	   struct mail_seal_pending *pending)
{
	if (strcmp(name, "since") == 0)
		return parse_time(value, &pending->since);
	if (strcmp(name, "action") == 0) {
		pending->withdraw = strcmp(value, "unset") == 0;
		return pending->withdraw || strcmp(value, "set") == 0;
	}
	if (strcmp(name, "way") == 0)
		pending->way = p_strdup(pool, value);
	else if (strcmp(name, "who") == 0)
		pending->who = p_strdup(pool, value);
	else if (strcmp(name, "keys") == 0)
		return parse_keys(value, pool, &pending->keys);
	else if (strcmp(name, "old-keys") == 0)
		return parse_keys(value, pool, &pending->old_keys);
	else if (strcmp(name, "code") == 0)
		return parse_code(value, pool, pending);
	else if (strcmp(name, "given") == 0)
		return parse_given(value, pending);
	else if (strcmp(name, "notice") == 0)
		return parse_notice(value, pool, pending);
	else
		return FALSE;
	return TRUE;
}

static bool
was_sent(const struct mail_seal_pending *pending,
	 enum mail_seal_gate_code kind)
{
	for (unsigned int i = 0; i < pending->code_count; i++) {
		if (pending->codes[i].kind == kind)
			return TRUE;
	}
	return FALSE;
}

/* What could be complete without a code is none of ours. */
static bool is_whole(const struct mail_seal_pending *pending)
{
	return pending->since != 0 && pending->way != NULL &&
		pending->who != NULL &&
		(pending->withdraw ? pending->old_keys != NULL :
		 pending->keys != NULL &&
		 was_sent(pending, MAIL_SEAL_GATE_NEW));
}

bool mail_seal_pending_is_ours(const char *text)
{
	return strncmp(text, LINE, strlen(LINE)) == 0;
}

int mail_seal_pending_parse(const char *text, pool_t pool,
			    struct mail_seal_pending *pending_r)
{
	const size_t length = strlen(text);
	size_t size = first_head_size(text, length);
	const char *const *lines, *value;

	i_zero(pending_r);
	if (size == 0)
		return -1;
	lines = t_strsplit(t_strndup(text + strlen(TITLE), size -
				     strlen(TITLE) - strlen(END)), "\n");
	for (; *lines != NULL && **lines != '\0'; lines++) {
		value = strchr(*lines, '=');
		if (value == NULL ||
		    !parse_line(t_strdup_until(*lines + strlen(LINE), value),
				value + 1, pool, pending_r))
			return -1;
	}
	size = mail_seal_pending_head_size(text, length);
	pending_r->certificates = p_strdup(pool, text + size);
	return is_whole(pending_r) ? 0 : -1;
}

/*
 * Writing
 */

void mail_seal_pending_add_code(struct mail_seal_pending *pending,
				enum mail_seal_gate_code kind,
				const char *hash, pool_t pool)
{
	struct mail_seal_pending_code *codes;

	codes = p_new(pool, struct mail_seal_pending_code,
		      pending->code_count + 1);
	if (pending->code_count > 0) {
		memcpy(codes, pending->codes,
		       pending->code_count * sizeof(*codes));
	}
	codes[pending->code_count].kind = kind;
	codes[pending->code_count++].hash = p_strdup(pool, hash);
	pending->codes = codes;
}

void mail_seal_pending_add_notice(struct mail_seal_pending *pending,
				  const char *name, time_t when, pool_t pool)
{
	struct mail_seal_pending_notice *notices;

	notices = p_new(pool, struct mail_seal_pending_notice,
			pending->notice_count + 1);
	if (pending->notice_count > 0) {
		memcpy(notices, pending->notices,
		       pending->notice_count * sizeof(*notices));
	}
	notices[pending->notice_count].name = p_strdup(pool, name);
	notices[pending->notice_count++].when = when;
	pending->notices = notices;
}

static void
print(string_t *text, const char *name, const char *value, size_t max)
{
	str_printfa(text, LINE"%s=%s\n", name, str_sanitize(value, max));
}

static void print_time(string_t *text, const char *name, time_t value)
{
	str_printfa(text, LINE"%s=%s\n", name, dec2str(value));
}

static void
print_keys(string_t *text, const char *name, const char *const *keys)
{
	if (keys != NULL && *keys != NULL) {
		str_printfa(text, LINE"%s=%s\n", name,
			    t_strarray_join(keys, ","));
	}
}

static void
print_codes(const struct mail_seal_pending *pending, string_t *text)
{
	for (unsigned int i = 0; i < pending->code_count; i++) {
		str_printfa(text, LINE"code=%s %s\n",
			    code_names[pending->codes[i].kind],
			    pending->codes[i].hash);
	}
	for (unsigned int i = 0; i < N_ELEMENTS(code_names); i++) {
		if (pending->given[i] != 0) {
			str_printfa(text, LINE"given=%s %s\n", code_names[i],
				    dec2str(pending->given[i]));
		}
	}
}

void mail_seal_pending_print(const struct mail_seal_pending *pending,
			     string_t *text)
{
	str_append(text, TITLE);
	print_time(text, "since", pending->since);
	print(text, "action", pending->withdraw ? "unset" : "set",
	      WORD_LENGTH_MAX);
	print(text, "way", pending->way, WORD_LENGTH_MAX);
	print(text, "who", pending->who, WHO_LENGTH_MAX);
	print_keys(text, "keys", pending->keys);
	print_keys(text, "old-keys", pending->old_keys);
	print_codes(pending, text);
	for (unsigned int i = 0; i < pending->notice_count; i++) {
		str_printfa(text, LINE"notice=%s %s\n",
			    str_sanitize(pending->notices[i].name,
					 WORD_LENGTH_MAX),
			    dec2str(pending->notices[i].when));
	}
	str_append(text, END);
	str_append(text, pending->certificates);
}
