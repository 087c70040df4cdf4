/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_SIGNATURE_H
#define CERTIFICATE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What a signature packet (RFC 9580 section 5.2) says of itself. Nothing here
   is verified. body is that of the packet. */

struct signature_times {
	time_t created;
	/* seconds, 0 = for ever: of the signature, from its creation; of the
	   key, from the key's creation */
	uint32_t lifetime;
	uint32_t key_lifetime;
};

/* Returns false if it can't be read. */
bool signature_times_read(const uint8_t *body, size_t size,
			  struct signature_times *times_r);

/* Is it a certification of a user ID (RFC 9580 section 5.2.1.4 to 7)? */
bool signature_is_certification(const uint8_t *body, size_t size);
/* Is it one that says that another key has made it? */
bool signature_is_anothers_certification(const uint8_t *body, size_t size,
					 const uint8_t *fingerprint,
					 size_t fingerprint_size);

/* Calls the function for each designated revoker (section 5.2.3.23) that it
   names. */
void signature_revokers(const uint8_t *body, size_t size,
			void (*found)(const uint8_t *fingerprint, size_t size,
				      void *context),
			void *context);

#endif
