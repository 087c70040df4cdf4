/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_BY_SERVER_H
#define DOVEADM_SEAL_BY_SERVER_H

/* From now on a command of "doveadm seal" whose users are on other servers gets
   round what Dovecot would do wrong with many answers. */
void doveadm_seal_by_server_init(void);
void doveadm_seal_by_server_deinit(void);

#endif
