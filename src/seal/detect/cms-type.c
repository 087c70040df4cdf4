/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "cms-type.h"

#include <string.h>

/* X.690 section 8.1.2; universal tags and [0] to [4], with the bit for
   constructed where it belongs to them */
#define TAG_END 0x00
#define TAG_INTEGER 0x02
#define TAG_BIT_STRING 0x03
#define TAG_OCTET_STRING 0x04
#define TAG_OID 0x06
#define TAG_OCTET_STRINGS 0x24
#define TAG_SEQUENCE 0x30
#define TAG_SET 0x31
#define TAG_PRIMITIVE_0 0x80
#define TAG_CONTEXT_0 0xa0
#define TAG_CONTEXT_1 0xa1
#define TAG_CONTEXT_2 0xa2
#define TAG_CONTEXT_3 0xa3
#define TAG_CONTEXT_4 0xa4
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
	/* in the originator's, the recipients', the content's element */
	DEPTH_MEMBER,
	/* in a recipient, in the list of the originator's certificates */
	DEPTH_DETAIL,
	/* in one of these certificates */
	DEPTH_CERTIFICATE
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

/* How much may be readable in one place of the envelope. */
struct cms_region {
	/* all of it, bytes */
	size_t size_max;
	/* all character strings together, as names are made of */
	size_t strings_max;
	/* text in a row, in a character string and in anything else */
	size_t string_run_max, other_run_max;
	/* something else that is text from end to end; 0: any */
	size_t other_whole_max;
};

/* Versions and types */
static const struct cms_region region_frame = {
	.size_max = 64, .other_run_max = 15
};
/* Certificates have names and addresses in them. Mail programs don't send
   them here. */
static const struct cms_region region_originator = {
	.size_max = 8192, .strings_max = 1024, .string_run_max = 64,
	.other_run_max = 128
};
/* Issuer's name, serial number, key */
static const struct cms_region region_recipient = {
	.size_max = 4096, .strings_max = 512, .string_run_max = 100,
	.other_run_max = 32
};
/* By key agreement: may be for several */
static const struct cms_region region_recipients = {
	.size_max = 16384, .strings_max = 2048, .string_run_max = 100,
	.other_run_max = 32
};
/* By password, by a key that both have, by ways to come (RFC 9629): nothing
   there is a name */
static const struct cms_region region_other_recipient = {
	.size_max = 4096, .other_run_max = 24, .other_whole_max = 19
};
static const struct cms_region region_algorithm = {
	.size_max = 256, .other_run_max = 24
};
/* Types, times and hashes */
static const struct cms_region region_attributes = {
	.size_max = 1024, .other_run_max = 24, .other_whole_max = 7
};
/* What is encrypted */
static const struct cms_region region_content = {
	.size_max = SIZE_MAX
};

static void enter(struct cms_type_reader *reader,
		  const struct cms_region *region)
{
	reader->region = region;
	reader->region_size = 0;
	reader->strings_size = 0;
}

static bool envelope_element_ok(struct cms_type_reader *reader, uint8_t tag)
{
	enum envelope_stage stage = reader->envelope_stage, next;

	enter(reader, &region_frame);
	switch (tag) {
	case TAG_INTEGER:
		next = STAGE_VERSION;
		break;
	case TAG_CONTEXT_0:
		next = STAGE_ORIGINATOR;
		enter(reader, &region_originator);
		break;
	case TAG_SET:
		next = STAGE_RECIPIENTS;
		break;
	case TAG_SEQUENCE:
		next = STAGE_ENCRYPTED_CONTENT;
		break;
	case TAG_OCTET_STRING:
		next = STAGE_REST;
		enter(reader, &region_algorithm);
		break;
	case TAG_CONTEXT_1:
	case TAG_CONTEXT_2:
		next = STAGE_REST;
		enter(reader, &region_attributes);
		break;
	default:
		return false;
	}
	/* the content is optional in the syntax; without it, what for? */
	if (next == STAGE_REST && !reader->has_content)
		return false;
	reader->envelope_stage = next;
	/* each in its turn; only the originator may be left out, and only the
	   rest may have several */
	return next == stage + 1 ||
		(next == STAGE_RECIPIENTS && stage == STAGE_VERSION) ||
		(next == STAGE_REST && stage == STAGE_REST);
}

/* RFC 5652 section 6.2 */
static bool recipient_ok(struct cms_type_reader *reader, uint8_t tag)
{
	reader->has_recipients = true;
	switch (tag) {
	case TAG_SEQUENCE:
		enter(reader, &region_recipient);
		return true;
	case TAG_CONTEXT_1:
		enter(reader, &region_recipients);
		return true;
	case TAG_CONTEXT_2:
	case TAG_CONTEXT_3:
	case TAG_CONTEXT_4:
		enter(reader, &region_other_recipient);
		return true;
	default:
		return false;
	}
}

/* RFC 5652 section 6.1, EncryptedContentInfo */
static bool content_element_ok(struct cms_type_reader *reader, uint8_t tag,
			       unsigned int index)
{
	switch (index) {
	case 0:
		enter(reader, &region_frame);
		return tag == TAG_OID;
	case 1:
		enter(reader, &region_algorithm);
		return tag == TAG_SEQUENCE;
	case 2:
		enter(reader, &region_content);
		return tag == TAG_PRIMITIVE_0 || tag == TAG_CONTEXT_0;
	default:
		return false;
	}
}

static bool member_ok(struct cms_type_reader *reader, uint8_t tag,
		      unsigned int index)
{
	switch ((enum envelope_stage)reader->envelope_stage) {
	case STAGE_ORIGINATOR:
		/* certs, and no crls */
		return index == 0 && tag == TAG_CONTEXT_0;
	case STAGE_RECIPIENTS:
		return recipient_ok(reader, tag);
	case STAGE_ENCRYPTED_CONTENT:
		return content_element_ok(reader, tag, index);
	default:
		return tag == TAG_SEQUENCE;
	}
}

/* RFC 5652 section 6.2.1, KeyTransRecipientInfo */
static bool key_transport_element_ok(uint8_t tag, unsigned int index)
{
	switch (index) {
	case 0:
		return tag == TAG_INTEGER;
	case 1:
		return tag == TAG_SEQUENCE || tag == TAG_PRIMITIVE_0;
	case 2:
		return tag == TAG_SEQUENCE;
	case 3:
		return tag == TAG_OCTET_STRING;
	default:
		return false;
	}
}

/* RFC 5280 section 4.1 */
static bool certificate_element_ok(uint8_t tag, unsigned int index)
{
	return index < 2 ? tag == TAG_SEQUENCE :
		index == 2 && tag == TAG_BIT_STRING;
}

/* In what is deeper than the envelope's members */
static bool detail_ok(const struct cms_type_reader *reader, uint8_t tag,
		      unsigned int index)
{
	const bool is_detail = reader->depth == DEPTH_DETAIL;

	if (reader->region == &region_content)
		return tag == TAG_OCTET_STRING || tag == TAG_OCTET_STRINGS;
	if (reader->region == &region_originator) {
		return is_detail ? tag == TAG_SEQUENCE :
			reader->depth > DEPTH_CERTIFICATE ||
			certificate_element_ok(tag, index);
	}
	if (reader->region == &region_recipient && is_detail)
		return key_transport_element_ok(tag, index);
	return true;
}

/* Is an element of this tag right here? index is its number in the element
   that is open. */
static bool
element_ok(struct cms_type_reader *reader, uint8_t tag, unsigned int index)
{
	switch (reader->depth) {
	case DEPTH_CONTENT_INFO:
		enter(reader, &region_frame);
		return tag == TAG_SEQUENCE;
	case DEPTH_CONTENT_TYPE:
		return (index == 0 && tag == TAG_OID) ||
			(index == 1 && tag == TAG_CONTEXT_0);
	case DEPTH_CONTENT:
		return index == 0 && tag == TAG_SEQUENCE;
	case DEPTH_ENVELOPE:
		return envelope_element_ok(reader, tag);
	case DEPTH_MEMBER:
		return member_ok(reader, tag, index);
	default:
		return detail_ok(reader, tag, index);
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

/* Where the innermost element that says its length ends */
static uint64_t innermost_end(const struct cms_type_reader *reader)
{
	return reader->depth == 0 ? UINT64_MAX :
		reader->open[reader->depth - 1].limit;
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
	uint64_t end = length == UINT64_MAX ? UINT64_MAX :
		reader->offset + length;
	unsigned int index = 0;

	if (tag == TAG_END)
		return end_of_contents(reader, length);
	if (reader->depth > 0)
		index = reader->open[reader->depth - 1].count++;
	if (!element_ok(reader, tag, index))
		return false;
	if (length != UINT64_MAX && length > limit - reader->offset)
		return false;
	reader->run.length = 0;
	if ((tag & TAG_CONSTRUCTED) == 0) {
		if (length == UINT64_MAX)
			return false;
		reader->content_tag = tag;
		reader->content_size = length;
		reader->content_end = end;
		if (length == 0)
			close_elements(reader);
		return true;
	}
	if (reader->depth == CMS_DEPTH_MAX)
		return false;
	reader->open[reader->depth].end = end;
	reader->open[reader->depth].limit = end < limit ? end : limit;
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

/* X.680 section 41: UTF8String to BMPString, but for the two between them
   that are times */
static bool is_time(uint8_t tag)
{
	return tag == 0x17 || tag == 0x18;
}

static bool is_string(uint8_t tag)
{
	return tag == 0x0c || (tag >= 0x12 && tag <= 0x1e && !is_time(tag));
}

static bool region_bytes_ok(struct cms_type_reader *reader,
			    const uint8_t *data, size_t size)
{
	const struct cms_region *region = reader->region;
	bool string = is_string(reader->content_tag);

	if (region == &region_content) {
		reader->has_content = true;
		readable_share_push(&reader->share, data, size);
		return reader->share.size < READABLE_SHARE_MAX ||
			!readable_share_is_text(&reader->share);
	}
	reader->region_size += size;
	if (string)
		reader->strings_size += size;
	return reader->region_size <= region->size_max &&
		reader->strings_size <= region->strings_max &&
		readable_run_push(&reader->run, data, size,
				  string ? region->string_run_max :
					   region->other_run_max);
}

/* Returns how many bytes of a primitive element's content were taken. */
static size_t
content_bytes(struct cms_type_reader *reader, const uint8_t *data, size_t size)
{
	uint64_t left = reader->content_end - reader->offset;

	if (size > left)
		size = left;
	if (!region_bytes_ok(reader, data, size))
		reader->failed = true;
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
		if (reader->region->other_whole_max > 0 &&
		    !is_time(reader->content_tag) &&
		    reader->run.length == reader->content_size &&
		    reader->content_size > reader->region->other_whole_max)
			reader->failed = true;
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
		reader->has_content &&
		!readable_share_is_text(&reader->share);
}
