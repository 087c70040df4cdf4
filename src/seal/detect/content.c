/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "content.h"
#include "cms-type.h"
#include "../text/line-reader.h"
#include "../format/openpgp-armor.h"

#include <string.h>

/* More readable text than this is no frame of an encrypted message. */
#define SETUP_TEXT_MAX 2048
#define VERSION_TEXT_MAX 64

struct content_check {
	enum content_role role;
	GMimeContentEncoding encoding;
	GMimeEncoding decoder;
	/* the encoded text has ended: RFC 2045 section 6.8, "=" */
	bool base64_padding;

	struct line_reader *lines;
	size_t text_size;
	bool failed;

	struct openpgp_armor_checker armor;
	struct cms_type_reader cms;
};

static bool content_line(const char *line, size_t size, void *context);

struct content_check *
content_check_new(enum content_role role, GMimeContentEncoding encoding)
{
	struct content_check *check = g_new0(struct content_check, 1);

	check->role = role;
	check->encoding = encoding;
	g_mime_encoding_init_decode(&check->decoder, encoding);
	check->lines = line_reader_new(content_line, check);
	openpgp_armor_check_init(&check->armor);
	return check;
}

void content_check_free(struct content_check **_check)
{
	struct content_check *check = *_check;

	if (check == NULL)
		return;
	*_check = NULL;
	line_reader_free(&check->lines);
	g_free(check);
}

static bool version_line_ok(struct content_check *check,
			    const char *line, size_t size)
{
	check->text_size += size;
	return check->text_size <= VERSION_TEXT_MAX &&
		(line_is_blank(line, size) ||
		 (size > 8 && g_ascii_strncasecmp(line, "Version:", 8) == 0));
}

/* The armor may stand anywhere in the text, but only once. */
static bool setup_line_ok(struct content_check *check,
			  const char *line, size_t size)
{
	bool in_armor = check->armor.result == ARMOR_OPEN &&
		openpgp_armor_check_has_begun(&check->armor);

	if (in_armor ||
	    (size > 15 && memcmp(line, "-----BEGIN PGP ", 15) == 0))
		return openpgp_armor_check_line(&check->armor, line, size) !=
			ARMOR_OTHER;
	check->text_size += size;
	return check->text_size <= SETUP_TEXT_MAX;
}

static bool content_line(const char *line, size_t size, void *context)
{
	struct content_check *check = context;

	switch (check->role) {
	case CONTENT_VERSION:
		return version_line_ok(check, line, size);
	case CONTENT_CIPHERTEXT:
		return openpgp_armor_check_line(&check->armor, line, size) !=
			ARMOR_OTHER;
	case CONTENT_EMPTY:
		return line_is_blank(line, size);
	case CONTENT_SETUP_INSTRUCTIONS:
		check->text_size += size;
		return check->text_size <= SETUP_TEXT_MAX;
	case CONTENT_SETUP_SECRET:
		return setup_line_ok(check, line, size);
	case CONTENT_CMS:
	case CONTENT_NONE:
		break;
	}
	return false;
}

static bool
content_decoded(struct content_check *check, const char *data, size_t size)
{
	if (check->role == CONTENT_CMS) {
		return cms_type_push(&check->cms, (const uint8_t *)data,
				     size);
	}
	return line_reader_push(check->lines, data, size);
}

/* A decoder skips what isn't base64 (RFC 2045 section 6.8), readable text
   included. So look first. */
static bool
base64_only(struct content_check *check, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (g_ascii_isspace(data[i]))
			continue;
		if (data[i] == '=')
			check->base64_padding = true;
		else if (check->base64_padding ||
			 (!g_ascii_isalnum(data[i]) && data[i] != '+' &&
			  data[i] != '/'))
			return false;
	}
	return true;
}

static bool
content_decode(struct content_check *check, const char *data, size_t size)
{
	char decoded[4096 + 16];
	size_t take, decoded_size;

	for (; size > 0; data += take, size -= take) {
		take = MIN(size, 4096);
		decoded_size = g_mime_encoding_step(&check->decoder, data,
						    take, decoded);
		if (!content_decoded(check, decoded, decoded_size))
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
		ok = base64_only(check, data, size) &&
			content_decode(check, data, size);
		break;
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

bool content_check_finish(struct content_check *check)
{
	if (check->failed || !line_reader_finish(check->lines))
		return false;
	switch (check->role) {
	case CONTENT_CIPHERTEXT:
	case CONTENT_SETUP_SECRET:
		return check->armor.result == ARMOR_COMPLETE;
	case CONTENT_CMS:
		return cms_type_is_enveloped(&check->cms);
	default:
		return true;
	}
}
