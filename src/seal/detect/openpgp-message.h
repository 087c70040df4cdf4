/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_MESSAGE_H
#define OPENPGP_MESSAGE_H

#include "readable.h"
#include "../format/openpgp-packet.h"

/* Follows the packets of a message and says whether it is one encrypted
   message (RFC 9580 section 10.3) from its first byte to its last: one or
   more session keys, then one encrypted container. Markers and padding may
   stand between (sections 5.8, 5.14). */

/* Start with all zero. */
struct openpgp_message {
	/* header of the packet, or length of its next part, being read */
	uint8_t header[OPENPGP_HEADER_MAX];
	size_t header_size;

	enum openpgp_tag tag;
	/* bytes left of the packet's part; UINT64_MAX: all that come */
	uint64_t body_left;
	/* more parts follow */
	bool partial;
	/* no byte of the packet's body has been seen */
	bool body_starts;
	struct readable_share share;

	bool has_session_key;
	bool in_container;
	bool failed;
};

/* Takes the next bytes. Returns false once they don't fit. */
bool openpgp_message_push(struct openpgp_message *message,
			  const uint8_t *data, size_t size);
/* All bytes were pushed. */
bool openpgp_message_is_whole(const struct openpgp_message *message);

#endif
