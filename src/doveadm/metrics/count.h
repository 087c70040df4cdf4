/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_METRICS_COUNT_H
#define DOVEADM_SEAL_METRICS_COUNT_H

struct mail_seal_plugin_interface;
struct mail_user;

/* Adds the number of messages in the user's private mailboxes that aren't
   encrypted and should be. Returns 0, or -1 if not all could be looked at,
   which is said. */
int metrics_count_plaintext(const struct mail_seal_plugin_interface *plugin,
			    struct mail_user *user, uint64_t *count);

#endif
