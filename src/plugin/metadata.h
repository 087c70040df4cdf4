/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_METADATA_H
#define MAIL_SEAL_METADATA_H

/* Enrolment over IMAP: the server entry /private/vendor/vendor.mail-seal/keys
   (RFC 5464) is what the user's first writable source has. Needs no dict for
   METADATA. */
void mail_seal_metadata_init(void);
void mail_seal_metadata_deinit(void);

#endif
