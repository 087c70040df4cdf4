/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "detect.h"
#include "content.h"
#include "entity-header.h"
#include "multipart.h"
#include "../text/header-split.h"

#include <string.h>

/* What a message of a larger header section declares its body to be doesn't
   matter: all of it is held until that is seen. */
#define HEADER_MAX (256*1024)

enum detect_state {
	STATE_HEADER,
	STATE_LEAF,
	STATE_MULTIPART,
	STATE_PLAIN
};

struct seal_detector {
	enum detect_state state;

	struct header_split *split;
	struct entity_header *header;
	size_t header_size;
	bool type_judged;

	/* of a message of one part */
	struct content_check *content;
	/* of one of several */
	struct multipart *multipart;
};

static void
detector_split_output(enum header_split_side side, const char *data,
		      size_t size, void *context);
static void detector_split_field(enum header_split_side side, const char *name,
				 size_t size, void *context);

struct seal_detector *seal_detector_new(void)
{
	struct seal_detector *detector = g_new0(struct seal_detector, 1);

	detector->split = header_split_new(detector_split_output,
					   detector_split_field, detector);
	detector->header = entity_header_new();
	return detector;
}

void seal_detector_free(struct seal_detector **_detector)
{
	struct seal_detector *detector = *_detector;

	if (detector == NULL)
		return;
	*_detector = NULL;
	content_check_free(&detector->content);
	multipart_free(&detector->multipart);
	entity_header_free(&detector->header);
	header_split_free(&detector->split);
	g_free(detector);
}

/*
 * The header section
 */

static bool is_type(GMimeContentType *type, const char *name,
		    const char *subtype)
{
	return g_mime_content_type_is_type(type, name, subtype);
}

static enum content_role leaf_role(GMimeContentType *type)
{
	if (is_type(type, "text", "plain"))
		return CONTENT_INLINE;
	if (is_type(type, "application", "pkcs7-mime") ||
	    is_type(type, "application", "x-pkcs7-mime"))
		return CONTENT_CMS;
	return CONTENT_NONE;
}

/* Returns whether a message of this type may be an encrypted multipart. */
static bool multipart_kind(GMimeContentType *type, bool is_setup,
			   enum multipart_kind *kind_r)
{
	*kind_r = is_type(type, "multipart", "encrypted") ?
		MULTIPART_PGP_MIME : is_setup ? MULTIPART_SETUP :
		MULTIPART_MANGLED;
	return *kind_r == MULTIPART_PGP_MIME ||
		is_type(type, "multipart", "mixed");
}

/* type has its parameters */
static bool
begin_multipart(struct seal_detector *detector, GMimeContentType *type,
		enum multipart_kind kind)
{
	const char *boundary =
		g_mime_content_type_get_parameter(type, "boundary");
	const char *protocol =
		g_mime_content_type_get_parameter(type, "protocol");

	switch (entity_header_get_encoding(detector->header)) {
	case GMIME_CONTENT_ENCODING_BASE64:
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
	case GMIME_CONTENT_ENCODING_UUENCODE:
		/* RFC 2045 section 6.4 forbids it */
		return false;
	default:
		break;
	}
	if (kind == MULTIPART_PGP_MIME && protocol != NULL &&
	    g_ascii_strcasecmp(protocol, "application/pgp-encrypted") != 0)
		return false;
	if (boundary == NULL || *boundary == '\0' ||
	    strlen(boundary) > MULTIPART_BOUNDARY_MAX)
		return false;
	detector->multipart = multipart_new(kind, boundary);
	detector->state = STATE_MULTIPART;
	return true;
}

static bool begin_parts(struct seal_detector *detector,
			enum multipart_kind kind)
{
	GMimeContentType *type =
		entity_header_get_full_type(detector->header);
	bool ok = type != NULL && begin_multipart(detector, type, kind);

	if (type != NULL)
		g_object_unref(type);
	return ok;
}

static bool
begin_body(struct seal_detector *detector, GMimeContentType *type)
{
	enum content_role role = leaf_role(type);
	enum multipart_kind kind;

	if (multipart_kind(type, entity_header_is_setup(detector->header),
			   &kind))
		return begin_parts(detector, kind);
	if (role == CONTENT_NONE)
		return false;
	detector->content = content_check_new(
		role, entity_header_get_encoding(detector->header));
	detector->state = STATE_LEAF;
	return true;
}

static bool header_done(struct seal_detector *detector)
{
	GMimeContentType *type;
	bool ok;

	if (!entity_header_is_clear(detector->header))
		return false;
	type = entity_header_get_type(detector->header);
	ok = begin_body(detector, type);
	g_object_unref(type);
	return ok;
}

/* Most messages are of a type that is never encrypted: their header needn't
   be read to its end. */
static bool type_ok(struct seal_detector *detector)
{
	GMimeContentType *type;
	enum multipart_kind kind;
	bool ok;

	if (detector->type_judged ||
	    !entity_header_has_type(detector->header))
		return true;
	detector->type_judged = true;
	type = entity_header_get_type(detector->header);
	ok = leaf_role(type) != CONTENT_NONE ||
		multipart_kind(type, false, &kind);
	g_object_unref(type);
	return ok;
}

static void
detector_split_field(enum header_split_side side G_GNUC_UNUSED,
		     const char *name, size_t size, void *context)
{
	struct seal_detector *detector = context;

	entity_header_field(detector->header, name, size);
	if (!entity_header_is_clear(detector->header) || !type_ok(detector))
		detector->state = STATE_PLAIN;
}

/*
 * The message
 */

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
			ok = header_done(detector);
			break;
		}
		entity_header_push(detector->header, data, size);
		detector->header_size += size;
		ok = entity_header_is_clear(detector->header) &&
			detector->header_size <= HEADER_MAX;
		break;
	case STATE_LEAF:
		ok = content_check_push(detector->content, data, size);
		break;
	case STATE_MULTIPART:
		ok = multipart_push(detector->multipart, data, size);
		break;
	case STATE_PLAIN:
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
	case STATE_MULTIPART:
		encrypted = multipart_finish(detector->multipart);
		break;
	case STATE_HEADER:
	case STATE_PLAIN:
		break;
	}
	return encrypted ? SEAL_VERDICT_ENCRYPTED : SEAL_VERDICT_PLAIN;
}
