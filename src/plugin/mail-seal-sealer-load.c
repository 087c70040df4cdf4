/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-seal-sealer.h"

#include <dlfcn.h>

static const struct mail_seal_sealer *loaded_sealer;

const struct mail_seal_sealer *mail_seal_sealer_get(struct seal_error *error)
{
	void *handle;

	if (loaded_sealer != NULL)
		return loaded_sealer;
	/* It stays loaded: GLib's types can't be taken out of a process. */
	handle = dlopen(MAIL_SEAL_SEALER_MODULE,
			RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle != NULL)
		loaded_sealer = dlsym(handle, MAIL_SEAL_SEALER_SYMBOL);
	if (loaded_sealer == NULL) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't load the sealing library: %s",
			       dlerror());
	}
	return loaded_sealer;
}

const struct mail_seal_sealer *mail_seal_sealer_get_loaded(void)
{
	return loaded_sealer;
}

void mail_seal_sealer_unload(void)
{
	if (loaded_sealer != NULL)
		loaded_sealer->deinit();
	loaded_sealer = NULL;
}
