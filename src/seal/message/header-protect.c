/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "header-protect.h"

#include <gmime/gmime.h>
#include <string.h>

/* RFC 5322 section 2.1.1: the most characters of a line */
#define LINE_LENGTH_MAX 998

/* Thunderbird, K-9 and FairEmail know protected header fields by the first
   parameter, readers of RFC 9788 by the second. */
#define PARAMETERS " protected-headers=\"v1\"; hp=\"cipher\""
/* RFC 9788 section 3.2.1 */
#define HIDDEN_SUBJECT "Subject: [...]\r\n"
/* RFC 2045 section 5.2: what a root without Content-Type is */
#define DEFAULT_CONTENT_TYPE \
	"Content-Type: text/plain; charset=us-ascii;\r\n" PARAMETERS "\r\n"

/* What is kept inside besides the hidden fields, for readers that show
   nothing but protected fields */
static const char *const kept_fields[] = {
	"Subject", "From", "To", "Cc", "Date", "Message-ID", "Reply-To",
	"In-Reply-To", "References"
};

enum field_kind {
	/* stays on its side */
	FIELD_OTHER,
	FIELD_CONTENT_TYPE,
	/* stays outside and is also kept inside */
	FIELD_KEPT,
	FIELD_HIDDEN,
	FIELD_HIDDEN_SUBJECT
};

struct field {
	enum field_kind kind;
	enum header_split_side side;
	/* in the held text */
	size_t offset;
};

struct header_protect {
	const char *const *hidden;
	header_split_output_t *output;
	void *context;

	GString *held;
	GArray *fields;
	bool has_subject;
	/* the header section is too large */
	bool released;
	enum header_split_side released_side;
};

struct header_protect *
header_protect_new(const char *const *hidden, header_split_output_t *output,
		   void *context)
{
	struct header_protect *protect = g_new0(struct header_protect, 1);

	protect->hidden = hidden;
	protect->output = output;
	protect->context = context;
	protect->held = g_string_new(NULL);
	protect->fields = g_array_new(FALSE, FALSE, sizeof(struct field));
	return protect;
}

void header_protect_free(struct header_protect **_protect)
{
	struct header_protect *protect = *_protect;

	if (protect == NULL)
		return;
	*_protect = NULL;
	g_string_free(protect->held, TRUE);
	g_array_unref(protect->fields);
	g_free(protect);
}

static void
protect_output(struct header_protect *protect, enum header_split_side side,
	       const char *data, size_t size)
{
	if (size > 0)
		protect->output(side, data, size, protect->context);
}

static void
protect_inside(struct header_protect *protect, const char *text)
{
	protect_output(protect, HEADER_SPLIT_INSIDE, text, strlen(text));
}

/*
 * Taking fields
 */

static bool name_is(const char *name, size_t size, const char *other)
{
	return strlen(other) == size &&
		g_ascii_strncasecmp(name, other, size) == 0;
}

static bool
is_hidden(const struct header_protect *protect, const char *name, size_t size)
{
	for (const char *const *hidden = protect->hidden; *hidden != NULL;
	     hidden++) {
		if (name_is(name, size, *hidden))
			return true;
	}
	return false;
}

static enum field_kind
field_kind(const struct header_protect *protect, enum header_split_side side,
	   const char *name, size_t size)
{
	if (side == HEADER_SPLIT_INSIDE) {
		return name_is(name, size, "Content-Type") ?
			FIELD_CONTENT_TYPE : FIELD_OTHER;
	}
	if (is_hidden(protect, name, size)) {
		return name_is(name, size, "Subject") ?
			FIELD_HIDDEN_SUBJECT : FIELD_HIDDEN;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(kept_fields); i++) {
		if (name_is(name, size, kept_fields[i]))
			return FIELD_KEPT;
	}
	return FIELD_OTHER;
}

void header_protect_field(struct header_protect *protect,
			  enum header_split_side side, const char *name,
			  size_t size)
{
	struct field field = {
		.kind = field_kind(protect, side, name, size),
		.side = side,
		.offset = protect->held->len
	};
	const struct field *last;

	protect->released_side = side;
	if (protect->released)
		return;
	if (name_is(name, size, "Subject"))
		protect->has_subject = true;
	/* Many fields that need nothing are as good as one. */
	if (field.kind == FIELD_OTHER && protect->fields->len > 0) {
		last = &g_array_index(protect->fields, struct field,
				      protect->fields->len - 1);
		if (last->kind == FIELD_OTHER && last->side == side)
			return;
	}
	g_array_append_val(protect->fields, field);
}

static const char *
field_text(const struct header_protect *protect, unsigned int i,
	   size_t *size_r)
{
	const struct field *fields = (const void *)protect->fields->data;
	size_t end = i + 1 < protect->fields->len ? fields[i + 1].offset :
		protect->held->len;

	*size_r = end - fields[i].offset;
	return protect->held->str + fields[i].offset;
}

/* Everything comes out as it was. */
static void protect_release(struct header_protect *protect)
{
	const struct field *fields = (const void *)protect->fields->data;
	const char *text;
	size_t size;

	for (unsigned int i = 0; i < protect->fields->len; i++) {
		text = field_text(protect, i, &size);
		protect_output(protect, fields[i].side, text, size);
	}
	protect->released = true;
	g_string_truncate(protect->held, 0);
	g_array_set_size(protect->fields, 0);
}

void header_protect_push(struct header_protect *protect, const char *data,
			 size_t size)
{
	if (!protect->released &&
	    protect->held->len + size > HEADER_PROTECT_MAX)
		protect_release(protect);
	if (protect->released) {
		protect_output(protect, protect->released_side, data, size);
		return;
	}
	if (protect->fields->len == 0)
		header_protect_field(protect, HEADER_SPLIT_OUTSIDE, "", 0);
	g_string_append_len(protect->held, data, size);
}

/*
 * Content-Type
 */

/* RFC 5322 section 3.2.2: skips white space and comments. */
static const char *skip_cfws(const char *p, const char *end)
{
	unsigned int depth = 0;

	for (; p < end; p++) {
		if (*p == '(')
			depth++;
		else if (depth > 0 && *p == ')')
			depth--;
		else if (depth > 0 && *p == '\\' && p + 1 < end)
			p++;
		else if (depth == 0 && memchr(" \t\r\n", *p, 4) == NULL)
			break;
	}
	return p;
}

/* RFC 2045 section 5.1 */
static const char *skip_token(const char *p, const char *end)
{
	while (p < end && *p > 32 && *p < 127 &&
	       strchr("()<>@,;:\\\"/[]?=", *p) == NULL)
		p++;
	return p;
}

/* Returns the place behind type and subtype, or NULL if the field has none:
   then it counts as text/plain (RFC 2045 section 5.2). */
static const char *content_type_end(const char *text, size_t size)
{
	const char *end = text + size, *p = memchr(text, ':', size), *start;

	start = skip_cfws(p + 1, end);
	p = skip_token(start, end);
	if (p == start)
		return NULL;
	p = skip_cfws(p, end);
	if (p == end || *p != '/')
		return NULL;
	start = skip_cfws(p + 1, end);
	p = skip_token(start, end);
	return p == start ? NULL : p;
}

/* Is the root a signed one? RFC 1847 section 2.1; RFC 8551 section 3.5.2,
   whose smime-type may be missing: whatever else this type is, it holds a
   message that must stay its root. end is content_type_end(): the parameters
   don't matter here, and parsing a million of them takes seconds. */
static bool content_type_is_signed(const char *text, size_t size,
				   const char *end)
{
	const char *value = (const char *)memchr(text, ':', size) + 1;
	char *copy = g_strndup(value, end - value);
	char *unfolded = g_mime_utils_header_unfold(copy);
	GMimeContentType *type = g_mime_content_type_parse(NULL, unfolded);
	bool is_signed =
		g_mime_content_type_is_type(type, "multipart", "signed") ||
		g_mime_content_type_is_type(type, "application",
					    "pkcs7-mime") ||
		g_mime_content_type_is_type(type, "application",
					    "x-pkcs7-mime");

	g_object_unref(type);
	g_free(unfolded);
	g_free(copy);
	return is_signed;
}

/* Our parameters come first: whatever is wrong with the others, or one of the
   same name among them, doesn't keep a reader from ours. */
static void
output_content_type(struct header_protect *protect, const char *text,
		    size_t size)
{
	const char *rest = content_type_end(text, size), *end = text + size;
	const char *next;

	if (rest == NULL) {
		protect_output(protect, HEADER_SPLIT_INSIDE, text, size);
		return;
	}
	protect_output(protect, HEADER_SPLIT_INSIDE, text, rest - text);
	protect_inside(protect, ";\r\n" PARAMETERS);
	next = skip_cfws(rest, end);
	if (next < end && *next != ';') {
		/* not a parameter, nor may it become part of ours */
		protect_inside(protect, ";");
	} else if (end - rest > 1 && rest[0] == ';' &&
		   (rest[1] == ' ' || rest[1] == '\t')) {
		/* lines as long as they were */
		protect_inside(protect, ";\r\n");
		rest++;
	}
	protect_output(protect, HEADER_SPLIT_INSIDE, rest, end - rest);
}

/*
 * Giving them
 */

struct root {
	/* a Content-Type field can be told the parameters */
	bool has_type;
	bool is_signed;
};

static void find_root(const struct header_protect *protect, struct root *root)
{
	const struct field *fields = (const void *)protect->fields->data;
	const char *text, *end;
	size_t size;

	/* Readers disagree about which one of two counts. */
	for (unsigned int i = 0; i < protect->fields->len; i++) {
		if (fields[i].kind != FIELD_CONTENT_TYPE)
			continue;
		text = field_text(protect, i, &size);
		end = content_type_end(text, size);
		if (end == NULL)
			continue;
		root->has_type = true;
		if (content_type_is_signed(text, size, end))
			root->is_signed = true;
	}
}

static void
output_hp_outer(struct header_protect *protect, const char *text, size_t size)
{
	const char *lf = memchr(text, '\n', size);
	size_t length = lf == NULL ? size : (size_t)(lf - text);

	protect_inside(protect, "HP-Outer:");
	if (strlen("HP-Outer: ") + length > LINE_LENGTH_MAX)
		protect_inside(protect, "\r\n");
	protect_inside(protect, " ");
	protect_output(protect, HEADER_SPLIT_INSIDE, text, size);
}

/* RFC 9788 section 2.2: what stands outside of the fields that are inside */
static void
output_hp_outer_fields(struct header_protect *protect, bool subject_hidden)
{
	const struct field *fields = (const void *)protect->fields->data;
	const char *text;
	size_t size;

	for (unsigned int i = 0; i < protect->fields->len; i++) {
		if (fields[i].kind == FIELD_KEPT) {
			text = field_text(protect, i, &size);
			output_hp_outer(protect, text, size);
		}
	}
	if (subject_hidden) {
		output_hp_outer(protect, HIDDEN_SUBJECT,
				strlen(HIDDEN_SUBJECT));
	}
}

static void
protect_output_fields(struct header_protect *protect, const struct root *root)
{
	const struct field *fields = (const void *)protect->fields->data;
	bool subject_hidden = false;
	const char *text;
	size_t size;

	if (!root->has_type)
		protect_inside(protect, DEFAULT_CONTENT_TYPE);
	for (unsigned int i = 0; i < protect->fields->len; i++) {
		text = field_text(protect, i, &size);
		switch (fields[i].kind) {
		case FIELD_OTHER:
			protect_output(protect, fields[i].side, text, size);
			continue;
		case FIELD_CONTENT_TYPE:
			output_content_type(protect, text, size);
			continue;
		case FIELD_KEPT:
			protect_output(protect, HEADER_SPLIT_OUTSIDE, text,
				       size);
			break;
		case FIELD_HIDDEN:
			break;
		case FIELD_HIDDEN_SUBJECT:
			if (!subject_hidden) {
				protect_output(protect, HEADER_SPLIT_OUTSIDE,
					       HIDDEN_SUBJECT,
					       strlen(HIDDEN_SUBJECT));
			}
			subject_hidden = true;
			break;
		}
		protect_output(protect, HEADER_SPLIT_INSIDE, text, size);
	}
	output_hp_outer_fields(protect, subject_hidden);
}

void header_protect_finish(struct header_protect *protect)
{
	struct root root = { .has_type = false };

	if (protect->released)
		return;
	find_root(protect, &root);
	if (!protect->has_subject || root.is_signed)
		protect_release(protect);
	else
		protect_output_fields(protect, &root);
}
