/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_PUBLIC_PRIVATE_H
#define DOVEADM_SEAL_PUBLIC_PRIVATE_H

#include "hash.h"
#include "public-rows.h"

struct istream;
struct mail_seal_plugin_interface;

/* What the files of "doveadm seal status --public" share. */

struct public_row {
	const char *username, *fingerprint, *problem;
};

/* A team mailbox that somebody sees */
struct public_mailbox {
	const char *vname;
	struct doveadm_seal_recipient *recipients;
	unsigned int recipient_count;
	ARRAY(struct public_row) rows;
};

struct public_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	const struct mail_seal_plugin_interface *plugin;
	const char *const *masks;
	/* whom the command line names; NULL: all that Dovecot lists */
	const char *user_mask;
	struct istream *user_file;

	ARRAY(struct public_mailbox *) mailboxes;
	/* "PREFIX ROOT" of namespaces whose mailboxes are known */
	ARRAY_TYPE(const_string) places;

	/* those to ask: first who is named or listed, then who is met */
	ARRAY_TYPE(const_string) users;
	HASH_TABLE(const char *, const char *) user_set;
	unsigned int next, listed_count;
	const char *current;
	/* who isn't a user of Dovecot's, or whose session couldn't begin */
	HASH_TABLE(const char *, const char *) problems;
};

/* public.c: says something of a user, or of a certificate; both can be NULL.
   The fingerprint stays the caller's. */
void doveadm_seal_public_add_row(struct public_cmd_context *ctx,
				 struct public_mailbox *mailbox,
				 const char *username, const char *fingerprint,
				 const char *problem);
/* Somebody else is to be asked, if he isn't yet. */
void doveadm_seal_public_add_user(struct public_cmd_context *ctx,
				  const char *name);
/* Is it known of everybody whether he may read? */
bool doveadm_seal_public_asks_everybody(const struct public_cmd_context *ctx);

/* public-mailboxes.c: finds the team mailboxes that this user sees, whatever
   his rights, and their recipients. Returns 0, or -1 and has said why. */
int doveadm_seal_public_find_mailboxes(struct public_cmd_context *ctx,
				       struct mail_user *user);

#endif
