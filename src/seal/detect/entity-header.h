/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef ENTITY_HEADER_H
#define ENTITY_HEADER_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Picks the fields out of a header section, of a message or of a body part,
   that say what its body is (RFC 2045). Memory and time don't grow with the
   others. */

struct entity_header;

struct entity_header *entity_header_new(void);
void entity_header_free(struct entity_header **header);

/* A field begins whose name this is; size 0: something that is no field. */
void entity_header_field(struct entity_header *header, const char *name,
			 size_t size);
/* The next bytes of this field, with its name, colon and folding. */
void entity_header_push(struct entity_header *header, const char *data,
			size_t size);
/* The header section, or as much of it as is needed, is complete.

   Returns false if it can't be said what the body is: a field of these is
   there twice, where readers disagree about which one counts, or is too
   long. */
bool entity_header_is_clear(const struct entity_header *header);

/* A Content-Type field was there and is complete. */
bool entity_header_has_type(const struct entity_header *header);
/* The type without its parameters; text/plain if there is none (RFC 2045
   section 5.2). The caller unrefs it. */
GMimeContentType *entity_header_get_type(const struct entity_header *header);
/* The type with its parameters, or NULL if they are more than a mail program
   writes. The caller unrefs it. */
GMimeContentType *
entity_header_get_full_type(const struct entity_header *header);
GMimeContentEncoding
entity_header_get_encoding(const struct entity_header *header);
/* Autocrypt level 1, section "Autocrypt Setup Message" */
bool entity_header_is_setup(const struct entity_header *header);

#endif
