/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "armor-reader.h"

#include <glib.h>
#include <string.h>

#define BEGIN_MESSAGE "-----BEGIN PGP MESSAGE-----"
#define END_MESSAGE "-----END PGP MESSAGE-----"

/* A program's armor header (Version, Comment, Charset) is short: one line
   with its name, one or two with its address. More would be text for people. */
#define HEADER_SIZE_MAX 200
#define HEADER_LINE_MAX 120
#define HEADER_LINES_MAX 4
#define HEADER_KEY_MAX 20
/* Padding on a line of its own, and a checksum, which may be malformed */
#define TAIL_LINES_MAX 2
#define CHECKSUM_MAX 8
/* Empty lines cost more to look at than to store. */
#define SPACE_MAX 16384

/* How much base64 is decoded at a time */
#define STEP 4096

static bool line_is(const char *line, size_t size, const char *text)
{
	return size == strlen(text) && memcmp(line, text, size) == 0;
}

/* RFC 9580 section 6.2.2 */
static bool
header_line_ok(struct armor_reader *reader, const char *line, size_t size)
{
	const char *colon = memchr(line, ':', size);

	reader->header_size += size;
	reader->header_lines++;
	if (colon == NULL || colon == line || colon - line > HEADER_KEY_MAX ||
	    size > HEADER_LINE_MAX ||
	    reader->header_size > HEADER_SIZE_MAX ||
	    reader->header_lines > HEADER_LINES_MAX)
		return false;
	for (const char *p = line; p < colon; p++) {
		if (!g_ascii_isalnum(*p) && *p != '-')
			return false;
	}
	return true;
}

static bool
tail_line_ok(struct armor_reader *reader, const char *line, size_t size)
{
	if (line_is(line, size, END_MESSAGE)) {
		reader->state = ARMOR_AFTER;
		return openpgp_message_is_whole(&reader->message);
	}
	if (size == 0)
		return true;
	for (size_t i = 0; i < size; i++) {
		if (!g_ascii_isalnum(line[i]) &&
		    strchr("+/=", line[i]) == NULL)
			return false;
	}
	return line[0] == '=' && size <= CHECKSUM_MAX &&
		++reader->tail_lines <= TAIL_LINES_MAX;
}

static bool line_ok(struct armor_reader *reader)
{
	const char *line = reader->line;
	size_t size = reader->line_size;

	while (size > 0 && g_ascii_isspace(line[size - 1]))
		size--;
	reader->space_size += reader->line_size - size;
	reader->line_size = 0;
	if (reader->space_size > SPACE_MAX)
		return false;
	switch (reader->state) {
	case ARMOR_BEFORE:
		if (line_is(line, size, BEGIN_MESSAGE)) {
			reader->state = ARMOR_HEADER;
			return true;
		}
		return size == 0;
	case ARMOR_HEADER:
		if (size == 0) {
			reader->state = ARMOR_DATA;
			return true;
		}
		return header_line_ok(reader, line, size);
	case ARMOR_TAIL:
		return tail_line_ok(reader, line, size);
	case ARMOR_AFTER:
		return size == 0;
	case ARMOR_DATA:
		break;
	}
	return false;
}

/* Returns how many characters were taken. */
static size_t
take_line(struct armor_reader *reader, const char *text, size_t size)
{
	const char *lf = memchr(text, '\n', size);
	size_t take = lf == NULL ? size : (size_t)(lf + 1 - text);

	if (reader->line_size + take > sizeof(reader->line)) {
		reader->failed = true;
		return size;
	}
	memcpy(reader->line + reader->line_size, text, take);
	reader->line_size += take;
	if (lf != NULL && !line_ok(reader))
		reader->failed = true;
	return take;
}

static size_t
take_data(struct armor_reader *reader, const char *text, size_t size)
{
	uint8_t decoded[BASE64_DECODED_MAX(STEP)];
	size_t take, decoded_size;

	size = MIN(size, STEP);
	take = base64_reader_take(&reader->base64, text, size, decoded,
				  &decoded_size);
	if (take > 0)
		reader->last = text[take - 1];
	if (!openpgp_message_push(&reader->message, decoded, decoded_size))
		reader->failed = true;
	if (take == size)
		return take;
	/* what isn't base64 */
	if (text[take] != '=' &&
	    (text[take] != '-' || (reader->last != '\n' &&
				   reader->last != '\0')))
		reader->failed = true;
	reader->state = ARMOR_TAIL;
	decoded_size = base64_reader_finish(&reader->base64, decoded);
	if (!openpgp_message_push(&reader->message, decoded, decoded_size))
		reader->failed = true;
	return take;
}

bool armor_reader_push(struct armor_reader *reader, const char *text,
		       size_t size)
{
	size_t take;

	for (; size > 0 && !reader->failed; text += take, size -= take) {
		take = reader->state == ARMOR_DATA ?
			take_data(reader, text, size) :
			take_line(reader, text, size);
	}
	return !reader->failed;
}

bool armor_reader_finish(struct armor_reader *reader)
{
	/* the last line may have no end */
	return !reader->failed && line_ok(reader) &&
		reader->state == ARMOR_AFTER;
}
