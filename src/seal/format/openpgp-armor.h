/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_ARMOR_H
#define OPENPGP_ARMOR_H

#include "../text/base64.h"
#include "openpgp-packet.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ASCII armor, RFC 9580 section 6: base64 between two lines that say what it
   is, with a checksum. */

/* Writes armor piece by piece. CRLF line ends, lines of 64 characters. */
struct openpgp_armor_writer {
	struct base64_writer base64;
	uint32_t crc;
};

void openpgp_armor_init(struct openpgp_armor_writer *writer);
/* These append to out. What comes first doesn't depend on the bytes. */
void openpgp_armor_begin(GString *out);
void openpgp_armor_write(struct openpgp_armor_writer *writer,
			 const uint8_t *data, size_t size, GString *out);
void openpgp_armor_end(struct openpgp_armor_writer *writer, GString *out);

/* Appends certificates, binary, as one armored block of public keys. */
void openpgp_armor_certificates(const uint8_t *data, size_t size,
				GString *out);

/* Follows armored text line by line and says whether it is one OpenPGP
   message that is encrypted, and nothing else. */
enum armor_check {
	/* fits so far */
	ARMOR_OPEN,
	/* whole; only empty lines may follow */
	ARMOR_COMPLETE,
	/* anything else */
	ARMOR_OTHER
};

struct openpgp_armor_checker {
	enum armor_check result;
	unsigned int state;
	size_t header_size;
	int base64_state;
	unsigned int base64_save;
	bool base64_padding;
	uint32_t crc;
	struct openpgp_message_walker packets;
};

void openpgp_armor_check_init(struct openpgp_armor_checker *checker);
/* Has the armor's first line been seen? */
bool openpgp_armor_check_has_begun(const struct openpgp_armor_checker *checker);
/* line is without its line end. */
enum armor_check
openpgp_armor_check_line(struct openpgp_armor_checker *checker,
			 const char *line, size_t size);

#endif
