/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_RENAME_H
#define MAIL_SEAL_RENAME_H

struct mailbox;

/* A mailbox that is excluded takes its plaintext along when it is renamed.
   Messages never change, so that can't be prevented; but it is said. */
int mail_seal_rename_box(struct mailbox *src, struct mailbox *dest);

#endif
