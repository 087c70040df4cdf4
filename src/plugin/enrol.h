/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_ENROL_H
#define MAIL_SEAL_ENROL_H

struct mail_seal_settings;
struct mail_user;

/* Giving an owner certificates, and taking them away: the one place for
   doveadm and IMAP. */

/* Larger ones don't go through all that they may have to go through. */
#define MAIL_SEAL_ENROL_SIZE_MAX (256*1024)
#define MAIL_SEAL_ENROL_TOO_LARGE \
	"it is too large for a certificate, which has 256 kB at the most: " \
	"export it again, with gpg's option --export-options export-minimal"

enum mail_seal_enrol_result {
	MAIL_SEAL_ENROL_OK,
	/* there was nothing to take away */
	MAIL_SEAL_ENROL_NOTHING,
	/* what was given isn't what can be enrolled */
	MAIL_SEAL_ENROL_BAD,
	/* no source can be written, or it wouldn't be used */
	MAIL_SEAL_ENROL_IMPOSSIBLE,
	/* it can work another time */
	MAIL_SEAL_ENROL_FAILED
};

/* Who changes whose certificates */
struct mail_seal_enrolment {
	/* the owner's */
	const struct mail_seal_settings *set;
	/* by what: "doveadm", "metadata", ... (words that never change) */
	const char *way;
	/* and who that is, for the log */
	const char *who;
	/* An administrator says that these are the owner's certificates,
	   whatever address they have. */
	bool force;
	/* The settings say that these are the owner's. */
	bool known;
	/* only say what would be said */
	bool dry_run;
	/* Called with the line about a change by those who don't log to
	   Dovecot's log; else NULL. */
	void (*trace)(struct mail_user *user, const char *line);
};

struct mail_seal_enrol_error {
	/* for the owner: without paths */
	const char *sentence;
	/* for the administrator */
	const char *log_error;
};

/* Checks the content of a key file, also whose it is, and writes it to the
   first source that can be written. Content in binary form becomes text. If it
   fails, nothing is changed. A change is logged and reported, and so is what
   couldn't be checked. Errors are from the data stack. */
enum mail_seal_enrol_result
mail_seal_enrol_set(const struct mail_seal_enrolment *enrolment,
		    buffer_t *content, struct mail_seal_enrol_error *error_r);

/* Removes the certificates from all sources that can be written. */
enum mail_seal_enrol_result
mail_seal_enrol_unset(const struct mail_seal_enrolment *enrolment,
		      struct mail_seal_enrol_error *error_r);

/* Appends the certificates of these names, addresses or fingerprints
   (NULL-terminated), in a GnuPG home. The names' default is
   mail_seal_recipients. */
enum mail_seal_enrol_result
mail_seal_enrol_find(const struct mail_seal_settings *set, const char *home,
		     const char *const *names, buffer_t *content,
		     struct mail_seal_enrol_error *error_r);

/* Appends what is enrolled, as text. Returns 1, 0 if nothing is, or -1. */
int mail_seal_enrol_get(const struct mail_seal_settings *set, buffer_t *text,
			struct mail_seal_enrol_error *error_r);

#endif
