/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_CODE_H
#define MAIL_SEAL_CODE_H

/* The code that proves that its bearer can read sealed mail: "seal-", then
   twice five symbols of Crockford's base32, 50 random bits, in a form that
   nothing else has. Knows nothing of what it is for; see gate.h. Strings are
   from the data stack. */

/* Makes a new one. */
const char *mail_seal_code_new(void);

/* Finds the next code at or behind *text, and moves *text behind it. Returns
   it as mail_seal_code_new() writes it, or NULL. It may stand in upper case,
   with an O for a zero or an I or L for a one, with dashes as word processors
   make them and spaces beside these, in full width, with characters that can't
   be seen, and whatever is around it: "Re:", quotes, spaces; but no letter or
   digit of ASCII. */
const char *mail_seal_code_next(const char **text);
/* Returns the first code in the text, or NULL. */
const char *mail_seal_code_find(const char *text);

/* How a code is kept: its SHA-256, hexadecimal. */
const char *mail_seal_code_hash(const char *code);
/* Is it the hash of this code? In constant time. */
bool mail_seal_code_has_hash(const char *code, const char *hash);

#endif
