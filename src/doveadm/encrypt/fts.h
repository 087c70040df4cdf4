/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_FTS_H
#define DOVEADM_SEAL_FTS_H

struct doveadm_mail_cmd_context;
struct mail_user;

/* A full text search index keeps the words of what was expunged. Has Dovecot
   look, as "doveadm fts rescan" does. Returns 0, or -1 after having said what
   went wrong. */
int doveadm_seal_fts_forget(struct doveadm_mail_cmd_context *ctx,
			    struct mail_user *user);

#endif
