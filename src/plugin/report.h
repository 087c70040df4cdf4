/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_REPORT_H
#define MAIL_SEAL_REPORT_H

#include "../seal/seal-error.h"

struct event;

/* What Dovecot's statistics are told of each message: what has come of it and
   why, in words that never change and that the manual page lists. Nothing that
   the message says, and nobody's address. */

enum mail_seal_result {
	MAIL_SEAL_RESULT_SEALED,
	/* was encrypted when it came */
	MAIL_SEAL_RESULT_ENCRYPTED,
	/* as it came, plaintext */
	MAIL_SEAL_RESULT_STORED,
	MAIL_SEAL_RESULT_FAILED
};

enum mail_seal_reason {
	/* sealed */
	MAIL_SEAL_REASON_USABLE_KEY,
	/* sealed, or stored where no key can be used: what mail_seal itself
	   writes to the owner */
	MAIL_SEAL_REASON_OWN_MESSAGE,
	/* encrypted */
	MAIL_SEAL_REASON_ALREADY_ENCRYPTED,
	/* stored */
	MAIL_SEAL_REASON_DSYNC,
	MAIL_SEAL_REASON_PUBLIC,
	MAIL_SEAL_REASON_EXCLUDED,
	MAIL_SEAL_REASON_NO_SOURCES,
	/* lazy_expunge puts aside what was stored before, as it was stored */
	MAIL_SEAL_REASON_EXPUNGED,
	/* copied as it is, because it can't be read: what it is isn't known */
	MAIL_SEAL_REASON_UNREADABLE,
	/* stored or failed */
	MAIL_SEAL_REASON_KEYS_MAILBOX,
	MAIL_SEAL_REASON_MISSING_KEY,
	MAIL_SEAL_REASON_UNUSABLE_KEY,
	/* failed */
	MAIL_SEAL_REASON_UNKNOWN_OWNER,
	/* a setting of ours is where it has no effect */
	MAIL_SEAL_REASON_SETTINGS,
	MAIL_SEAL_REASON_ENGINE,
	MAIL_SEAL_REASON_TIMEOUT,
	MAIL_SEAL_REASON_TEMPORARY_FILE,
	/* the message broke off */
	MAIL_SEAL_REASON_INCOMPLETE,
	/* the mailbox's storage can only copy it as it is */
	MAIL_SEAL_REASON_COPY,
	/* Dovecot couldn't store it; nothing was wrong with the seal */
	MAIL_SEAL_REASON_STORAGE,
	/* who saved it gave up */
	MAIL_SEAL_REASON_CANCELLED
};

/* The work on one message. Zeroed, it is none. */
struct mail_seal_report {
	/* created when the work began; NULL if there is nothing to report */
	struct event *event;
	/* the engine's name, or NULL if none was needed */
	const char *engine;
	/* read, and given to the storage; 0 if nothing was saved */
	uoff_t bytes_in, bytes_out;
	/* the first cause of a failure */
	bool failed;
	enum mail_seal_reason failure;
};

/* The reason that an error of src/seal is. */
enum mail_seal_reason mail_seal_reason_of_error(enum seal_error_code code);

/* Work on a message begins, unless it has: a copy may become a save. */
void mail_seal_report_begin(struct mail_seal_report *report,
			    struct event *parent);
/* It is going to fail. Only the first reason counts. */
void mail_seal_report_failing(struct mail_seal_report *report,
			      enum mail_seal_reason reason);
/* It has ended, or has failed, for this reason if there is no other yet. Sends
   the event mail_seal_finished and ends the report. */
void mail_seal_report_end(struct mail_seal_report *report,
			  enum mail_seal_result result,
			  enum mail_seal_reason reason);
void mail_seal_report_fail(struct mail_seal_report *report,
			   enum mail_seal_reason reason);
/* Somebody else reports it. */
void mail_seal_report_drop(struct mail_seal_report *report);

/* A change of an owner's certificates */
struct mail_seal_key_change {
	/* by what and by whom, see enrol.h */
	const char *way, *who;
	/* "set" or "unset" */
	const char *action;
	/* fingerprints, "none" or "unreadable" */
	const char *old_keys, *new_keys;
};
/* Logs it, and sends the event mail_seal_key_changed. Returns the line, from
   the data stack. */
const char *
mail_seal_report_key_changed(struct event *user_event,
			     const struct mail_seal_key_change *change);

/* A change of a team's members or of their certificates */
struct mail_seal_group_change {
	/* its name */
	const char *group;
	/* "add", "remove" or "sync" */
	const char *action;
	/* the member's name, or "" if he has none */
	const char *member;
	/* by what and by whom, see enrol.h */
	const char *way, *who;
	/* fingerprints, or "none" */
	const char *old_keys, *new_keys;
};
/* Logs it, and sends the event mail_seal_group_changed. Returns the line, from
   the data stack. */
const char *
mail_seal_report_group_changed(struct event *user_event,
			       const struct mail_seal_group_change *change);

#endif
