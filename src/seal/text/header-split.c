/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "header-split.h"

#include <glib.h>
#include <string.h>

/* RFC 5322 section 2.1.1: a line has at most 998 characters. What hasn't
   shown its colon by then has no field name. */
#define FIELD_NAME_MAX 998

enum line_state {
	/* nothing of the line seen yet */
	LINE_START,
	/* only CRs so far: may become the end of the header section */
	LINE_CRS,
	/* in what may be a field name */
	LINE_NAME,
	/* where the line goes is known */
	LINE_REST
};

enum line_target {
	TARGET_OUTSIDE,
	TARGET_INSIDE,
	TARGET_DROP
};

struct header_split {
	header_split_output_t *output;
	header_split_field_t *field;
	void *context;

	enum line_state state;
	enum line_target target;
	/* number of CRs in LINE_CRS */
	size_t crs;
	/* start of the line in LINE_NAME */
	GString *name;
	/* last byte passed on in LINE_REST */
	char last;

	bool in_body;
	bool has_mime_version;
};

struct header_split *
header_split_new(header_split_output_t *output, header_split_field_t *field,
		 void *context)
{
	struct header_split *split = g_new0(struct header_split, 1);

	split->output = output;
	split->field = field;
	split->context = context;
	split->name = g_string_new(NULL);
	return split;
}

void header_split_free(struct header_split **_split)
{
	struct header_split *split = *_split;

	if (split == NULL)
		return;
	*_split = NULL;
	g_string_free(split->name, TRUE);
	g_free(split);
}

bool header_split_in_body(const struct header_split *split)
{
	return split->in_body;
}

bool header_split_has_mime_version(const struct header_split *split)
{
	return split->has_mime_version;
}

static void
split_output(struct header_split *split, const char *data, size_t size)
{
	if (size == 0)
		return;
	split->last = data[size - 1];
	switch (split->target) {
	case TARGET_OUTSIDE:
		split->output(HEADER_SPLIT_OUTSIDE, data, size,
			      split->context);
		break;
	case TARGET_INSIDE:
		split->output(HEADER_SPLIT_INSIDE, data, size, split->context);
		break;
	case TARGET_DROP:
		break;
	}
}

static void split_end_header(struct header_split *split)
{
	split->in_body = true;
	split->output(HEADER_SPLIT_INSIDE, "\r\n", 2, split->context);
}

/* Returns the length of the field name that the line begins with, 0 if it is
   none. text is up to and without the colon. */
static size_t field_name_length(const char *text, size_t size)
{
	/* RFC 5322 section 4.5: old mail has space before the colon */
	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		size--;
	for (size_t i = 0; i < size; i++) {
		/* RFC 5322 section 3.6.8, ftext */
		if (text[i] <= 32 || text[i] >= 127)
			return 0;
	}
	return size;
}

static enum line_target
split_field_target(struct header_split *split, const char *name, size_t size)
{
	if (size >= 8 && g_ascii_strncasecmp(name, "Content-", 8) == 0)
		return TARGET_INSIDE;
	if (size == 11 && g_ascii_strncasecmp(name, "X-Mail-Seal", 11) == 0)
		return TARGET_DROP;
	if (size == 12 && g_ascii_strncasecmp(name, "MIME-Version", 12) == 0)
		split->has_mime_version = true;
	return TARGET_OUTSIDE;
}

/* A line begins that continues no other. */
static void
split_begin_field(struct header_split *split, const char *name, size_t size)
{
	split->target = split_field_target(split, name, size);
	split->state = LINE_REST;
	if (split->field != NULL) {
		split->field(split->target == TARGET_INSIDE ?
			     HEADER_SPLIT_INSIDE : HEADER_SPLIT_OUTSIDE,
			     name, size, split->context);
	}
}

/* The start of the line is all that is needed to know where it goes. */
static void split_name_done(struct header_split *split, bool colon)
{
	split_begin_field(split, split->name->str, !colon ? 0 :
		field_name_length(split->name->str, split->name->len));
	split_output(split, split->name->str, split->name->len);
	g_string_truncate(split->name, 0);
}

/* CRs that are not followed by LF are no line end: the line is junk. */
static void split_crs_done(struct header_split *split)
{
	char crs[1024];
	size_t take;

	split_begin_field(split, "", 0);
	memset(crs, '\r', sizeof(crs));
	for (; split->crs > 0; split->crs -= take) {
		take = MIN(split->crs, sizeof(crs));
		split_output(split, crs, take);
	}
}

static const char *
split_line_start(struct header_split *split, const char *p)
{
	switch (*p) {
	case '\n':
		split_end_header(split);
		return p + 1;
	case '\r':
		split->state = LINE_CRS;
		return p;
	case ' ':
	case '\t':
		/* continues the line before, wherever that went */
		split->state = LINE_REST;
		return p;
	default:
		split->state = LINE_NAME;
		return p;
	}
}

static const char *split_line_crs(struct header_split *split, const char *p)
{
	if (*p == '\r') {
		split->crs++;
		return p + 1;
	}
	if (*p == '\n') {
		split->crs = 0;
		split_end_header(split);
		return p + 1;
	}
	split_crs_done(split);
	return p;
}

static const char *split_line_name(struct header_split *split, const char *p)
{
	if (*p == ':' || *p == '\n' || split->name->len == FIELD_NAME_MAX) {
		split_name_done(split, *p == ':');
		return p;
	}
	g_string_append_c(split->name, *p);
	return p + 1;
}

static const char *
split_line_rest(struct header_split *split, const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', end - p);

	if (lf != NULL) {
		end = lf + 1;
		split->state = LINE_START;
	}
	split_output(split, p, end - p);
	return end;
}

void header_split_push(struct header_split *split, const char *data,
		       size_t size)
{
	const char *p = data, *end = data + size;

	while (p < end && !split->in_body) {
		switch (split->state) {
		case LINE_START:
			p = split_line_start(split, p);
			break;
		case LINE_CRS:
			p = split_line_crs(split, p);
			break;
		case LINE_NAME:
			p = split_line_name(split, p);
			break;
		case LINE_REST:
			p = split_line_rest(split, p, end);
			break;
		}
	}
	if (p < end) {
		split->output(HEADER_SPLIT_INSIDE, p, end - p,
			      split->context);
	}
}

void header_split_finish(struct header_split *split)
{
	if (split->in_body)
		return;
	if (split->state == LINE_NAME)
		split_name_done(split, false);
	if (split->state == LINE_REST) {
		/* the last line has no end: our own fields need one */
		split_output(split, split->last == '\r' ? "\n" : "\r\n",
			     split->last == '\r' ? 1 : 2);
	}
	split_end_header(split);
}
