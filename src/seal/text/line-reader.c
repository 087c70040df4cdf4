/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "line-reader.h"

#include <glib.h>
#include <string.h>

struct line_reader {
	line_reader_callback_t *callback;
	void *context;
	GString *line;
};

struct line_reader *
line_reader_new(line_reader_callback_t *callback, void *context)
{
	struct line_reader *reader = g_new0(struct line_reader, 1);

	reader->callback = callback;
	reader->context = context;
	reader->line = g_string_new(NULL);
	return reader;
}

void line_reader_free(struct line_reader **_reader)
{
	struct line_reader *reader = *_reader;

	if (reader == NULL)
		return;
	*_reader = NULL;
	g_string_free(reader->line, TRUE);
	g_free(reader);
}

static bool line_reader_flush(struct line_reader *reader)
{
	bool ok = reader->callback(reader->line->str, reader->line->len,
				   reader->context);

	g_string_truncate(reader->line, 0);
	return ok;
}

bool line_reader_push(struct line_reader *reader, const char *data,
		      size_t size)
{
	const char *end = data + size, *lf;
	size_t take;

	while (data < end) {
		lf = memchr(data, '\n', end - data);
		take = lf == NULL ? (size_t)(end - data) :
			(size_t)(lf + 1 - data);
		if (reader->line->len + take > LINE_READER_MAX)
			return false;
		g_string_append_len(reader->line, data, take);
		if (lf != NULL && !line_reader_flush(reader))
			return false;
		data += take;
	}
	return true;
}

bool line_reader_finish(struct line_reader *reader)
{
	return reader->line->len == 0 || line_reader_flush(reader);
}

bool line_is_blank(const char *line, size_t size)
{
	while (size > 0 && g_ascii_isspace(line[size - 1]))
		size--;
	return size == 0;
}
