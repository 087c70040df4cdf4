/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_NOTIFY_PENDING_H
#define MAIL_SEAL_NOTIFY_PENDING_H

#include "notify.h"

/* The part of mail_seal_notify() that is about what is pending. */
void mail_seal_notify_pending(const struct mail_seal_settings *set,
			      mail_seal_notify_callback_t *callback,
			      void *context);

#endif
