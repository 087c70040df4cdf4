/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef KEY_FILE_LOOK_H
#define KEY_FILE_LOOK_H

#include "key-file.h"

/* What a key file is, before it is read */

struct key_file {
	const uint8_t *data;
	size_t size;
	/* what it was made into, or NULL */
	char *text;
	enum certificate_role role;
	/* text with armor or PEM in it, rather than packets or DER */
	bool is_text;
	bool has_openpgp, has_x509;
};

/* Looks at data and size, which may move on. Returns 0, also if nothing is
   found in it; or -1 with SEAL_ERROR_UNUSABLE_KEY if it is too large or has a
   secret key in it. The caller frees text. */
int key_file_look(struct key_file *file, struct seal_error *error);

#endif
