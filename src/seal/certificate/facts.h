/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_FACTS_H
#define CERTIFICATE_FACTS_H

#include "certificate.h"

/* What the judge has said of OpenPGP certificates, as text that can be kept:

	mail-seal-facts 1
	input SHA256
	judge VERSION
	judged TIME
	until TIME
	certificate FINGERPRINT
	key FINGERPRINT BITS CREATED EXPIRES FLAGS NAME
	name USER-ID
	end SHA256

   TIME is in seconds since 1970; until is the next time at which somebody must
   be asked again, 0 = never. FLAGS are "e" for can encrypt, "r" for revoked,
   "i" for invalid, or "-". A user ID has %XX for "%" and control characters.
   The last line has the SHA-256 of all lines before it, against accidents.

   These are facts, not verdicts: what can be used at which time is decided by
   certificate.h. They belong to the one owner for whom they were asked, who
   could forge them, to his own harm. That is why they name keys but don't hold
   them: the keys are those of the certificates themselves, found by a
   fingerprint that we compute from the key. */

/* A text with more is none. */
#define FACTS_SIZE_MAX (4*1024*1024)

struct facts_header {
	/* of all that was judged; see facts_input_digest() */
	const char *input;
	const char *judge;
	time_t judged;
	time_t until;
};

/*
 * Writing
 */

struct facts_key {
	/* hexadecimal */
	const char *fingerprint;
	/* as gpg writes it, like "rsa2048"; may be NULL */
	const char *name;
	unsigned int bits;
	time_t created, expires;
	bool can_encrypt, revoked, invalid;
};

/* These make the lines from "certificate" to before "end". */
void facts_append_certificate(GString *listing, const char *fingerprint);
void facts_append_key(GString *listing, const struct facts_key *key);
void facts_append_name(GString *listing, const char *name);

/* Returns the whole text. The caller frees it. */
char *facts_write(const struct facts_header *header, const GString *listing);

/*
 * Reading
 */

/* Sets what the text says of the certificates, which are
   merge_certificates()'. header says what must hold: of what input and judge
   they are, and in judged the time at which they are to be used. until_r is
   the text's. Returns 0; or -1 if the text isn't of these or isn't whole: then
   the certificates are in no state to be used. */
int facts_read(const char *text, const struct facts_header *header,
	       GPtrArray *certificates, time_t *judged_r, time_t *until_r);

#endif
