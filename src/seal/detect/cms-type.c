/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "cms-type.h"

#include <string.h>

/* X.690 section 8.1.2; universal tags and [0], [1], [2], with the bit for
   constructed where it belongs to them */
#define TAG_END 0x00
#define TAG_INTEGER 0x02
#define TAG_OCTET_STRING 0x04
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30
#define TAG_SET 0x31
#define TAG_CONTEXT_0 0xa0
#define TAG_CONTEXT_1 0xa1
#define TAG_CONTEXT_2 0xa2
#define TAG_CONSTRUCTED 0x20
#define TAG_NUMBER_MASK 0x1f

/* RFC 5652 section 6.1, id-envelopedData */
static const uint8_t oid_enveloped[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03
};
/* RFC 5083 section 2.1, id-ct-authEnvelopedData */
static const uint8_t oid_auth_enveloped[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17
};

/* How deep the elements are that we know */
enum {
	DEPTH_CONTENT_INFO,
	DEPTH_CONTENT_TYPE,
	DEPTH_CONTENT,
	DEPTH_ENVELOPE,
	DEPTH_RECIPIENT
};

/* RFC 5652 section 6.1, EnvelopedData; RFC 5083 section 2.1 adds the mac */
enum envelope_stage {
	STAGE_START,
	STAGE_VERSION,
	STAGE_ORIGINATOR,
	STAGE_RECIPIENTS,
	STAGE_ENCRYPTED_CONTENT,
	STAGE_REST
};

static bool envelope_element_ok(struct cms_type_reader *reader, uint8_t tag)
{
	enum envelope_stage stage = reader->envelope_stage, next;

	switch (tag) {
	case TAG_INTEGER:
		next = STAGE_VERSION;
		break;
	case TAG_CONTEXT_0:
		next = STAGE_ORIGINATOR;
		break;
	case TAG_SET:
		next = STAGE_RECIPIENTS;
		break;
	case TAG_SEQUENCE:
		next = STAGE_ENCRYPTED_CONTENT;
		break;
	case TAG_CONTEXT_1:
	case TAG_CONTEXT_2:
	case TAG_OCTET_STRING:
		next = STAGE_REST;
		break;
	default:
		return false;
	}
	reader->envelope_stage = next;
	/* each in its turn; only the originator may be left out, and only the
	   rest may have several */
	return next == stage + 1 ||
		(next == STAGE_RECIPIENTS && stage == STAGE_VERSION) ||
		(next == STAGE_REST && stage == STAGE_REST);
}

/* Is an element of this tag right here? index is its number in the element
   that is open. */
static bool
element_ok(struct cms_type_reader *reader, uint8_t tag, unsigned int index)
{
	switch (reader->depth) {
	case DEPTH_CONTENT_INFO:
		return tag == TAG_SEQUENCE;
	case DEPTH_CONTENT_TYPE:
		return (index == 0 && tag == TAG_OID) ||
			(index == 1 && tag == TAG_CONTEXT_0);
	case DEPTH_CONTENT:
		return index == 0 && tag == TAG_SEQUENCE;
	case DEPTH_ENVELOPE:
		return envelope_element_ok(reader, tag);
	case DEPTH_RECIPIENT:
		if (reader->envelope_stage == STAGE_RECIPIENTS)
			reader->has_recipients = true;
		return true;
	default:
		return true;
	}
}

static bool content_type_ok(const struct cms_type_reader *reader)
{
	return (reader->content_type_size == sizeof(oid_enveloped) &&
		memcmp(reader->content_type, oid_enveloped,
		       sizeof(oid_enveloped)) == 0) ||
		(reader->content_type_size == sizeof(oid_auth_enveloped) &&
		 memcmp(reader->content_type, oid_auth_enveloped,
			sizeof(oid_auth_enveloped)) == 0);
}

/* The end of the innermost element that has one */
static uint64_t innermost_end(const struct cms_type_reader *reader)
{
	for (unsigned int i = reader->depth; i > 0; i--) {
		if (reader->open[i - 1].end != UINT64_MAX)
			return reader->open[i - 1].end;
	}
	return UINT64_MAX;
}

/* Closes all elements that end here. */
static void close_elements(struct cms_type_reader *reader)
{
	while (reader->depth > 0 &&
	       reader->open[reader->depth - 1].end == reader->offset)
		reader->depth--;
	if (reader->depth == 0)
		reader->complete = true;
}

static bool end_of_contents(struct cms_type_reader *reader, uint64_t length)
{
	if (length != 0 || reader->depth == 0 ||
	    reader->open[reader->depth - 1].end != UINT64_MAX)
		return false;
	reader->depth--;
	close_elements(reader);
	return true;
}

/* Tag and length are complete: length is UINT64_MAX if the end is marked. */
static bool
open_element(struct cms_type_reader *reader, uint8_t tag, uint64_t length)
{
	uint64_t limit = innermost_end(reader);
	unsigned int index = 0;

	if (tag == TAG_END)
		return end_of_contents(reader, length);
	if (reader->depth > 0)
		index = reader->open[reader->depth - 1].count++;
	if (!element_ok(reader, tag, index))
		return false;
	if (length != UINT64_MAX && length > limit - reader->offset)
		return false;
	if ((tag & TAG_CONSTRUCTED) == 0) {
		if (length == UINT64_MAX)
			return false;
		reader->content_end = reader->offset + length;
		if (length == 0)
			close_elements(reader);
		return true;
	}
	if (reader->depth == CMS_DEPTH_MAX)
		return false;
	reader->open[reader->depth].end = length == UINT64_MAX ?
		UINT64_MAX : reader->offset + length;
	reader->open[reader->depth++].count = 0;
	close_elements(reader);
	return true;
}

/* X.690 section 8.1.3 */
static bool header_byte(struct cms_type_reader *reader, uint8_t byte)
{
	uint64_t length = 0;
	size_t length_size;

	if (innermost_end(reader) < reader->offset)
		return false;
	reader->header[reader->header_size++] = byte;
	if (reader->header_size == 1) {
		/* CMS has no tag numbers that need more bytes */
		return (byte & TAG_NUMBER_MASK) != TAG_NUMBER_MASK;
	}
	length_size = reader->header[1] > 0x80 ? reader->header[1] & 0x7f : 0;
	if (length_size > 7)
		return false;
	if (reader->header_size < 2 + length_size)
		return true;
	if (reader->header[1] < 0x80)
		length = reader->header[1];
	else if (reader->header[1] == 0x80)
		length = UINT64_MAX;
	for (size_t i = 0; i < length_size; i++)
		length = length << 8 | reader->header[2 + i];
	reader->header_size = 0;
	return open_element(reader, reader->header[0], length);
}

/* Returns how many bytes of a primitive element's content were taken. */
static size_t
content_bytes(struct cms_type_reader *reader, const uint8_t *data, size_t size)
{
	uint64_t left = reader->content_end - reader->offset;

	if (size > left)
		size = left;
	/* the first one is the content type */
	if (reader->depth == DEPTH_CONTENT_TYPE) {
		for (size_t i = 0; i < size && reader->content_type_size <
		     sizeof(reader->content_type); i++) {
			reader->content_type[reader->content_type_size++] =
				data[i];
		}
	}
	reader->offset += size;
	if (reader->offset == reader->content_end) {
		if (reader->depth == DEPTH_CONTENT_TYPE &&
		    !content_type_ok(reader))
			reader->failed = true;
		close_elements(reader);
	}
	return size;
}

bool cms_type_push(struct cms_type_reader *reader, const uint8_t *data,
		   size_t size)
{
	size_t taken;

	while (size > 0 && !reader->failed) {
		if (reader->complete) {
			/* bytes behind it */
			reader->failed = true;
		} else if (reader->offset < reader->content_end) {
			taken = content_bytes(reader, data, size);
			data += taken;
			size -= taken;
		} else {
			reader->offset++;
			reader->failed = !header_byte(reader, *data);
			data++;
			size--;
		}
	}
	return !reader->failed;
}

bool cms_type_is_enveloped(const struct cms_type_reader *reader)
{
	return !reader->failed && reader->complete && reader->has_recipients &&
		reader->envelope_stage >= STAGE_ENCRYPTED_CONTENT;
}
