/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "unichar.h"
#include "group-text.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

#define MEMBER "Member:"
#define ADDED "Added:"
#define CHANGED "Changed:"
#define FROM "From:"
#define FROM_FILE "file"

/* Blocks of any other label are text to us, as they are to those who read
   certificates (text-block.c, x509-file.c). */
static const char *const labels[] = {
	"PGP PUBLIC KEY BLOCK", "CERTIFICATE", "X509 CERTIFICATE",
	"TRUSTED CERTIFICATE", "PKCS7", "PKCS #7 SIGNED DATA", "CMS"
};

/*
 * Lines
 */

static const char *next_line(const char *line)
{
	const char *lf = strchr(line, '\n');

	return lf == NULL ? line + strlen(line) : lf + 1;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_empty(const char *line, const char *end)
{
	while (line < end && is_space(*line))
		line++;
	return line == end;
}

/* "-----BEGIN CERTIFICATE-----", whatever follows in the line */
static const char *begun_label(const char *line)
{
	if (!begins(line, BEGIN))
		return NULL;
	line += strlen(BEGIN);
	for (unsigned int i = 0; i < N_ELEMENTS(labels); i++) {
		size_t length = strlen(labels[i]);

		if (begins(line, labels[i]) && begins(line + length, DASHES))
			return labels[i];
	}
	return NULL;
}

/* Returns what is behind the block that begins in this line, or NULL if it has
   no end of its own. */
static const char *block_end(const char *line, const char *label)
{
	const char *last = t_strconcat(END, label, DASHES, NULL);

	while (*(line = next_line(line)) != '\0') {
		if (begins(line, last))
			return next_line(line);
		if (begins(line, BEGIN))
			break;
	}
	return NULL;
}

/* Where the lines that end here, without an empty one among them, begin. */
static const char *record_begin(const char *start, const char *end)
{
	while (end > start) {
		const char *line = end - 1;

		while (line > start && line[-1] != '\n')
			line--;
		if (is_empty(line, end))
			break;
		end = line;
	}
	return end;
}

/*
 * Records
 */

/* Returns the value of "NAME: value" in this line, without white space around
   it, or NULL. An empty one is none. */
static const char *
line_value(const char *line, const char *end, const char *name, pool_t pool)
{
	if (!begins(line, name))
		return NULL;
	line += strlen(name);
	while (line < end && is_space(*line))
		line++;
	while (end > line && is_space(end[-1]))
		end--;
	return line < end ? p_strdup_until(pool, line, end) : NULL;
}

static void
record_parse(const char *text, pool_t pool,
	     struct doveadm_seal_group_record *record_r)
{
	const char *line, *end, *value;

	i_zero(record_r);
	for (line = text; *line != '\0'; line = end) {
		end = next_line(line);
		if ((value = line_value(line, end, MEMBER, pool)) != NULL)
			record_r->member = value;
		else if ((value = line_value(line, end, ADDED, pool)) != NULL)
			record_r->added = value;
		else if ((value = line_value(line, end, CHANGED,
					     pool)) != NULL)
			record_r->changed = value;
		else if ((value = line_value(line, end, FROM, pool)) != NULL)
			record_r->from_file = strcmp(value, FROM_FILE) == 0;
	}
}

static void append_line(string_t *text, const char *name, const char *value)
{
	if (value != NULL)
		str_printfa(text, "%s %s\n", name, value);
}

static const char *
record_print(const struct doveadm_seal_group_record *record, pool_t pool)
{
	string_t *text = str_new(pool, 128);

	append_line(text, MEMBER, record->member);
	append_line(text, ADDED, record->added);
	append_line(text, CHANGED, record->changed);
	append_line(text, FROM, record->from_file ? FROM_FILE : NULL);
	return str_c(text);
}

/*
 * The text
 */

static void
add_parsed(struct doveadm_seal_group_text *group, const char *start,
	   const char *begin, const char *end)
{
	struct doveadm_seal_group_entry *entry =
		array_append_space(&group->entries);
	const char *record = record_begin(start, begin);

	entry->before = p_strdup_until(group->pool, start, record);
	entry->record_text = p_strdup_until(group->pool, record, begin);
	entry->block = p_strdup_until(group->pool, begin, end);
	record_parse(entry->record_text, group->pool, &entry->record);
}

int doveadm_seal_group_text_parse(const char *text, pool_t pool,
				  struct doveadm_seal_group_text *group_r,
				  const char **error_r)
{
	const char *start, *line, *label, *end;

	/* a byte order mark is no part of the first line */
	start = line = begins(text, BYTE_ORDER_MARK) ?
		text + strlen(BYTE_ORDER_MARK) : text;
	i_zero(group_r);
	group_r->pool = pool;
	p_array_init(&group_r->entries, pool, 32);
	while (*line != '\0') {
		label = begun_label(line);
		if (label == NULL) {
			line = next_line(line);
			continue;
		}
		end = block_end(line, label);
		if (end == NULL) {
			*error_r = "one of its certificates has no end";
			return -1;
		}
		if (array_count(&group_r->entries) ==
		    DOVEADM_SEAL_GROUP_ENTRIES_MAX) {
			*error_r = t_strdup_printf("it has more than %u "
				"certificates", DOVEADM_SEAL_GROUP_ENTRIES_MAX);
			return -1;
		}
		add_parsed(group_r, start, line, end);
		start = line = end;
	}
	group_r->after = p_strdup(pool, start);
	return 0;
}

/* A file needn't end with a line end, what follows must begin a line. */
static void append_lines(string_t *text, const char *lines)
{
	if (*lines != '\0' && str_len(text) > 0 &&
	    str_c(text)[str_len(text) - 1] != '\n')
		str_append_c(text, '\n');
	str_append(text, lines);
}

void doveadm_seal_group_text_print(const struct doveadm_seal_group_text *group,
				   string_t *text)
{
	const struct doveadm_seal_group_entry *entry;

	array_foreach(&group->entries, entry) {
		append_lines(text, entry->before);
		append_lines(text, entry->record_text);
		append_lines(text, entry->block);
	}
	append_lines(text, group->after);
}

/*
 * Changes
 */

static void
entry_fill(struct doveadm_seal_group_text *group,
	   struct doveadm_seal_group_entry *entry,
	   const struct doveadm_seal_group_record *record, const char *block)
{
	entry->record_text = record_print(record, group->pool);
	record_parse(entry->record_text, group->pool, &entry->record);
	entry->block = p_strdup(group->pool, block);
	entry->certificate = NULL;
	entry->problem = NULL;
}

/* What stands before a record, so that it isn't part of it */
static const char *
set_apart(const char *before, bool first, pool_t pool)
{
	size_t length = strlen(before);

	if (length == 0)
		return first ? "" : "\n";
	if (is_empty(before, before + length))
		return p_strdup(pool, before);
	return p_strconcat(pool, before, before[length - 1] == '\n' ?
			   "\n" : "\n\n", NULL);
}

void doveadm_seal_group_text_insert(
	struct doveadm_seal_group_text *group, unsigned int idx,
	const struct doveadm_seal_group_record *record, const char *block)
{
	struct doveadm_seal_group_entry entry = {
		.before = set_apart("", idx == 0, group->pool)
	};
	struct doveadm_seal_group_entry *next;

	if (idx == array_count(&group->entries)) {
		entry.before = set_apart(group->after, idx == 0, group->pool);
		group->after = "";
	} else if (idx == 0) {
		/* the comment at the head stays there */
		next = array_front_modifiable(&group->entries);
		entry.before = next->before;
		next->before = "\n";
	}
	entry_fill(group, &entry, record, block);
	array_insert(&group->entries, idx, &entry, 1);
}

void doveadm_seal_group_text_remove(struct doveadm_seal_group_text *group,
				    unsigned int idx)
{
	const struct doveadm_seal_group_entry *entry =
		array_idx(&group->entries, idx);
	const char *before = entry->before;
	struct doveadm_seal_group_entry *next;
	const char **follows;

	if (is_empty(before, before + strlen(before)) && idx > 0)
		before = "";
	array_delete(&group->entries, idx, 1);
	if (idx == array_count(&group->entries)) {
		follows = &group->after;
	} else {
		next = array_idx_modifiable(&group->entries, idx);
		follows = &next->before;
		/* the first one's needs no empty line above it */
		if (idx == 0 && is_empty(*follows, *follows + strlen(*follows)))
			*follows = "";
	}
	*follows = p_strconcat(group->pool, before, *follows, NULL);
}

void doveadm_seal_group_text_replace(
	struct doveadm_seal_group_text *group, unsigned int idx,
	const struct doveadm_seal_group_record *record, const char *block)
{
	entry_fill(group, array_idx_modifiable(&group->entries, idx), record,
		   block);
}

const char *doveadm_seal_group_name_problem(const char *name)
{
	if (*name == '\0')
		return "it is empty";
	if (strlen(name) > DOVEADM_SEAL_GROUP_NAME_MAX)
		return "it is too long";
	if (!uni_utf8_str_is_valid(name))
		return "it is not UTF-8";
	if (is_space(*name) || is_space(name[strlen(name) - 1]))
		return "it begins or ends with a space";
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name < ' ' || *name == '\x7f')
			return "it has control characters";
	}
	return NULL;
}
