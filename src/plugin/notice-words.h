/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_NOTICE_WORDS_H
#define MAIL_SEAL_NOTICE_WORDS_H

struct mail_seal_notice_facts;
struct mail_seal_settings;

/* What the texts of notices can fill in: the same variables for all kinds, of
   which those have a value that belong to it. The manual page lists them. The
   last one has no name. All from the data stack.

   To the owner's address and with these settings. */
const struct mail_seal_text_variable *
mail_seal_notice_words(const struct mail_seal_settings *set,
		       const char *address,
		       const struct mail_seal_notice_facts *facts);

/* A fingerprint as people compare them: in groups of four, in lines of at most
   ten groups. */
const char *mail_seal_notice_fingerprint(const char *fingerprint);

/* Appends the fingerprints, which may be NULL, in an order that doesn't depend
   on theirs. */
void mail_seal_notice_append_sorted(string_t *text,
				    const char *const *fingerprints);

#endif
