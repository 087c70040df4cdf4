/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "split-oracle.h"

#include <string.h>

static void field_free(void *data)
{
	struct split_field *field = data;

	g_free(field->name);
	g_string_free(field->text, TRUE);
	g_free(field);
}

/* A line of nothing but CRs and its LF */
static bool line_ends_header(const char *line, size_t size)
{
	return strspn(line, "\r") == size - 1 && line[size - 1] == '\n';
}

static char *line_field_name(const char *line, size_t size)
{
	const char *colon = memchr(line, ':', MIN(size, 999));
	char *name;

	if (colon == NULL)
		return NULL;
	size = colon - line;
	while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\t'))
		size--;
	for (size_t i = 0; i < size; i++) {
		if (!g_ascii_isgraph(line[i]))
			return NULL;
	}
	name = g_ascii_strdown(line, size);
	if (*name != '\0')
		return name;
	g_free(name);
	return NULL;
}

static void
take_line(struct split_oracle *oracle, const char *line, size_t size)
{
	struct split_field *field;

	if ((line[0] != ' ' && line[0] != '\t') || oracle->fields->len == 0) {
		field = g_new0(struct split_field, 1);
		field->text = g_string_new(NULL);
		if (line[0] != ' ' && line[0] != '\t')
			field->name = line_field_name(line, size);
		g_ptr_array_add(oracle->fields, field);
	}
	field = oracle->fields->pdata[oracle->fields->len - 1];
	g_string_append_len(field->text, line, size);
}

static bool is_dropped(const struct split_field *field)
{
	return g_strcmp0(field->name, "x-mail-seal") == 0;
}

struct split_oracle *split_oracle_new(const char *message, size_t size)
{
	struct split_oracle *oracle = g_new0(struct split_oracle, 1);
	struct split_field *field;
	size_t offset = 0;

	oracle->fields = g_ptr_array_new_with_free_func(field_free);
	while (offset < size) {
		/* NUL-terminated, for strspn() */
		const char *lf = memchr(message + offset, '\n', size - offset);
		size_t length = lf == NULL ? size - offset :
			(size_t)(lf + 1 - (message + offset));
		char *line = g_malloc0(length + 1);
		bool end;

		memcpy(line, message + offset, length);
		end = line_ends_header(line, length) ||
			(lf == NULL && strspn(line, "\r") == length);
		if (!end)
			take_line(oracle, line, length);
		g_free(line);
		offset += length;
		if (end)
			break;
	}
	oracle->body = g_string_new_len(message + offset, size - offset);
	if (oracle->fields->len > 0) {
		/* the header section may end without a line end */
		field = oracle->fields->pdata[oracle->fields->len - 1];
		if (field->text->str[field->text->len - 1] == '\r')
			g_string_append_c(field->text, '\n');
		else if (field->text->str[field->text->len - 1] != '\n')
			g_string_append(field->text, "\r\n");
	}
	return oracle;
}

void split_oracle_free(struct split_oracle *oracle)
{
	g_ptr_array_unref(oracle->fields);
	g_string_free(oracle->body, TRUE);
	g_free(oracle);
}

static bool is_content(const struct split_field *field)
{
	return field->name != NULL && g_str_has_prefix(field->name, "content-");
}

void split_oracle_outside(const struct split_oracle *oracle, const char *mark,
			  const char *hidden, GString *outside)
{
	bool replaced = false, marked = false;

	for (unsigned int i = 0; i < oracle->fields->len; i++) {
		const struct split_field *field = oracle->fields->pdata[i];

		if (field->name != NULL && !marked) {
			g_string_append(outside, mark);
			marked = true;
		}
		if (is_content(field) || is_dropped(field))
			continue;
		if (hidden == NULL || g_strcmp0(field->name, hidden) != 0) {
			g_string_append_len(outside, field->text->str,
					    field->text->len);
		} else if (strcmp(hidden, "subject") == 0 && !replaced) {
			g_string_append(outside, "Subject: [...]\r\n");
			replaced = true;
		}
	}
	if (!marked)
		g_string_append(outside, mark);
}

void split_oracle_inside(const struct split_oracle *oracle, GString *inside)
{
	for (unsigned int i = 0; i < oracle->fields->len; i++) {
		const struct split_field *field = oracle->fields->pdata[i];

		if (is_content(field)) {
			g_string_append_len(inside, field->text->str,
					    field->text->len);
		}
	}
	g_string_append(inside, "\r\n");
	g_string_append_len(inside, oracle->body->str, oracle->body->len);
}

GString *with_crlf(const GString *text)
{
	GString *crlf = g_string_sized_new(text->len + 16);

	for (size_t i = 0; i < text->len; i++) {
		if (text->str[i] == '\n' &&
		    (i == 0 || text->str[i - 1] != '\r'))
			g_string_append_c(crlf, '\r');
		g_string_append_c(crlf, text->str[i]);
	}
	return crlf;
}
