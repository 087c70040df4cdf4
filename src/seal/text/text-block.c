/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "text-block.h"

#include <glib.h>
#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
/* "PGP PUBLIC KEY BLOCK, PART n/m" is the longest known. */
#define LABEL_MAX 64

static const char *
find_line(const char *text, const char *end, const char *start)
{
	size_t size = strlen(start);

	while (text != NULL && (size_t)(end - text) >= size) {
		if (memcmp(text, start, size) == 0)
			return text;
		text = memchr(text, '\n', end - text);
		if (text != NULL)
			text++;
	}
	return NULL;
}

static bool
label_read(const char *label, const char *end, struct text_block *block)
{
	const char *label_end =
		g_strstr_len(label, MIN(end - label, LABEL_MAX), DASHES);

	if (label_end == NULL ||
	    memchr(label, '\n', label_end - label) != NULL)
		return false;
	block->label = label;
	block->label_size = label_end - label;
	return true;
}

static bool line_begins(const char *line, const char *end, const char *start)
{
	const size_t size = strlen(start);

	return (size_t)(end - line) >= size && memcmp(line, start, size) == 0;
}

/* Blocks aren't within others: where another begins, this one isn't complete.
   To look on would take long, where many have no end. */
static void block_find_end(struct text_block *block, const char *end)
{
	char *last_line = g_strdup_printf(END"%.*s"DASHES,
		(int)block->label_size, block->label);
	const char *line;

	block->content = block->label + block->label_size + strlen(DASHES);
	block->complete = false;
	line = find_line(block->content, end, DASHES);
	while (line != NULL) {
		block->complete = line_begins(line, end, last_line);
		if (block->complete || line_begins(line, end, BEGIN))
			break;
		line = memchr(line, '\n', end - line);
		line = line == NULL ? NULL : find_line(line + 1, end, DASHES);
	}
	block->content_size = (line != NULL ? line : end) - block->content;
	g_free(last_line);
}

bool text_block_find(const char *text, size_t size,
		     struct text_block *block_r)
{
	const char *end = text + size;

	while ((text = find_line(text, end, BEGIN)) != NULL) {
		text += strlen(BEGIN);
		if (label_read(text, end, block_r)) {
			block_find_end(block_r, end);
			return true;
		}
	}
	return false;
}

bool text_block_label_is(const struct text_block *block, const char *label)
{
	return block->label_size == strlen(label) &&
		memcmp(block->label, label, block->label_size) == 0;
}

bool text_block_label_begins(const struct text_block *block,
			     const char *prefix)
{
	return block->label_size >= strlen(prefix) &&
		memcmp(block->label, prefix, strlen(prefix)) == 0;
}
