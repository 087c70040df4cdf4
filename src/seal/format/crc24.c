/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "crc24.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* RFC 9580 section 6.1, in the upper 24 of 32 bits, as the checksum is here */
#define POLYNOMIAL (0x864cfbu << 8)
#define SLICES 16

/* tables[n][byte]: what a byte makes of the checksum that has n more behind
   it */
static uint32_t tables[SLICES][256];

static void tables_init(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte << 24;

		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ ((crc >> 31) != 0 ? POLYNOMIAL : 0);
		tables[0][byte] = crc;
	}
	for (int slice = 1; slice < SLICES; slice++) {
		for (uint32_t byte = 0; byte < 256; byte++) {
			const uint32_t crc = tables[slice - 1][byte];

			tables[slice][byte] = crc << 8 ^
				tables[0][crc >> 24];
		}
	}
}

/* What 32 bits become that have so many bytes behind them */
static inline uint32_t slice(uint32_t bits, unsigned int behind)
{
	return tables[behind + 3][bits >> 24] ^
		tables[behind + 2][bits >> 16 & 0xff] ^
		tables[behind + 1][bits >> 8 & 0xff] ^
		tables[behind][bits & 0xff];
}

static inline uint32_t load(const uint8_t *data)
{
	uint32_t bits;

	memcpy(&bits, data, sizeof(bits));
	return GUINT32_FROM_BE(bits);
}

uint32_t crc24(uint32_t crc, const uint8_t *data, size_t size)
{
	static bool initialized;

	if (!initialized)
		tables_init();
	initialized = true;
	crc <<= 8;
	for (; size >= SLICES; size -= SLICES, data += SLICES) {
		crc = slice(crc ^ load(data), 12) ^ slice(load(data + 4), 8) ^
			slice(load(data + 8), 4) ^ slice(load(data + 12), 0);
	}
	for (; size > 0; size--, data++)
		crc = crc << 8 ^ tables[0][crc >> 24 ^ *data];
	return crc >> 8;
}
