/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "readable.h"

#define SHARE_MIN 64

static bool is_text(uint8_t byte)
{
	return (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\r' ||
		byte == '\t';
}

bool readable_run_push(struct readable_run *run, const uint8_t *data,
		       size_t size, size_t max)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == 0)
			continue;
		run->length = is_text(data[i]) ? run->length + 1 : 0;
		if (run->length > max)
			return false;
	}
	return true;
}

void readable_share_push(struct readable_share *share, const uint8_t *data,
			 size_t size)
{
	for (size_t i = 0; i < size && share->size < READABLE_SHARE_MAX; i++) {
		share->size++;
		if (is_text(data[i]))
			share->text++;
	}
}

bool readable_share_is_text(const struct readable_share *share)
{
	return share->size >= SHARE_MIN && share->text * 8 >= share->size * 7;
}
