/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "content.h"
#include "armor-reader.h"
#include "cms-type.h"
#include "empty-html.h"
#include "../text/line-reader.h"

#include <string.h>

/* More readable text than this is no frame of an encrypted message. */
#define SETUP_TEXT_MAX 2048
#define VERSION_TEXT_MAX 64
/* A secret key and all its user IDs and signatures */
#define SETUP_SIZE_MAX (256*1024)
/* White space costs more to look at than to store. */
#define EMPTY_MAX 4096

/* How much is decoded at a time */
#define STEP 4096

struct content_check {
	enum content_role role;
	GMimeContentEncoding encoding;
	GMimeEncoding decoder;
	struct base64_reader base64;
	/* the encoded text has ended: RFC 2045 section 6.8, "=" */
	bool base64_padding;

	/* of what was decoded */
	size_t size;
	bool failed;

	/* short content as a whole */
	GString *text;
	/* the setup's lines, and how much of them isn't armor */
	struct line_reader *lines;
	size_t text_size;

	struct armor_reader armor;
	/* not armored */
	bool binary;
	struct openpgp_message message;
	struct cms_type_reader cms;
};

static bool setup_line(const char *line, size_t size, void *context);

struct content_check *
content_check_new(enum content_role role, GMimeContentEncoding encoding)
{
	struct content_check *check = g_new0(struct content_check, 1);

	check->role = role;
	check->encoding = encoding;
	g_mime_encoding_init_decode(&check->decoder, encoding);
	check->text = g_string_new(NULL);
	check->lines = line_reader_new(setup_line, check);
	return check;
}

void content_check_free(struct content_check **_check)
{
	struct content_check *check = *_check;

	if (check == NULL)
		return;
	*_check = NULL;
	line_reader_free(&check->lines);
	g_string_free(check->text, TRUE);
	g_free(check);
}

/*
 * What is decoded
 */

static bool
gather(struct content_check *check, const char *data, size_t size,
       size_t size_max)
{
	g_string_append_len(check->text, data, MIN(size, size_max));
	return check->size <= size_max;
}

static bool version_line_ok(const char *line, size_t size)
{
	return line_is_blank(line, size) ||
		(size > 8 && g_ascii_strncasecmp(line, "Version:", 8) == 0);
}

/* Readers do without it, so it may be empty. */
static bool version_ok(const GString *text)
{
	const char *line = text->str, *end = text->str + text->len, *lf;
	size_t size = 0;

	for (; line < end; line = lf) {
		lf = memchr(line, '\n', end - line);
		lf = lf == NULL ? end : lf + 1;
		if (!version_line_ok(line, lf - line))
			return false;
		if (!line_is_blank(line, lf - line))
			size += lf - line;
	}
	return size <= VERSION_TEXT_MAX;
}

static bool
ciphertext(struct content_check *check, const char *data, size_t size)
{
	/* Who takes the armor off and sends bytes encodes them; bare, any
	   text could stand in them. */
	if (check->size == size && size > 0) {
		check->binary = check->role == CONTENT_CIPHERTEXT &&
			check->encoding == GMIME_CONTENT_ENCODING_BASE64 &&
			(data[0] & 0x80) != 0;
	}
	return check->binary ?
		openpgp_message_push(&check->message, (const uint8_t *)data,
				     size) :
		armor_reader_push(&check->armor, data, size);
}

/* Spaces, and no-break spaces in ISO 8859 and in UTF-8 */
static bool is_empty(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!g_ascii_isspace(data[i]) && data[i] != '\xa0' &&
		    data[i] != '\xc2')
			return false;
	}
	return true;
}

/* The armor may stand anywhere in the text, but only once. */
static bool setup_line(const char *line, size_t size, void *context)
{
	struct content_check *check = context;
	bool in_armor = check->armor.state != ARMOR_BEFORE &&
		check->armor.state != ARMOR_AFTER;

	if (in_armor ||
	    (size > 15 && memcmp(line, "-----BEGIN PGP ", 15) == 0))
		return armor_reader_push(&check->armor, line, size);
	check->text_size += size;
	return check->text_size <= SETUP_TEXT_MAX;
}

static bool
content_decoded(struct content_check *check, const char *data, size_t size)
{
	check->size += size;
	switch (check->role) {
	case CONTENT_VERSION:
		return gather(check, data, size, 4*VERSION_TEXT_MAX);
	case CONTENT_CIPHERTEXT:
	case CONTENT_INLINE:
		return ciphertext(check, data, size);
	case CONTENT_CMS:
		return cms_type_push(&check->cms, (const uint8_t *)data,
				     size);
	case CONTENT_EMPTY:
		return check->size <= EMPTY_MAX && is_empty(data, size);
	case CONTENT_EMPTY_HTML:
		return gather(check, data, size, EMPTY_HTML_MAX);
	case CONTENT_SETUP_INSTRUCTIONS:
		return check->size <= SETUP_TEXT_MAX;
	case CONTENT_SETUP_SECRET:
		return check->size <= SETUP_SIZE_MAX &&
			line_reader_push(check->lines, data, size);
	case CONTENT_NONE:
		break;
	}
	return false;
}

/*
 * Transfer encodings
 */

static bool
base64_step(struct content_check *check, const char *data, size_t size)
{
	uint8_t decoded[BASE64_DECODED_MAX(STEP)];
	size_t taken, decoded_size;

	if (check->base64_padding)
		taken = 0;
	else {
		taken = base64_reader_take(&check->base64, data, size, decoded,
					   &decoded_size);
		if (taken < size && data[taken] == '=') {
			check->base64_padding = true;
			decoded_size += base64_reader_finish(
				&check->base64, decoded + decoded_size);
		}
		if (!content_decoded(check, (const char *)decoded,
				     decoded_size))
			return false;
	}
	for (; taken < size; taken++) {
		if (data[taken] != '=' && !g_ascii_isspace(data[taken]))
			return false;
	}
	return true;
}

static bool
decode_step(struct content_check *check, const char *data, size_t size)
{
	char decoded[STEP + 16];
	size_t decoded_size;

	if (check->encoding == GMIME_CONTENT_ENCODING_BASE64)
		return base64_step(check, data, size);
	decoded_size = g_mime_encoding_step(&check->decoder, data, size,
					    decoded);
	return content_decoded(check, decoded, decoded_size);
}

static bool
content_decode(struct content_check *check, const char *data, size_t size)
{
	size_t take;

	for (; size > 0; data += take, size -= take) {
		take = MIN(size, STEP);
		if (!decode_step(check, data, take))
			return false;
	}
	return true;
}

bool content_check_push(struct content_check *check, const char *data,
			size_t size)
{
	bool ok;

	if (check->failed)
		return false;
	if (check->role == CONTENT_CMS &&
	    check->encoding != GMIME_CONTENT_ENCODING_BASE64) {
		/* RFC 8551 section 3.1.2: that is what there is in mail; in
		   binary form, any text could stand in it */
		check->failed = true;
		return false;
	}
	switch (check->encoding) {
	case GMIME_CONTENT_ENCODING_BASE64:
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
		ok = content_decode(check, data, size);
		break;
	case GMIME_CONTENT_ENCODING_DEFAULT:
	case GMIME_CONTENT_ENCODING_7BIT:
	case GMIME_CONTENT_ENCODING_8BIT:
	case GMIME_CONTENT_ENCODING_BINARY:
		ok = content_decoded(check, data, size);
		break;
	default:
		ok = false;
		break;
	}
	check->failed = !ok;
	return ok;
}

/* Base64 may end without its padding. */
static bool content_decode_rest(struct content_check *check)
{
	uint8_t rest[2];
	size_t size = base64_reader_finish(&check->base64, rest);

	return size == 0 || content_decoded(check, (const char *)rest, size);
}

bool content_check_finish(struct content_check *check)
{
	if (check->failed || !content_decode_rest(check))
		return false;
	switch (check->role) {
	case CONTENT_VERSION:
		return version_ok(check->text);
	case CONTENT_CIPHERTEXT:
	case CONTENT_INLINE:
		return check->binary ?
			openpgp_message_is_whole(&check->message) :
			armor_reader_finish(&check->armor);
	case CONTENT_CMS:
		return cms_type_is_enveloped(&check->cms);
	case CONTENT_EMPTY_HTML:
		return html_is_empty(check->text->str, check->text->len);
	case CONTENT_SETUP_SECRET:
		return line_reader_finish(check->lines) &&
			armor_reader_finish(&check->armor);
	case CONTENT_EMPTY:
	case CONTENT_SETUP_INSTRUCTIONS:
		return true;
	case CONTENT_NONE:
		break;
	}
	return false;
}
