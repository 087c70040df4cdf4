/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_LIST_LOOK_H
#define DOVEADM_SEAL_LIST_LOOK_H

#include "../../plugin/state.h"
#include "list-state.h"

struct mail_seal_certificate;
struct mail_seal_plugin_interface;
struct mail_seal_settings;

/* A user's row */
struct doveadm_seal_list_row {
	enum doveadm_seal_list_state state;
	/* the certificate to show, NULL if none can be read */
	const struct mail_seal_certificate *certificate;
	/* of it, or what the state remembers */
	const char *fingerprint;
	const char *problem;
	struct mail_seal_state owner_state;
	/* fingerprints that wait */
	const char *pending;
};

/* Finds out how it stands with this user, with what the owner's state remembers
   where that holds. Strings are from the data stack. */
void doveadm_seal_list_look(const struct mail_seal_plugin_interface *plugin,
			    const struct mail_seal_settings *set,
			    struct doveadm_seal_list_row *row_r);

#endif
