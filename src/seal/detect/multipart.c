/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "multipart.h"
#include "content.h"
#include "entity-header.h"
#include "../text/line-reader.h"

#include <string.h>

/* Header fields of body parts are as readable as the message's own, but they
   are kept for more than fields: this much in all parts together, bytes. */
#define PART_HEADERS_MAX 4096
/* RFC 2046 section 5.1.1: readers ignore what stands before the first
   delimiter, and mail programs put one sentence there. */
#define PREAMBLE_MAX 200
/* Empty lines and delimiters cost more to look at than to store. */
#define SPACE_MAX 16384
/* Empty parts in front of a mangled message */
#define EMPTY_PARTS_MAX 3

enum multipart_state {
	MULTIPART_PREAMBLE,
	MULTIPART_HEADER,
	MULTIPART_PART,
	/* in a multipart that is in the first part, but not in a part of it */
	MULTIPART_BETWEEN,
	MULTIPART_EPILOGUE
};

enum delimiter {
	DELIMITER_NONE,
	DELIMITER_PART,
	DELIMITER_CLOSE
};

struct multipart {
	enum multipart_kind kind;
	enum multipart_state state;
	bool failed;

	/* "--" and the boundary; and that of a multipart in the first part,
	   or NULL */
	char *delimiter, *inner_delimiter;
	/* A line, as far as it has come; of a part's body only such as may
	   become a delimiter. The next byte begins one if it is empty and
	   this is true: */
	GString *line;
	bool line_start;

	size_t preamble_size, space_size, headers_size;
	unsigned int empty_parts;
	struct entity_header *header;
	/* of the last body part that was begun */
	enum content_role role;
	/* gets the line end before a delimiter too, which belongs to the
	   delimiter (RFC 2046 section 5.1.1): no role minds an empty line */
	struct content_check *content;
};

struct multipart *
multipart_new(enum multipart_kind kind, const char *boundary)
{
	struct multipart *multipart = g_new0(struct multipart, 1);

	multipart->kind = kind;
	multipart->delimiter = g_strconcat("--", boundary, NULL);
	multipart->line = g_string_new(NULL);
	multipart->line_start = true;
	return multipart;
}

void multipart_free(struct multipart **_multipart)
{
	struct multipart *multipart = *_multipart;

	if (multipart == NULL)
		return;
	*_multipart = NULL;
	content_check_free(&multipart->content);
	entity_header_free(&multipart->header);
	g_string_free(multipart->line, TRUE);
	g_free(multipart->delimiter);
	g_free(multipart->inner_delimiter);
	g_free(multipart);
}

/*
 * Header sections of body parts
 */

static bool is_type(GMimeContentType *type, const char *name,
		    const char *subtype)
{
	return g_mime_content_type_is_type(type, name, subtype);
}

/* Of a part that may stand before a mangled message */
static enum content_role
empty_role(struct multipart *multipart, GMimeContentType *type)
{
	enum content_role role = is_type(type, "text", "plain") ?
		CONTENT_EMPTY : is_type(type, "text", "html") ?
		CONTENT_EMPTY_HTML : CONTENT_NONE;

	if (role != CONTENT_NONE &&
	    ++multipart->empty_parts > EMPTY_PARTS_MAX)
		return CONTENT_NONE;
	return role;
}

/* Returns what the next part must be to fit, or CONTENT_NONE. */
static enum content_role
next_role(struct multipart *multipart, GMimeContentType *type)
{
	enum content_role role = CONTENT_NONE;

	switch (multipart->role) {
	case CONTENT_NONE:
		if (multipart->kind == MULTIPART_SETUP) {
			return is_type(type, "text", "plain") ?
				CONTENT_SETUP_INSTRUCTIONS : CONTENT_NONE;
		}
		/* fall through */
	case CONTENT_EMPTY:
	case CONTENT_EMPTY_HTML:
		if (multipart->kind == MULTIPART_MANGLED)
			role = empty_role(multipart, type);
		if (role == CONTENT_NONE &&
		    multipart->inner_delimiter == NULL &&
		    is_type(type, "application", "pgp-encrypted"))
			role = CONTENT_VERSION;
		return role;
	case CONTENT_VERSION:
		return is_type(type, "multipart", "*") ||
			is_type(type, "message", "*") ?
			CONTENT_NONE : CONTENT_CIPHERTEXT;
	case CONTENT_SETUP_INSTRUCTIONS:
		return is_type(type, "application", "autocrypt-setup") ?
			CONTENT_SETUP_SECRET : CONTENT_NONE;
	default:
		return CONTENT_NONE;
	}
}

/* A multipart/alternative of empty texts comes in place of one. */
static bool begin_alternative(struct multipart *multipart)
{
	GMimeContentType *type;
	const char *boundary;

	if (multipart->kind != MULTIPART_MANGLED ||
	    multipart->role != CONTENT_NONE ||
	    multipart->inner_delimiter != NULL)
		return false;
	type = entity_header_get_full_type(multipart->header);
	if (type == NULL)
		return false;
	boundary = g_mime_content_type_get_parameter(type, "boundary");
	if (boundary != NULL && *boundary != '\0' &&
	    strlen(boundary) <= MULTIPART_BOUNDARY_MAX)
		multipart->inner_delimiter = g_strconcat("--", boundary, NULL);
	g_object_unref(type);
	multipart->state = MULTIPART_BETWEEN;
	return multipart->inner_delimiter != NULL;
}

static bool begin_part(struct multipart *multipart, GMimeContentType *type)
{
	enum content_role role;

	if (!entity_header_is_clear(multipart->header))
		return false;
	if (is_type(type, "multipart", "alternative"))
		return begin_alternative(multipart);
	role = next_role(multipart, type);
	if (role == CONTENT_NONE)
		return false;
	multipart->role = role;
	content_check_free(&multipart->content);
	multipart->content = content_check_new(
		role, entity_header_get_encoding(multipart->header));
	multipart->state = MULTIPART_PART;
	return true;
}

static bool header_done(struct multipart *multipart)
{
	GMimeContentType *type = entity_header_get_type(multipart->header);
	bool ok = begin_part(multipart, type);

	g_object_unref(type);
	entity_header_free(&multipart->header);
	return ok;
}

/* Returns the length of the field's name, or 0 if the line begins no field.
   RFC 5322 section 3.6.8, ftext; section 4.5, space before the colon. */
static size_t field_name_size(const char *line, size_t size)
{
	size_t name_size = 0, i;

	while (name_size < size && line[name_size] > 32 &&
	       line[name_size] < 127 && line[name_size] != ':')
		name_size++;
	for (i = name_size; i < size && (line[i] == ' ' || line[i] == '\t'); )
		i++;
	return i < size && line[i] == ':' ? name_size : 0;
}

static bool
header_line_ok(struct multipart *multipart, const char *line, size_t size)
{
	bool continued = *line == ' ' || *line == '\t';
	size_t name_size = 0;

	if (line_is_blank(line, size))
		return header_done(multipart);
	multipart->headers_size += size;
	if (multipart->headers_size > PART_HEADERS_MAX)
		return false;
	if (!continued) {
		name_size = field_name_size(line, size);
		/* not a field: text */
		if (name_size == 0)
			return false;
		entity_header_field(multipart->header, line, name_size);
	}
	entity_header_push(multipart->header, line, size);
	return true;
}

/*
 * Delimiters
 */

/* RFC 2046 section 5.1.1: a delimiter may be followed by white space only. */
static enum delimiter
line_delimiter(const char *delimiter, const char *line, size_t size)
{
	size_t length = delimiter == NULL ? 0 : strlen(delimiter);
	enum delimiter result = DELIMITER_PART;

	if (length == 0 || size < length ||
	    memcmp(line, delimiter, length) != 0)
		return DELIMITER_NONE;
	if (size >= length + 2 && line[length] == '-' &&
	    line[length + 1] == '-') {
		result = DELIMITER_CLOSE;
		length += 2;
	}
	return line_is_blank(line + length, size - length) ? result :
		DELIMITER_NONE;
}

/* What is before a delimiter is complete. */
static bool finish_part(struct multipart *multipart)
{
	/* a header section may end without an empty line */
	if (multipart->state == MULTIPART_HEADER && !header_done(multipart))
		return false;
	return multipart->state != MULTIPART_PART ||
		content_check_finish(multipart->content);
}

static bool is_last(enum content_role role)
{
	return role == CONTENT_CIPHERTEXT || role == CONTENT_SETUP_SECRET;
}

static void begin_header(struct multipart *multipart)
{
	multipart->header = entity_header_new();
	multipart->state = MULTIPART_HEADER;
}

static bool delimiter_ok(struct multipart *multipart,
			 enum delimiter delimiter, size_t size)
{
	if (multipart->state == MULTIPART_EPILOGUE) {
		/* more of the end of what is complete already */
		multipart->space_size += size;
		return multipart->space_size <= SPACE_MAX;
	}
	if (!finish_part(multipart))
		return false;
	if (multipart->inner_delimiter != NULL) {
		g_free(multipart->inner_delimiter);
		multipart->inner_delimiter = NULL;
		multipart->role = CONTENT_EMPTY;
	}
	/* Exchange leaves the last delimiter open. */
	if (is_last(multipart->role))
		multipart->state = MULTIPART_EPILOGUE;
	else if (delimiter == DELIMITER_CLOSE)
		return false;
	else
		begin_header(multipart);
	return true;
}

static bool
inner_delimiter_ok(struct multipart *multipart, enum delimiter delimiter)
{
	if (!finish_part(multipart))
		return false;
	if (delimiter == DELIMITER_CLOSE)
		multipart->state = MULTIPART_BETWEEN;
	else
		begin_header(multipart);
	return true;
}

/*
 * Lines
 */

/* "This is an OpenPGP/MIME encrypted message", "This is a multi-part message
   in MIME format", "This message is in MIME format and has been PGP
   encrypted" */
static bool is_preamble_start(const char *line, size_t size)
{
	static const char this_is[] = "This is a";

	return (size >= sizeof(this_is) - 1 &&
		memcmp(line, this_is, sizeof(this_is) - 1) == 0) ||
		g_strstr_len(line, size, "MIME") != NULL ||
		g_strstr_len(line, size, "PGP") != NULL;
}

static bool space_ok(struct multipart *multipart, const char *line, size_t size)
{
	multipart->space_size += size;
	return multipart->space_size <= SPACE_MAX && line_is_blank(line, size);
}

static bool
preamble_line_ok(struct multipart *multipart, const char *line, size_t size)
{
	if (line_is_blank(line, size))
		return space_ok(multipart, line, size);
	if (multipart->preamble_size == 0 && !is_preamble_start(line, size))
		return false;
	multipart->preamble_size += size;
	return multipart->preamble_size <= PREAMBLE_MAX;
}

static bool
line_ok(struct multipart *multipart, const char *line, size_t size)
{
	enum delimiter delimiter =
		line_delimiter(multipart->delimiter, line, size);

	if (delimiter != DELIMITER_NONE)
		return delimiter_ok(multipart, delimiter, size);
	delimiter = line_delimiter(multipart->inner_delimiter, line, size);
	if (delimiter != DELIMITER_NONE)
		return inner_delimiter_ok(multipart, delimiter);
	switch (multipart->state) {
	case MULTIPART_PREAMBLE:
		return preamble_line_ok(multipart, line, size);
	case MULTIPART_HEADER:
		return header_line_ok(multipart, line, size);
	case MULTIPART_PART:
		return content_check_push(multipart->content, line, size);
	case MULTIPART_BETWEEN:
	case MULTIPART_EPILOGUE:
		return space_ok(multipart, line, size);
	}
	return false;
}

static bool flush_line(struct multipart *multipart)
{
	bool ok = line_ok(multipart, multipart->line->str,
			  multipart->line->len);

	g_string_truncate(multipart->line, 0);
	return ok;
}

/* Of a body only the lines have to be looked at that begin as a delimiter
   does. Returns how many bytes come before the next one. */
static size_t
take_body(struct multipart *multipart, const char *data, size_t size)
{
	const char *p = data;

	if (multipart->line_start && *data == '-')
		return 0;
	while ((p = memchr(p, '-', data + size - p)) != NULL &&
	       (p == data || p[-1] != '\n'))
		p++;
	if (p != NULL)
		size = p - data;
	multipart->line_start = data[size - 1] == '\n';
	if (!content_check_push(multipart->content, data, size))
		multipart->failed = true;
	return size;
}

static size_t
take_line(struct multipart *multipart, const char *data, size_t size)
{
	const char *lf = memchr(data, '\n', size);
	size_t take = lf == NULL ? size : (size_t)(lf + 1 - data);

	multipart->line_start = lf != NULL;
	if (multipart->line->len + take > LINE_READER_MAX) {
		/* too long for a delimiter, and for all else but a body */
		if (multipart->state != MULTIPART_PART ||
		    !content_check_push(multipart->content,
					multipart->line->str,
					multipart->line->len) ||
		    !content_check_push(multipart->content, data, take))
			multipart->failed = true;
		g_string_truncate(multipart->line, 0);
		return take;
	}
	g_string_append_len(multipart->line, data, take);
	if (lf != NULL && !flush_line(multipart))
		multipart->failed = true;
	return take;
}

bool multipart_push(struct multipart *multipart, const char *data,
		    size_t size)
{
	size_t take;

	for (; size > 0 && !multipart->failed; data += take, size -= take) {
		take = 0;
		if (multipart->state == MULTIPART_PART &&
		    multipart->line->len == 0)
			take = take_body(multipart, data, size);
		if (take == 0)
			take = take_line(multipart, data, size);
	}
	return !multipart->failed;
}

bool multipart_finish(struct multipart *multipart)
{
	if (multipart->failed ||
	    (multipart->line->len > 0 && !flush_line(multipart)))
		return false;
	/* The closing delimiter may be missing. */
	return multipart->state == MULTIPART_EPILOGUE ||
		(multipart->state == MULTIPART_PART &&
		 is_last(multipart->role) &&
		 content_check_finish(multipart->content));
}
