/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_ENROL_H
#define MAIL_SEAL_ENROL_H

struct mail_seal_settings;
struct mail_user;
struct seal_error;

/* Giving an owner certificates, and taking them away: the one place for
   doveadm, IMAP and what the network says. The administrator's word counts at
   once. What comes from the owner's side waits until somebody who can read
   mail that is sealed to it gives back a code (gate.h). */

/* How the way is called by which "doveadm seal key find" has found a
   certificate: this, and the source's name */
#define MAIL_SEAL_WAY_FIND "find-"

/* Larger ones don't go through all that they may have to go through. */
#define MAIL_SEAL_ENROL_SIZE_MAX (256*1024)
#define MAIL_SEAL_ENROL_TOO_LARGE \
	"it is too large for a certificate, which has 256 kB at the most: " \
	"export it again, with gpg's option --export-options export-minimal"

enum mail_seal_enrol_result {
	MAIL_SEAL_ENROL_OK,
	/* it waits for a code, or for another one */
	MAIL_SEAL_ENROL_PENDING,
	/* there was nothing to take away, or to give a code for */
	MAIL_SEAL_ENROL_NOTHING,
	/* what was given isn't what can be enrolled, or is the wrong code */
	MAIL_SEAL_ENROL_BAD,
	/* no source can be written, or it wouldn't be used; or he isn't one of
	   those whom it is only for */
	MAIL_SEAL_ENROL_IMPOSSIBLE,
	/* it can work another time */
	MAIL_SEAL_ENROL_FAILED
};

/* Who changes whose certificates */
struct mail_seal_enrolment {
	/* the owner's */
	const struct mail_seal_settings *set;
	/* by what: "doveadm", "metadata", "keys-mailbox", ... (words that
	   never change) */
	const char *way;
	/* and who that is, for the log */
	const char *who;
	/* An administrator says that these are the owner's certificates,
	   whatever address they have. */
	bool force;
	/* The settings say that these are the owner's. */
	bool known;
	/* Nothing is done for an owner whose mail is sealed already; nor is
	   an offer made to one who has something pending, which then is the
	   result. */
	bool only_first;
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

/*
 * The administrator
 */

/* Checks the content of a key file, also whose it is, and writes it to the
   first source that can be written. Content in binary form becomes text. If it
   fails, nothing is changed. A change is logged and reported, and so is what
   couldn't be checked. What was pending is dropped. Errors are from the data
   stack. */
enum mail_seal_enrol_result
mail_seal_enrol_set(const struct mail_seal_enrolment *enrolment,
		    buffer_t *content, struct mail_seal_enrol_error *error_r);

/* Removes the certificates from all sources that can be written, and what was
   pending. */
enum mail_seal_enrol_result
mail_seal_enrol_unset(const struct mail_seal_enrolment *enrolment,
		      struct mail_seal_enrol_error *error_r);

/*
 * The owner's side
 */

/* Would mail_seal_enrol_offer() take it? Returns MAIL_SEAL_ENROL_OK or why
   not, and changes nothing but the content's form, which becomes text. */
enum mail_seal_enrol_result
mail_seal_enrol_check(const struct mail_seal_enrolment *enrolment,
		      buffer_t *content,
		      struct mail_seal_enrol_error *error_r);
/* The owner, or the network, says that these are his certificates. Returns
   MAIL_SEAL_ENROL_PENDING if they wait for a code, which then is in INBOX; OK
   if they are active (mail_seal_confirm = no, or they were so already); or
   what is wrong: then nothing is changed. */
enum mail_seal_enrol_result
mail_seal_enrol_offer(const struct mail_seal_enrolment *enrolment,
		      buffer_t *content,
		      struct mail_seal_enrol_error *error_r);
/* The owner doesn't want his mail sealed any more. Returns as above, or
   NOTHING if he had no certificates. */
enum mail_seal_enrol_result
mail_seal_enrol_withdraw(const struct mail_seal_enrolment *enrolment,
			 struct mail_seal_enrol_error *error_r);
/* Somebody gives back a code, which stands somewhere in this text. Returns OK:
   done, what was pending is active (or stopped); PENDING: right, but one more
   is needed; NOTHING: there is no code in it, or none is awaited; BAD: it is
   the wrong code, or an old one; or FAILED, and it may be given again. Unless
   it failed, *sentence_r is what to tell who gave it, from the data stack; the
   same is in the error if it isn't OK or PENDING. */
enum mail_seal_enrol_result
mail_seal_enrol_code(const struct mail_seal_enrolment *enrolment,
		     const char *text, const char **sentence_r,
		     struct mail_seal_enrol_error *error_r);
/* Drops what is pending. Returns OK, NOTHING or FAILED. */
enum mail_seal_enrol_result
mail_seal_enrol_reject(const struct mail_seal_enrolment *enrolment,
		       struct mail_seal_enrol_error *error_r);
/* What time alone does, to be called once a day: drops what has waited for too
   long, and does what was announced for long enough (mail_seal_change_delay).
   Returns OK and what was done, a sentence; NOTHING if nothing is pending;
   PENDING if it still is; or what went wrong. */
enum mail_seal_enrol_result
mail_seal_enrol_due(const struct mail_seal_enrolment *enrolment,
		    const char **sentence_r,
		    struct mail_seal_enrol_error *error_r);

/*
 * Reading
 */

/* Appends the certificates of these names, addresses or fingerprints
   (NULL-terminated), in a GnuPG home. The names' default is
   mail_seal_recipients. */
enum mail_seal_enrol_result
mail_seal_enrol_find(const struct mail_seal_settings *set, const char *home,
		     const char *const *names, buffer_t *content,
		     struct mail_seal_enrol_error *error_r);

/* What is the owner's mail sealed to? Returns 1, with the fingerprints
   (NULL-terminated) and the content, which stays empty if it can't be read any
   more; 0 if it isn't sealed; or -1 if that can't be found out. From the data
   stack. */
int mail_seal_enrol_get_active(const struct mail_seal_settings *set,
			       const buffer_t **content_r,
			       const char *const **keys_r,
			       struct seal_error *error);

/* Appends what is enrolled, as text. Returns 1, 0 if nothing is, or -1. */
int mail_seal_enrol_get(const struct mail_seal_settings *set, buffer_t *text,
			struct mail_seal_enrol_error *error_r);

#endif
