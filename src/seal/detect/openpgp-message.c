/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-message.h"

/* RFC 9580 section 5.14 */
#define TAG_PADDING 21

/* A session key for RSA of 16384 bits takes 2 kB, one for a password 100
   bytes at the most. */
#define PKESK_MAX 4096
#define SKESK_MAX 128
#define PADDING_MAX 4096
#define MARKER_SIZE 3

static bool packet_begin(struct openpgp_message *message,
			 const struct openpgp_packet_header *header)
{
	size_t size_max = 0;

	message->tag = header->tag;
	message->partial = header->partial;
	message->body_left = header->body_size;
	message->body_starts = true;
	message->share = (struct readable_share){ .size = 0 };
	switch ((unsigned int)header->tag) {
	case OPENPGP_PKESK:
		size_max = PKESK_MAX;
		message->has_session_key = true;
		break;
	case OPENPGP_SKESK:
		size_max = SKESK_MAX;
		message->has_session_key = true;
		break;
	case OPENPGP_MARKER:
		size_max = MARKER_SIZE;
		break;
	case TAG_PADDING:
		size_max = PADDING_MAX;
		break;
	case OPENPGP_SED:
	case OPENPGP_SEIPD:
	case OPENPGP_AED:
		message->in_container = true;
		if (header->partial && header->header_size == 1) {
			/* legacy: it goes on to the end of the data */
			message->partial = false;
			message->body_left = UINT64_MAX;
		}
		/* without a session key nobody can have written it for
		   anybody */
		return message->has_session_key;
	default:
		return false;
	}
	return !header->partial && header->body_size > 0 &&
		header->body_size <= size_max;
}

/* One more byte of a packet's header, or of a part's length. */
static bool header_byte(struct openpgp_message *message, uint8_t byte)
{
	struct openpgp_packet_header header = { .partial = false };

	if (message->in_container) {
		if (!message->partial) {
			/* nothing may follow */
			return false;
		}
		if (message->header_size == 0) {
			/* a length is read behind a tag */
			message->header[message->header_size++] =
				0xc0 | OPENPGP_SEIPD;
		}
	} else if (message->header_size == 0 && (byte & 0x80) == 0) {
		return false;
	}
	message->header[message->header_size++] = byte;
	if (!openpgp_packet_read(message->header, message->header_size,
				 &header))
		return message->header_size < OPENPGP_HEADER_MAX;
	message->header_size = 0;
	if (message->in_container) {
		message->partial = header.partial;
		message->body_left = header.body_size;
		return true;
	}
	return packet_begin(message, &header);
}

/* The first byte of a packet's body: versions (RFC 9580 sections 5.1, 5.3,
   5.13; 2 and 5 are older ones of GnuPG's and drafts') */
static bool first_byte_ok(enum openpgp_tag tag, uint8_t byte)
{
	switch ((unsigned int)tag) {
	case OPENPGP_PKESK:
		return byte == 2 || byte == 3 || byte == 6;
	case OPENPGP_SKESK:
		return byte >= 4 && byte <= 6;
	case OPENPGP_SEIPD:
		return byte == 1 || byte == 2;
	case OPENPGP_AED:
		return byte == 1;
	case OPENPGP_MARKER:
		return byte == 'P';
	default:
		return true;
	}
}

static size_t body_bytes(struct openpgp_message *message,
			 const uint8_t *data, size_t size)
{
	size_t take = message->body_left < size ? message->body_left : size;

	if (message->body_starts &&
	    !first_byte_ok(message->tag, *data))
		message->failed = true;
	message->body_starts = false;
	readable_share_push(&message->share, data, take);
	if (message->body_left != UINT64_MAX)
		message->body_left -= take;
	/* it must not become long before it is judged */
	if ((message->body_left == 0 ||
	     message->share.size == READABLE_SHARE_MAX) &&
	    readable_share_is_text(&message->share))
		message->failed = true;
	return take;
}

bool openpgp_message_push(struct openpgp_message *message,
			  const uint8_t *data, size_t size)
{
	while (size > 0 && !message->failed) {
		size_t take = 1;

		if (message->body_left > 0)
			take = body_bytes(message, data, size);
		else
			message->failed = !header_byte(message, *data);
		data += take;
		size -= take;
	}
	return !message->failed;
}

bool openpgp_message_is_whole(const struct openpgp_message *message)
{
	return !message->failed && message->in_container &&
		!message->body_starts && !message->partial &&
		(message->body_left == 0 ||
		 (message->body_left == UINT64_MAX &&
		  !readable_share_is_text(&message->share)));
}
