/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "../core/core.h"

#include <dlfcn.h>

static const struct mail_seal_core *loaded_core;

const struct mail_seal_core *mail_seal_core_get(struct seal_error *error)
{
	void *handle;

	if (loaded_core != NULL)
		return loaded_core;
	/* It stays loaded: GLib's types can't be taken out of a process. */
	handle = dlopen(MAIL_SEAL_CORE_MODULE,
			RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle != NULL)
		loaded_core = dlsym(handle, MAIL_SEAL_CORE_SYMBOL);
	if (loaded_core == NULL) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't load the sealing library: %s",
			       dlerror());
	}
	return loaded_core;
}

const struct mail_seal_core *mail_seal_core_get_loaded(void)
{
	return loaded_core;
}

void mail_seal_core_unload(void)
{
	if (loaded_core != NULL)
		loaded_core->deinit();
	loaded_core = NULL;
}
