/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CMS_TYPE_H
#define CMS_TYPE_H

#include "readable.h"

/* Follows the BER encoding (X.690) of a CMS message and says whether it is
   enveloped-data (RFC 5652 section 6) or authEnveloped-data (RFC 5083) from
   its first byte to its last: for somebody, with encrypted content, and with
   no text beside that. */

#define CMS_DEPTH_MAX 32

struct cms_region;

/* Start with all zero. */
struct cms_type_reader {
	/* offset of the next byte */
	uint64_t offset;
	/* elements that are open, from the outside in */
	struct {
		/* where it ends; UINT64_MAX: by an end-of-contents mark */
		uint64_t end;
		/* where it or one around it ends, whichever comes first */
		uint64_t limit;
		/* number of elements in it so far */
		unsigned int count;
	} open[CMS_DEPTH_MAX];
	unsigned int depth;

	/* tag and length being read */
	uint8_t header[10];
	size_t header_size;
	/* of a primitive element; and where its content ends */
	uint8_t content_tag;
	uint64_t content_size, content_end;
	uint8_t content_type[16];
	size_t content_type_size;

	/* last element of the envelope, by its place in the sequence */
	unsigned int envelope_stage;
	/* where in the envelope we are, and how much of it there was */
	const struct cms_region *region;
	size_t region_size, strings_size;
	struct readable_run run;
	/* of the encrypted content */
	struct readable_share share;

	bool has_recipients;
	bool has_content;
	bool failed;
	bool complete;
};

/* Takes the next bytes. Returns false once it can't be enveloped. */
bool cms_type_push(struct cms_type_reader *reader, const uint8_t *data,
		   size_t size);
/* All bytes were pushed. */
bool cms_type_is_enveloped(const struct cms_type_reader *reader);

#endif
