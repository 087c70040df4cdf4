/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CRC24_H
#define CRC24_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of ASCII armor, RFC 9580 section 6.1, 16 bytes at a time
   (Kounavis and Berry, "A systematic approach to building high performance,
   software-based, CRC generators", 2005). */

#define CRC24_INIT 0xb704ceu

uint32_t crc24(uint32_t crc, const uint8_t *data, size_t size);

#endif
