/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_SERVER_H
#define DOVEADM_SEAL_DOCTOR_SERVER_H

#include "findings.h"

struct doctor_conf;

/* The protocols that store mail, NULL-terminated: the names that doveconf and
   the userdb know them by */
extern const char *const doctor_protocols[];
/* Is it one that this server has? */
bool doctor_has_protocol(const struct doctor_conf *conf, const char *protocol);

/* Checks the configuration, the machine and the running Dovecot. Needs nothing
   of doveadm's settings and plugins. */
void doctor_check_server(struct doctor_findings *findings);

#endif
