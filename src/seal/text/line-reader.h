/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef LINE_READER_H
#define LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

/* Puts pieces of any size together to lines. Lines of encrypted messages are
   short; a longer one than LINE_READER_MAX is refused, so memory is bounded. */

#define LINE_READER_MAX 4096

/* line has its line end, but for the last one of the data. Returns false to
   stop. */
typedef bool line_reader_callback_t(const char *line, size_t size,
				    void *context);

struct line_reader;

struct line_reader *
line_reader_new(line_reader_callback_t *callback, void *context);
void line_reader_free(struct line_reader **reader);

/* Both return false if a line was too long or the callback said stop. */
bool line_reader_push(struct line_reader *reader, const char *data,
		      size_t size);
bool line_reader_finish(struct line_reader *reader);

/* Nothing but white space. */
bool line_is_blank(const char *line, size_t size);

#endif
