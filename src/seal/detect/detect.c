/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "detect.h"
#include "content.h"
#include "../text/header-split.h"
#include "../text/line-reader.h"

#include <string.h>

/* Where a message of this much header declares an encrypted body, or a body
   part of this much, nobody will miss the exemption. */
#define MESSAGE_HEADER_MAX (256*1024)
#define PART_HEADER_MAX 1024
/* RFC 2046 section 5.1.1: readers ignore what stands before the first
   delimiter, and mail programs put one sentence there. */
#define PREAMBLE_MAX 200
static const char *const preamble_starts[] = {
	/* "...n OpenPGP/MIME encrypted message", "... multi-part message" */
	"This is a",
	"This message is in MIME format"
};

enum detect_kind {
	KIND_LEAF,
	KIND_PGP_MIME,
	KIND_MANGLED,
	KIND_SETUP
};

enum detect_state {
	STATE_HEADER,
	STATE_LEAF,
	STATE_PREAMBLE,
	STATE_PART_HEADER,
	STATE_PART,
	STATE_EPILOGUE,
	STATE_PLAIN
};

struct seal_detector {
	enum detect_state state;
	enum detect_kind kind;

	struct header_split *split;
	GString *header;

	struct line_reader *lines;
	char *delimiter;
	size_t preamble_size;
	/* of the last body part that was begun */
	enum content_role role;
	/* gets the line end before a delimiter too, which belongs to the
	   delimiter (RFC 2046 section 5.1.1): no role minds an empty line */
	struct content_check *content;
};

static void
detector_split_output(enum header_split_side side, const char *data,
		      size_t size, void *context);
static bool detector_line(const char *line, size_t size, void *context);

struct seal_detector *seal_detector_new(void)
{
	struct seal_detector *detector = g_new0(struct seal_detector, 1);

	detector->split = header_split_new(detector_split_output, NULL, detector);
	detector->header = g_string_new(NULL);
	detector->lines = line_reader_new(detector_line, detector);
	return detector;
}

void seal_detector_free(struct seal_detector **_detector)
{
	struct seal_detector *detector = *_detector;

	if (detector == NULL)
		return;
	*_detector = NULL;
	content_check_free(&detector->content);
	header_split_free(&detector->split);
	line_reader_free(&detector->lines);
	g_string_free(detector->header, TRUE);
	g_free(detector->delimiter);
	g_free(detector);
}

/*
 * Header sections, of the message and of body parts
 */

/* Returns the part that a header section describes, or NULL. The caller
   unrefs it. */
static GMimeObject *parse_header(const GString *header)
{
	const char *data = header->str;
	size_t size = header->len;
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeObject *part;

	if (size > 5 && memcmp(data, "From ", 5) == 0) {
		const char *lf = memchr(data, '\n', size);

		if (lf == NULL)
			return NULL;
		size -= lf + 1 - data;
		data = lf + 1;
	}
	stream = g_mime_stream_mem_new();
	(void)g_mime_stream_write(stream, data, size);
	(void)g_mime_stream_write(stream, "\r\n", 2);
	(void)g_mime_stream_reset(stream);
	parser = g_mime_parser_new_with_stream(stream);
	part = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return part;
}

/* Readers disagree about which one of two counts. */
static bool has_one_content_type(GMimeObject *part)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(part);
	int count = 0;

	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(list, i);

		if (g_ascii_strcasecmp(g_mime_header_get_name(header),
				       "Content-Type") == 0)
			count++;
	}
	return count <= 1;
}

static GMimeContentEncoding part_encoding(GMimeObject *part)
{
	const char *value = g_mime_object_get_header(
		part, "Content-Transfer-Encoding");

	return value == NULL ? GMIME_CONTENT_ENCODING_DEFAULT :
		g_mime_content_encoding_from_string(value);
}

static void
detector_begin_content(struct seal_detector *detector, enum content_role role,
		       GMimeObject *part)
{
	content_check_free(&detector->content);
	detector->role = role;
	detector->content = content_check_new(role, part_encoding(part));
}

static bool
detector_begin_multipart(struct seal_detector *detector, GMimeObject *part,
			 GMimeContentType *type, enum detect_kind kind)
{
	const char *boundary =
		g_mime_content_type_get_parameter(type, "boundary");

	switch (part_encoding(part)) {
	case GMIME_CONTENT_ENCODING_BASE64:
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
	case GMIME_CONTENT_ENCODING_UUENCODE:
		/* RFC 2045 section 6.4 forbids it */
		return false;
	default:
		break;
	}
	if (boundary == NULL || *boundary == '\0')
		return false;
	detector->delimiter = g_strconcat("--", boundary, NULL);
	detector->kind = kind;
	detector->state = STATE_PREAMBLE;
	return true;
}

static bool
detector_begin_body(struct seal_detector *detector, GMimeObject *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	const char *protocol, *setup;

	if (!has_one_content_type(part))
		return false;
	if (g_mime_content_type_is_type(type, "multipart", "encrypted")) {
		protocol = g_mime_content_type_get_parameter(type, "protocol");
		return (protocol == NULL ||
			g_ascii_strcasecmp(protocol,
				"application/pgp-encrypted") == 0) &&
			detector_begin_multipart(detector, part, type,
						 KIND_PGP_MIME);
	}
	if (g_mime_content_type_is_type(type, "multipart", "mixed")) {
		setup = g_mime_object_get_header(part,
						 "Autocrypt-Setup-Message");
		return detector_begin_multipart(detector, part, type,
			setup != NULL && strcmp(setup, "v1") == 0 ?
				KIND_SETUP : KIND_MANGLED);
	}
	detector->kind = KIND_LEAF;
	detector->state = STATE_LEAF;
	if (g_mime_content_type_is_type(type, "text", "plain"))
		detector_begin_content(detector, CONTENT_CIPHERTEXT, part);
	else if (g_mime_content_type_is_type(type, "application",
					     "pkcs7-mime") ||
		 g_mime_content_type_is_type(type, "application",
					     "x-pkcs7-mime"))
		detector_begin_content(detector, CONTENT_CMS, part);
	else
		return false;
	return true;
}

/* Returns what the next part must be to fit, or CONTENT_NONE. */
static enum content_role
next_role(const struct seal_detector *detector, GMimeContentType *type)
{
	bool is_text = g_mime_content_type_is_type(type, "text", "plain");

	switch (detector->role) {
	case CONTENT_NONE:
		if (detector->kind == KIND_SETUP)
			return is_text ? CONTENT_SETUP_INSTRUCTIONS :
				CONTENT_NONE;
		if (detector->kind == KIND_MANGLED && is_text)
			return CONTENT_EMPTY;
		/* fall through */
	case CONTENT_EMPTY:
		return g_mime_content_type_is_type(type, "application",
						   "pgp-encrypted") ?
			CONTENT_VERSION : CONTENT_NONE;
	case CONTENT_VERSION:
		return g_mime_content_type_is_type(type, "multipart", "*") ||
			g_mime_content_type_is_type(type, "message", "*") ?
			CONTENT_NONE : CONTENT_CIPHERTEXT;
	case CONTENT_SETUP_INSTRUCTIONS:
		return g_mime_content_type_is_type(type, "application",
						   "autocrypt-setup") ?
			CONTENT_SETUP_SECRET : CONTENT_NONE;
	default:
		return CONTENT_NONE;
	}
}

static bool detector_begin_part(struct seal_detector *detector)
{
	GMimeObject *part = parse_header(detector->header);
	enum content_role role;

	g_string_truncate(detector->header, 0);
	if (part == NULL)
		return false;
	role = !has_one_content_type(part) ? CONTENT_NONE :
		next_role(detector, g_mime_object_get_content_type(part));
	if (role != CONTENT_NONE)
		detector_begin_content(detector, role, part);
	detector->state = STATE_PART;
	g_object_unref(part);
	return role != CONTENT_NONE;
}

/*
 * Bodies of multipart messages, line by line
 */

enum delimiter {
	DELIMITER_NONE,
	DELIMITER_PART,
	DELIMITER_CLOSE
};

/* RFC 2046 section 5.1.1: a delimiter may be followed by white space only. */
static enum delimiter
line_delimiter(const struct seal_detector *detector,
	       const char *line, size_t size)
{
	size_t length = strlen(detector->delimiter);
	enum delimiter result = DELIMITER_PART;

	if (size < length || memcmp(line, detector->delimiter, length) != 0)
		return DELIMITER_NONE;
	if (size >= length + 2 && line[length] == '-' &&
	    line[length + 1] == '-') {
		result = DELIMITER_CLOSE;
		length += 2;
	}
	for (; length < size; length++) {
		if (!g_ascii_isspace(line[length]))
			return DELIMITER_NONE;
	}
	return result;
}

static bool
detector_delimiter(struct seal_detector *detector, enum delimiter delimiter)
{
	switch (detector->state) {
	case STATE_PREAMBLE:
		break;
	case STATE_PART:
		if (!content_check_finish(detector->content))
			return false;
		break;
	default:
		return false;
	}
	if (delimiter == DELIMITER_PART) {
		detector->state = STATE_PART_HEADER;
		return true;
	}
	detector->state = STATE_EPILOGUE;
	return detector->role == CONTENT_CIPHERTEXT ||
		detector->role == CONTENT_SETUP_SECRET;
}

static bool is_preamble_start(const char *line, size_t size)
{
	for (size_t i = 0; i < G_N_ELEMENTS(preamble_starts); i++) {
		size_t length = strlen(preamble_starts[i]);

		if (size >= length &&
		    memcmp(line, preamble_starts[i], length) == 0)
			return true;
	}
	return false;
}

static bool
preamble_line_ok(struct seal_detector *detector, const char *line, size_t size)
{
	if (line_is_blank(line, size))
		return true;
	if (detector->preamble_size == 0 && !is_preamble_start(line, size))
		return false;
	detector->preamble_size += size;
	return detector->preamble_size <= PREAMBLE_MAX;
}

static bool
part_header_line_ok(struct seal_detector *detector,
		    const char *line, size_t size)
{
	if (line_is_blank(line, size))
		return detector_begin_part(detector);
	/* Other fields mean nothing in a body part (RFC 2045 section 3); text
	   in them would be for people. */
	if (*line != ' ' && *line != '\t' &&
	    (size < 8 || g_ascii_strncasecmp(line, "Content-", 8) != 0))
		return false;
	g_string_append_len(detector->header, line, size);
	return detector->header->len <= PART_HEADER_MAX;
}

static bool detector_line(const char *line, size_t size, void *context)
{
	struct seal_detector *detector = context;
	enum delimiter delimiter = line_delimiter(detector, line, size);

	if (delimiter != DELIMITER_NONE)
		return detector_delimiter(detector, delimiter);
	switch (detector->state) {
	case STATE_PREAMBLE:
		return preamble_line_ok(detector, line, size);
	case STATE_PART_HEADER:
		return part_header_line_ok(detector, line, size);
	case STATE_PART:
		return content_check_push(detector->content, line, size);
	case STATE_EPILOGUE:
		return line_is_blank(line, size);
	default:
		return false;
	}
}

/*
 * The message
 */

static bool detector_header_done(struct seal_detector *detector)
{
	GMimeObject *part = parse_header(detector->header);
	bool ok;

	g_string_truncate(detector->header, 0);
	if (part == NULL)
		return false;
	ok = detector_begin_body(detector, part);
	g_object_unref(part);
	return ok;
}

/* The splitter finds the end of the header section for us, by the same rule
   as when it is sealed. */
static void
detector_split_output(enum header_split_side side G_GNUC_UNUSED,
		      const char *data, size_t size, void *context)
{
	struct seal_detector *detector = context;
	bool ok = true;

	switch (detector->state) {
	case STATE_HEADER:
		if (header_split_in_body(detector->split)) {
			/* what we got is the empty line */
			ok = detector_header_done(detector);
			break;
		}
		g_string_append_len(detector->header, data, size);
		ok = detector->header->len <= MESSAGE_HEADER_MAX;
		break;
	case STATE_LEAF:
		ok = content_check_push(detector->content, data, size);
		break;
	case STATE_PLAIN:
		break;
	default:
		ok = line_reader_push(detector->lines, data, size);
		break;
	}
	if (!ok)
		detector->state = STATE_PLAIN;
}

enum seal_verdict
seal_detector_push(struct seal_detector *detector, const char *data,
		   size_t size)
{
	if (detector->state != STATE_PLAIN)
		header_split_push(detector->split, data, size);
	return detector->state == STATE_PLAIN ? SEAL_VERDICT_PLAIN :
		SEAL_VERDICT_OPEN;
}

enum seal_verdict seal_detector_finish(struct seal_detector *detector)
{
	bool encrypted = false;

	if (detector->state == STATE_HEADER)
		header_split_finish(detector->split);
	switch (detector->state) {
	case STATE_LEAF:
		encrypted = content_check_finish(detector->content);
		break;
	case STATE_PREAMBLE:
	case STATE_PART_HEADER:
	case STATE_PART:
	case STATE_EPILOGUE:
		encrypted = line_reader_finish(detector->lines) &&
			detector->state == STATE_EPILOGUE;
		break;
	case STATE_HEADER:
	case STATE_PLAIN:
		break;
	}
	return encrypted ? SEAL_VERDICT_ENCRYPTED : SEAL_VERDICT_PLAIN;
}
