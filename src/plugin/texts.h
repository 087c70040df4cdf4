/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_TEXTS_H
#define MAIL_SEAL_TEXTS_H

/* The texts of the messages to owners: files, one for each kind and language,
   for example texts/en/expires.txt:

	Subject: Your encryption key expires

	On $date your key expires:

	    $fingerprint

	?waits
	From then on your mail waits.

   A variable's further lines are indented like its first one. A paragraph
   whose first line is "?NAME" is only there if the variable has a value, and
   one with "!NAME" only if it hasn't. "$$" is a dollar sign. Lines that begin
   with "#" before the Subject are comments. texts/LANGUAGE/date.txt says how a
   day is written, and in a second line what the months are called.

   Nothing here is worth losing a message for: for what is missing or wrong in
   a file there is English, which is built in. */

struct mail_seal_text {
	const char *subject, *body;
};

struct mail_seal_text_variable {
	const char *name;
	/* NULL or empty: it has no value */
	const char *value;
	/* if not 0, the value is this day, in the text's language */
	time_t date;
	/* A code: a text in which it isn't to be seen is wrong, and one with
	   it in the Subject, too. */
	bool required;
};

/* Where texts are looked for: for the language in both folders, then for
   English. */
struct mail_seal_text_place {
	/* mail_seal_texts */
	const char *own_folder;
	/* that of the package */
	const char *folder;
	/* "de", "de_AT" */
	const char *language;
};

/* Puts the values of the variables, the last of which has no name, into the
   text of a file. date_text is that of date.txt. Returns 0, or -1 and half a
   sentence about what is wrong with it. All is from the data stack. */
int mail_seal_text_fill(const char *file_text, const char *date_text,
			const struct mail_seal_text_variable *variables,
			struct mail_seal_text *text_r, const char **error_r);

/* Finds the text of this name and fills it. *warning_r says what is wrong with
   a file that had to be passed over, or is NULL. */
void mail_seal_text_get(const struct mail_seal_text_place *place,
			const char *name,
			const struct mail_seal_text_variable *variables,
			struct mail_seal_text *text_r, const char **warning_r);

/* Is it the name of a language, and not a path? */
bool mail_seal_text_language_is_valid(const char *language);

#endif
