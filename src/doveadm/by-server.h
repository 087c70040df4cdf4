/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_BY_SERVER_H
#define DOVEADM_SEAL_BY_SERVER_H

/* From now on a command of "doveadm seal" for many users asks one server after
   the other for them, by one connection, where Dovecot could get stuck with
   several. */
void doveadm_seal_by_server_init(void);
void doveadm_seal_by_server_deinit(void);

#endif
