/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef TEXT_ORACLE_H
#define TEXT_ORACLE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* What src/seal/text and the checksum must do, done slowly and by GLib. */

/* Lines of line_length characters that end in CRLF */
GString *oracle_base64(const uint8_t *data, size_t size, size_t line_length);
/* RFC 9580 section 6.1, bit by bit */
uint32_t oracle_crc24(const uint8_t *data, size_t size);
GString *oracle_crlf(const char *data, size_t size);

/* The fast ones, in pieces of step */
GString *text_base64(const uint8_t *data, size_t size, size_t line_length,
		     size_t step);
uint32_t text_crc24(const uint8_t *data, size_t size, size_t step);
GString *text_crlf(const char *data, size_t size, size_t step);

#endif
