/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_PUBLIC_H
#define DOVEADM_SEAL_PUBLIC_H

struct doveadm_cmd_context;

/* doveadm seal status, with --public: who can read the mail in team mailboxes,
   and who may */
void doveadm_seal_status_public(struct doveadm_cmd_context *cctx);

#endif
