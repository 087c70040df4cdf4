/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_MAILBOX_H
#define MAIL_SEAL_MAILBOX_H

struct mailbox;

/* Takes over the mailbox's save and copy. */
void mail_seal_mailbox_allocated(struct mailbox *box);

#endif
