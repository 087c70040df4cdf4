/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CHECK_H
#define CHECK_H

#include "../certificate/certificate.h"
#include "../seal-error.h"

/* What every engine's output must be, whatever the engine is or has become: a
   message for the recipients and nobody else, in the form that all clients
   read, from its first byte to its last. Stands between engine and envelope,
   so that plaintext can't get past it: nothing goes on before the start is
   seen to be right. Only what a reader could see without a key is looked
   at. */

struct check_params {
	/* they must live as long as the check */
	struct certificate *const *recipients;
	size_t recipient_count;
	/* which of their keys is chosen depends on it */
	time_t now;
};

enum check_result {
	CHECK_OK,
	/* more of the start must be seen */
	CHECK_MORE,
	/* it isn't a message as all clients read it */
	CHECK_BAD,
	CHECK_OTHER_RECIPIENTS
};

/* A form of ciphertext */
struct check_form {
	/* zero at first */
	size_t state_size;
	/* Looks at the first bytes. */
	enum check_result (*start)(const struct check_params *params,
				   void *state, const uint8_t *data,
				   size_t size);
	/* Once the start is OK: takes all bytes in turn, the first ones again.
	   Returns false once they don't fit. */
	bool (*follow)(void *state, const uint8_t *data, size_t size);
	/* All bytes were given. */
	bool (*is_complete)(const void *state);
};

/* RFC 9580: a session key packet of version 3 for the key that is chosen of
   each recipient, by its id, and for no other; a container of version 1, with integrity protection;
   nothing behind it */
extern const struct check_form check_openpgp;
/* RFC 5652 section 6: enveloped-data with a RecipientInfo for each recipient,
   by issuer and serial number, and for no other; content in AES-256-CBC;
   nothing behind it */
extern const struct check_form check_cms;

/* Takes what is checked. Returns 0, or -1 with error set. */
typedef int check_output_t(const void *data, size_t size, void *context,
			   struct seal_error *error);

struct check;

struct check *check_new(const struct check_form *form,
			const struct check_params *params,
			check_output_t *output, void *context);
void check_free(struct check **check);

/* Takes the next bytes. Returns 0, or -1 with SEAL_ERROR_ENGINE once they
   don't fit. */
int check_push(struct check *check, const void *data, size_t size,
	       struct seal_error *error);
/* Returns 0 if the message is complete, else -1 with SEAL_ERROR_ENGINE. */
int check_finish(struct check *check, struct seal_error *error);

#endif
