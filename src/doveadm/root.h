/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_ROOT_H
#define DOVEADM_SEAL_ROOT_H

#include <sys/types.h>

/* For what is root's own, while doveadm works with the rights of a mail user
   (MAIL_STORAGE_SERVICE_FLAG_TEMP_PRIV_DROP). Where it isn't root's, nothing
   changes. */

/* Returns what doveadm_seal_root_end() wants. */
uid_t doveadm_seal_root_begin(void);
/* Keeps errno. */
void doveadm_seal_root_end(uid_t uid);

#endif
