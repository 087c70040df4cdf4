/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_ENROL_PRIVATE_H
#define MAIL_SEAL_ENROL_PRIVATE_H

#include "enrol.h"
#include "gate.h"
#include "source.h"

/* What the files behind enrol.h share. Strings are from the data stack. */

/* They set the error and return the result of their name. The reason is half
   a sentence for the owner, "what" begins the sentence, "where" is for the log
   and can be NULL. */
enum mail_seal_enrol_result
enrol_bad(const char *reason, struct mail_seal_enrol_error *error_r);
enum mail_seal_enrol_result
enrol_impossible(const char *what, const char *sentence, const char *where,
		 struct mail_seal_enrol_error *error_r);
enum mail_seal_enrol_result
enrol_failed(const char *what, const char *where,
	     const struct seal_error *error,
	     struct mail_seal_enrol_error *error_r);

/* Is the content, which becomes text, what may be enrolled for this owner, and
   which source is to have it? The warning is NULL, or says what couldn't be
   found out. */
enum mail_seal_enrol_result
enrol_check_all(const struct mail_seal_enrolment *enrolment, buffer_t *content,
		const struct mail_seal_source **source_r,
		const char **warning_r, struct mail_seal_enrol_error *error_r);
/* All that there is is only read. "what" begins the sentence. */
enum mail_seal_enrol_result
enrol_only_read(const struct mail_seal_settings *set, const char *what,
		struct mail_seal_enrol_error *error_r);
/* Is there a source that has certificates, and can't be written? Returns
   MAIL_SEAL_ENROL_IMPOSSIBLE if so, FAILED if that can't be known, else OK.
   "what" begins the sentence. */
enum mail_seal_enrol_result
enrol_check_removable(const struct mail_seal_settings *set, const char *what,
		      struct mail_seal_enrol_error *error_r);
/* Is it only for owners whose mail isn't sealed (only_first), and this one's
   is? Returns MAIL_SEAL_ENROL_IMPOSSIBLE if so. */
struct enrolled;
enum mail_seal_enrol_result
enrol_check_first(const struct mail_seal_enrolment *enrolment,
		  const struct enrolled *before,
		  struct mail_seal_enrol_error *error_r);
/* Logs the warning, if there is one. */
void enrol_warn(const struct mail_seal_enrolment *enrolment,
		const char *warning);

/*
 * enrolled.c: what there is
 */

struct enrolled {
	/* its text; empty if nothing is there, or it can't be read */
	buffer_t *content;
	/* fingerprints of the certificates, NULL-terminated; something else
	   that is equal to nobody's if they can't be read; NULL if the owner's
	   mail isn't sealed */
	const char *const *keys;
	/* are they the real ones? */
	bool known;
	/* when the owner withdrew, as a source says; or 0 */
	time_t withdrawn;
	/* the same for the log, or "none" or "unreadable" */
	const char *fingerprints;
	/* a code can be sealed to it, be it expired */
	bool usable;
};

/* Returns 0, or -1 if that can't be found out. */
int enrolled_get(const struct mail_seal_settings *set,
		 struct enrolled *enrolled_r, struct seal_error *error);
/* If these certificates, with these fingerprints, are the enrolled ones, they
   may be older copies: adds what is known of them, so that what is revoked
   stays so, and mail goes to the newest subkey. Or who holds a former subkey
   could bring it back with the one code that this takes. Returns 1; 0 if there
   is nothing new in them; or -1. */
int enrolled_add_to(const struct mail_seal_settings *set,
		    const struct enrolled *enrolled, const char *const *keys,
		    buffer_t *content, struct seal_error *error);
/* Returns the fingerprints of the certificates in a key file, NULL-terminated,
   or NULL if they can't be read. */
const char *const *
enrol_fingerprints(const struct mail_seal_settings *set,
		   const buffer_t *content);

/*
 * enrol.c: what counts from now on
 */

/* Writes the certificates to the source. */
enum mail_seal_enrol_result
enrol_store(const struct mail_seal_enrolment *enrolment,
	    const struct mail_seal_source *source, buffer_t *content,
	    struct mail_seal_enrol_error *error_r);
/* Removes what can be removed from all sources but this one, which may be
   NULL. Returns OK, NOTHING or FAILED. */
enum mail_seal_enrol_result
enrol_remove(const struct mail_seal_settings *set,
	     const struct mail_seal_source *but,
	     struct mail_seal_enrol_error *error_r);
/* These have been written: now the owner's state knows, the log, and the
   owner. */
void enrol_has_set(const struct mail_seal_enrolment *enrolment,
		   const struct enrolled *before, buffer_t *content);
/* What could be, has been removed, if there was something, with this result,
   which can become another. */
void enrol_has_removed(const struct mail_seal_enrolment *enrolment,
		       bool removed, struct enrolled *before,
		       enum mail_seal_enrol_result *result,
		       struct mail_seal_enrol_error *error_r);

/*
 * enrol-notice.c: what the owner is told
 */

struct mail_seal_pending;
/* Of one challenge; NULL where there is none of that kind */
struct enrol_codes {
	const char *code[MAIL_SEAL_GATE_CODE_COUNT];
};

/* Puts the challenge into INBOX, each code sealed to what it is for; before is
   what is active. With once, only what isn't there. Returns 1, 0 if all of it
   was there, or -1 and a sentence for the owner. */
int enrol_send_challenge(const struct mail_seal_settings *set,
			 const struct mail_seal_pending *pending,
			 const struct enrolled *before,
			 const struct enrol_codes *codes, bool once,
			 const char **error_r);
/* Tells the owner what has become of his certificates. That it can't be told
   is in the log. */
void enrol_tell_change(const struct mail_seal_enrolment *enrolment,
		       const struct enrolled *before,
		       const struct enrolled *after);

#endif
