/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_H
#define DOVEADM_SEAL_DOCTOR_H

/* To be called when doveadm loads its modules, before it reads its settings
   and loads the mail plugins, where it would end if they are broken: if the
   command is "seal doctor" for the server, does it, and ends doveadm. */
void doveadm_seal_doctor_before_settings(void);

#endif
