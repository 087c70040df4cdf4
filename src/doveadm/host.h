/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_HOST_H
#define DOVEADM_SEAL_HOST_H

struct mail_storage_service_ctx;

/* So many users in a row of whom nothing can be found out are no accident. */
#define DOVEADM_SEAL_FAILURES_MAX 5
/* What is said then, of so many, and if doveadm_seal_auth_answers() is FALSE */
#define DOVEADM_SEAL_FAILURES_TEXT \
	"Nothing came of %u users in a row, so the others aren't begun"
#define DOVEADM_SEAL_NO_LISTING_TEXT \
	"Can't list all users: Dovecot doesn't answer: %m"

/* Is this user's mail on another server? As Dovecot's own commands find it out,
   see doveadm-mail-server.c: where doveadm_port is set, by what the passdb tells
   a proxy. Returns 1 and that server's name; 0 if it is here, also of one whom
   the passdb doesn't know; or -1 and half a sentence: nobody knows where it is.
   All from the data stack. As root, where doveadm is. */
int doveadm_seal_find_host(struct mail_storage_service_ctx *service,
			   const char *username, const char **host_r,
			   const char **error_r);

/* Asks the userdb for this user, so that the next one who asks has a connection
   that works: one to an auth process that has ended is noticed by the next lookup
   only, which fails, and then doveadm gives up all other users. Returns 1, 0 if
   there is no such user, or -1 if it can't be told. */
int doveadm_seal_renew_auth(struct mail_storage_service_ctx *service,
			    const char *username);

/* Does the auth process listen? Returns FALSE and errno if it doesn't, or not
   for us. Dovecot 2.3 panics when it lists users and nobody is there
   (auth-master.c), which it begins to do after a command's init(). */
bool doveadm_seal_auth_answers(struct mail_storage_service_ctx *service);

#endif
