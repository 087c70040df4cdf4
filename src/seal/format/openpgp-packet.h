/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_PACKET_H
#define OPENPGP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tag and length take this many bytes at the most. */
#define OPENPGP_HEADER_MAX 6

/* The framing of OpenPGP packets (RFC 9580 section 4.2, RFC 4880 section
   4.2). Just enough to tell what a sequence of packets is and where a
   certificate ends; what is inside of packets is the engine's business. */

/* RFC 9580 section 5 */
enum openpgp_tag {
	OPENPGP_PKESK = 1,
	OPENPGP_SKESK = 3,
	OPENPGP_SECRET_KEY = 5,
	OPENPGP_PUBLIC_KEY = 6,
	OPENPGP_SECRET_SUBKEY = 7,
	OPENPGP_SED = 9,
	OPENPGP_MARKER = 10,
	OPENPGP_LITERAL = 11,
	OPENPGP_PUBLIC_SUBKEY = 14,
	OPENPGP_SEIPD = 18,
	OPENPGP_MDC = 19,
	OPENPGP_AED = 20
};

struct openpgp_packet_header {
	enum openpgp_tag tag;
	/* bytes of tag and length together */
	size_t header_size;
	/* bytes of the body that follow; of the first part only, if partial */
	size_t body_size;
	/* more parts follow, or the body goes on to the end of the data */
	bool partial;
};

/* Reads the header of the packet that data begins with. Returns false if it
   is none or if it is cut off. */
bool openpgp_packet_read(const uint8_t *data, size_t size,
			 struct openpgp_packet_header *header_r);

/* Follows the packets of a message and says whether it is one encrypted
   message (RFC 9580 section 10.3) from its first byte to its last: session
   keys, then one encrypted container. Start with all zero. */
struct openpgp_message_walker {
	/* header of the packet, or length of its next part, being read */
	uint8_t header[OPENPGP_HEADER_MAX];
	size_t header_size;
	/* bytes left of the packet's part; UINT64_MAX: all that come */
	uint64_t body_left;
	/* more parts follow */
	bool partial;
	bool in_container;
	bool failed;
};

/* Takes the next bytes. Returns false once they don't fit. */
bool openpgp_message_walk(struct openpgp_message_walker *walker,
			  const uint8_t *data, size_t size);
/* All bytes were pushed. */
bool openpgp_message_is_encrypted(const struct openpgp_message_walker *walker);

/* Does a message start as all clients read it: session keys for recipients'
   certificates, then data encrypted with integrity protection, version 1 (RFC
   9580 section 5.13.1)? Returns 1, 0, or -1 if more of it must be seen. */
int openpgp_message_check(const uint8_t *data, size_t size);

/* Whom a message that openpgp_message_check() has found to be right is for:
   reads the session key packet at *offset, which is 0 at first, and moves on.
   *key_id_r becomes the key id, 0 if that isn't told (RFC 9580 section 5.1.1).
   Returns false behind the last one. */
bool openpgp_message_next_recipient(const uint8_t *data, size_t size,
				    size_t *offset, uint64_t *key_id_r);

/* Size of the first certificate in binary data: from its public key packet
   up to the next one or the end. Returns 0 if the data doesn't start with
   one or isn't made of whole packets up to there. has_secret_r tells whether
   secret key packets are in it or in its place. */
size_t openpgp_certificate_size(const uint8_t *data, size_t size,
				bool *has_secret_r);

#endif
