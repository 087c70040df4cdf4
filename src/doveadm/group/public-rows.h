/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_PUBLIC_ROWS_H
#define DOVEADM_SEAL_PUBLIC_ROWS_H

/* What is wrong between who may read a team mailbox and to whom its mail is
   sealed: decided for one user at a time, without means. */

/* A certificate to which the mailbox's mail is sealed */
struct doveadm_seal_recipient {
	const char *fingerprint;
	/* as the group's record says, or NULL */
	const char *member;
	/* the administrator gave it */
	bool from_file;
	/* why it can't be used, or NULL */
	const char *problem;
	/* somebody has been found whose it is */
	bool known;
};

/* A user, and the mailbox */
struct doveadm_seal_reader {
	const char *username;
	/* fingerprints of the active certificates, NULL-terminated */
	const char *const *keys;
	bool may_read;
};

/* Finds the user's certificates among the recipients, which are known from then
   on. Returns NULL if all is well, or what isn't, from the data stack; and the
   certificate that this is about, or NULL. */
const char *doveadm_seal_reader_problem(
	const struct doveadm_seal_reader *reader,
	struct doveadm_seal_recipient *recipients, unsigned int count,
	const char **fingerprint_r);

#endif
