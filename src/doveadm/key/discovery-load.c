/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Loads the module of the sources of certificates with the first command that
   needs it, if it fits. */

#include "lib.h"
#include "../../core/build.h"
#include "discovery-load.h"

#include <dlfcn.h>

static const struct discovery_interface *loaded;

const struct discovery_interface *
doveadm_seal_discovery_get(const char **error_r)
{
	const struct discovery_interface *found;
	void *handle;

	if (loaded != NULL)
		return loaded;
	/* It stays loaded: GLib can't be taken out of a process. */
	handle = dlopen(MAIL_SEAL_DISCOVERY_MODULE,
			RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle == NULL) {
		*error_r = t_strdup_printf("can't load the library that finds "
					   "certificates (Debian: package "
					   "dovecot-mail-seal-find): %s",
					   dlerror());
		return NULL;
	}
	found = dlsym(handle, DISCOVERY_INTERFACE_SYMBOL);
	if (found == NULL || strcmp(found->build, MAIL_SEAL_BUILD_ID) != 0) {
		*error_r = MAIL_SEAL_OTHER_BUILD": the library that finds "
			"certificates isn't of doveadm's version";
		return NULL;
	}
	loaded = found;
	return loaded;
}
