/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_COPY_H
#define MAIL_SEAL_COPY_H

struct mail;
struct mail_save_context;

/* A copy of a plaintext message is made a save, which then comes by the
   seal. */
int mail_seal_copy(struct mail_save_context *ctx, struct mail *mail);

/* Is the message encrypted already? Returns 1, 0 also if the core isn't there
   to look at it, or -1 if it can't be read. */
int mail_seal_mail_is_encrypted(struct mail *mail);

#endif
