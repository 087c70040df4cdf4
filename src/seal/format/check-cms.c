/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "check.h"

#include <string.h>

/* X.690 section 8.1.2, with the bit for constructed where it belongs */
#define TAG_END 0x00
#define TAG_INTEGER 0x02
#define TAG_OCTET_STRING 0x04
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30
#define TAG_SET 0x31
#define TAG_CONTENT 0x80
#define TAG_CONTEXT_0 0xa0
#define TAG_CONTEXT_1 0xa1

#define AES_BLOCK_SIZE 16
/* Tag and length of an element, with four octets of length. An engine that
   streams marks the end of what is larger. */
#define HEADER_MAX 6
/* The end of an element is marked, rather than told by its length. */
#define END_MARKED UINT64_MAX

/* RFC 5652 section 6.1, id-envelopedData; section 4, id-data; RFC 3565 section
   4.1, id-aes256-CBC */
static const uint8_t oid_enveloped[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03
};
static const uint8_t oid_data[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01
};
static const uint8_t oid_aes256_cbc[] = {
	0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a
};

/* ContentInfo, content, EnvelopedData, EncryptedContentInfo, and
   encryptedContent if that is made of pieces */
#define DEPTH_MAX 5

struct cms_check {
	/* where the elements end that are open, from the outside in; unless
	   it is marked */
	uint64_t ends[DEPTH_MAX];
	unsigned int depth;
	/* bytes that were followed, of which the first were looked at when the
	   message started */
	uint64_t offset, start_size;
	/* bytes of ciphertext that follow, and that there were */
	uint64_t left, content_size;
	/* what comes next is ciphertext or ends something */
	bool content_pieces;
	uint8_t header[HEADER_MAX];
	size_t header_size;
	bool failed;
};

/*
 * Elements of data that is there
 */

struct reader {
	const uint8_t *data;
	size_t size, offset;
	/* CHECK_MORE or CHECK_BAD once something was missing or wrong */
	enum check_result result;
};

struct element {
	uint8_t tag;
	uint64_t length;
	size_t header_size;
};

/* X.690 section 8.1.3. Returns 1, 0 if it is cut off, -1 if it is none. */
static int
element_read(const uint8_t *data, size_t size, struct element *element_r)
{
	size_t length_size;

	if (size < 2)
		return 0;
	element_r->tag = data[0];
	element_r->header_size = 2;
	element_r->length = data[1];
	if (data[1] < 0x80)
		return 1;
	element_r->length = END_MARKED;
	length_size = data[1] & 0x7f;
	if (length_size == 0)
		return 1;
	if (length_size > HEADER_MAX - 2)
		return -1;
	if (size < 2 + length_size)
		return 0;
	element_r->length = 0;
	for (size_t i = 0; i < length_size; i++)
		element_r->length = element_r->length << 8 | data[2 + i];
	element_r->header_size += length_size;
	return 1;
}

static bool reader_fail(struct reader *reader, enum check_result result)
{
	if (reader->result == CHECK_OK)
		reader->result = result;
	return false;
}

/* Looks at the next element, which stays the next. */
static bool reader_peek(struct reader *reader, struct element *element_r)
{
	int ret;

	if (reader->result != CHECK_OK)
		return false;
	ret = element_read(reader->data + reader->offset,
			   reader->size - reader->offset, element_r);
	return ret > 0 ? true :
		reader_fail(reader, ret == 0 ? CHECK_MORE : CHECK_BAD);
}

/* Goes into the next element. *end_r is where it ends. */
static bool
reader_enter(struct reader *reader, uint8_t tag, uint64_t *end_r)
{
	struct element element;

	if (!reader_peek(reader, &element))
		return false;
	if (element.tag != tag)
		return reader_fail(reader, CHECK_BAD);
	reader->offset += element.header_size;
	*end_r = element.length == END_MARKED ? END_MARKED :
		reader->offset + element.length;
	return true;
}

/* Takes a whole element, whose content is content_r then. */
static bool
reader_take(struct reader *reader, uint8_t tag, struct reader *content_r)
{
	uint64_t end;

	memset(content_r, 0, sizeof(*content_r));
	if (!reader_enter(reader, tag, &end))
		return false;
	if (end == END_MARKED)
		return reader_fail(reader, CHECK_BAD);
	if (end > reader->size)
		return reader_fail(reader, CHECK_MORE);
	content_r->data = reader->data + reader->offset;
	content_r->size = end - reader->offset;
	reader->offset = end;
	return true;
}

static bool
reader_take_oid(struct reader *reader, const uint8_t *oid, size_t size)
{
	struct reader content;

	return reader_take(reader, TAG_OID, &content) &&
		((content.size == size &&
		  memcmp(content.data, oid, size) == 0) ||
		 reader_fail(reader, CHECK_BAD));
}

/*
 * Recipients
 */

/* RFC 5280 section 4.1: Finds issuer and serialNumber, which an
   IssuerAndSerialNumber (RFC 5652 section 10.2.4) has as they are. */
static bool
certificate_read_name(const struct certificate *recipient,
		      struct reader *issuer_r, struct reader *serial_r)
{
	struct reader file = { .result = CHECK_OK }, certificate, tbs, skip;
	struct element element;
	gsize size;

	file.data = g_bytes_get_data(recipient->data, &size);
	file.size = size;
	if (!reader_take(&file, TAG_SEQUENCE, &certificate) ||
	    !reader_take(&certificate, TAG_SEQUENCE, &tbs) ||
	    !reader_peek(&tbs, &element))
		return false;
	if (element.tag == TAG_CONTEXT_0 &&
	    !reader_take(&tbs, TAG_CONTEXT_0, &skip))
		return false;
	serial_r->data = tbs.data + tbs.offset;
	if (!reader_take(&tbs, TAG_INTEGER, &skip))
		return false;
	serial_r->size = tbs.data + tbs.offset - serial_r->data;
	if (!reader_take(&tbs, TAG_SEQUENCE, &skip))
		return false;
	issuer_r->data = tbs.data + tbs.offset;
	if (!reader_take(&tbs, TAG_SEQUENCE, &skip))
		return false;
	issuer_r->size = tbs.data + tbs.offset - issuer_r->data;
	return true;
}

static bool
name_is(const struct reader *name, const struct certificate *recipient)
{
	struct reader issuer, serial;

	return certificate_read_name(recipient, &issuer, &serial) &&
		name->size == issuer.size + serial.size &&
		memcmp(name->data, issuer.data, issuer.size) == 0 &&
		memcmp(name->data + issuer.size, serial.data,
		       serial.size) == 0;
}

struct recipients {
	const struct check_params *params;
	bool *has_one;
	size_t count;
	bool other;
};

static void
recipients_mark(struct recipients *recipients, const struct reader *name)
{
	const struct check_params *params = recipients->params;
	bool found = false;

	for (size_t i = 0; i < params->recipient_count; i++) {
		if (name_is(name, params->recipients[i]))
			recipients->has_one[i] = found = true;
	}
	if (!found || ++recipients->count > params->recipient_count)
		recipients->other = true;
}

/* RFC 5652 section 6.2.1: version, issuer and serial number, … */
static bool
read_key_transport(struct reader *infos, struct recipients *recipients)
{
	struct reader info, name, skip;

	if (!reader_take(infos, TAG_SEQUENCE, &info) ||
	    !reader_take(&info, TAG_INTEGER, &skip) ||
	    !reader_take(&info, TAG_SEQUENCE, &name))
		return false;
	recipients_mark(recipients, &name);
	return true;
}

/* RFC 5652 section 6.2.2: version, originator, maybe ukm, algorithm, keys */
static bool
read_key_agreement(struct reader *infos, struct recipients *recipients)
{
	struct reader info, keys, key, name, skip;
	struct element element;

	if (!reader_take(infos, TAG_CONTEXT_1, &info) ||
	    !reader_take(&info, TAG_INTEGER, &skip) ||
	    !reader_take(&info, TAG_CONTEXT_0, &skip) ||
	    !reader_peek(&info, &element))
		return false;
	if (element.tag == TAG_CONTEXT_1 &&
	    !reader_take(&info, TAG_CONTEXT_1, &skip))
		return false;
	if (!reader_take(&info, TAG_SEQUENCE, &skip) ||
	    !reader_take(&info, TAG_SEQUENCE, &keys))
		return false;
	while (keys.offset < keys.size) {
		if (!reader_take(&keys, TAG_SEQUENCE, &key) ||
		    !reader_take(&key, TAG_SEQUENCE, &name))
			return false;
		recipients_mark(recipients, &name);
	}
	return true;
}

static bool
read_infos(struct reader *infos, struct recipients *recipients)
{
	struct element element;

	while (infos->offset < infos->size) {
		if (!reader_peek(infos, &element) ||
		    !(element.tag == TAG_CONTEXT_1 ?
		      read_key_agreement(infos, recipients) :
		      read_key_transport(infos, recipients)))
			return false;
	}
	return true;
}

static enum check_result
check_infos(const struct check_params *params, struct reader *infos)
{
	struct recipients recipients = {
		.params = params,
		.has_one = g_new0(bool, params->recipient_count)
	};
	bool ok = read_infos(infos, &recipients);

	for (size_t i = 0; i < params->recipient_count; i++)
		recipients.other = recipients.other || !recipients.has_one[i];
	g_free(recipients.has_one);
	if (!ok)
		return CHECK_BAD;
	return recipients.other ? CHECK_OTHER_RECIPIENTS : CHECK_OK;
}

/*
 * The start
 */

static bool
check_enter(struct cms_check *check, struct reader *reader, uint8_t tag)
{
	if (!reader_enter(reader, tag, &check->ends[check->depth]))
		return false;
	check->depth++;
	return true;
}

/* RFC 5652 sections 3 and 6.1, up to the encrypted content's first byte */
static bool
read_start(struct cms_check *check, struct reader *reader,
	   struct reader *infos_r)
{
	struct reader skip, algorithm;
	struct element element;

	if (!check_enter(check, reader, TAG_SEQUENCE) ||
	    !reader_take_oid(reader, oid_enveloped, sizeof(oid_enveloped)) ||
	    !check_enter(check, reader, TAG_CONTEXT_0) ||
	    !check_enter(check, reader, TAG_SEQUENCE) ||
	    !reader_take(reader, TAG_INTEGER, &skip) ||
	    !reader_take(reader, TAG_SET, infos_r) ||
	    !check_enter(check, reader, TAG_SEQUENCE) ||
	    !reader_take_oid(reader, oid_data, sizeof(oid_data)) ||
	    !reader_take(reader, TAG_SEQUENCE, &algorithm))
		return false;
	if (!reader_take_oid(&algorithm, oid_aes256_cbc,
			     sizeof(oid_aes256_cbc)))
		return reader_fail(reader, CHECK_BAD);
	if (!reader_peek(reader, &element))
		return false;
	if (element.tag == TAG_CONTEXT_0) {
		check->content_pieces = true;
		return check_enter(check, reader, TAG_CONTEXT_0);
	}
	if (element.tag != TAG_CONTENT || element.length == END_MARKED)
		return reader_fail(reader, CHECK_BAD);
	reader->offset += element.header_size;
	check->left = check->content_size = element.length;
	return true;
}

static enum check_result
cms_start(const struct check_params *params, void *state, const uint8_t *data,
	  size_t size)
{
	struct reader reader = { .data = data, .size = size }, infos;
	struct cms_check *check = state;

	memset(check, 0, sizeof(*check));
	if (!read_start(check, &reader, &infos))
		return reader.result;
	check->start_size = reader.offset;
	return check_infos(params, &infos);
}

/*
 * The rest
 */

/* Leaves the elements that end here by their length. */
static void check_leave(struct cms_check *check)
{
	while (check->depth > 0 &&
	       check->ends[check->depth - 1] == check->offset) {
		check->depth--;
		check->content_pieces = false;
	}
}

/* Behind the start nothing but ciphertext and ends is right. */
static bool
check_element(struct cms_check *check, const struct element *element)
{
	if (element->tag == TAG_OCTET_STRING && check->content_pieces) {
		check->left = element->length;
		check->content_size += element->length;
		return element->length != END_MARKED;
	}
	/* X.690 section 8.1.5 */
	if (element->tag != TAG_END || element->length != 0 ||
	    check->depth == 0 || check->ends[check->depth - 1] != END_MARKED)
		return false;
	check->depth--;
	check->content_pieces = false;
	return true;
}

static bool check_byte(struct cms_check *check, uint8_t byte)
{
	struct element element;
	int ret;

	if (check->depth == 0)
		return false;
	check->header[check->header_size++] = byte;
	check->offset++;
	ret = element_read(check->header, check->header_size, &element);
	if (ret <= 0)
		return ret == 0;
	check->header_size = 0;
	return check_element(check, &element);
}

static bool cms_follow(void *state, const uint8_t *data, size_t size)
{
	struct cms_check *check = state;

	while (size > 0 && !check->failed) {
		size_t take = 1;

		if (check->offset < check->start_size) {
			take = MIN(check->start_size - check->offset, size);
			check->offset += take;
		} else if (check->left > 0) {
			take = MIN(check->left, size);
			check->left -= take;
			check->offset += take;
		} else {
			check->failed = !check_byte(check, *data);
		}
		if (check->left == 0 && check->header_size == 0 &&
		    check->offset >= check->start_size)
			check_leave(check);
		data += take;
		size -= take;
	}
	return !check->failed;
}

static bool cms_is_complete(const void *state)
{
	const struct cms_check *check = state;

	return !check->failed && check->depth == 0 && check->left == 0 &&
		check->header_size == 0 && check->content_size > 0 &&
		check->content_size % AES_BLOCK_SIZE == 0;
}

const struct check_form check_cms = {
	.state_size = sizeof(struct cms_check),
	.start = cms_start,
	.follow = cms_follow,
	.is_complete = cms_is_complete
};
