/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "random.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

int random_bytes(void *data, size_t size, struct seal_error *error)
{
	uint8_t *next = data;
	ssize_t ret;

	while (size > 0) {
		/* getrandom(2): it waits until the source is ready, and a
		   signal may end it early */
		ret = getrandom(next, size, 0);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0 || (size_t)ret > size) {
			seal_error_set(error, SEAL_ERROR_ENGINE,
				       "no random numbers: %s", ret < 0 ?
				       strerror(errno) : "none given");
			return -1;
		}
		next += ret;
		size -= ret;
	}
	return 0;
}
