/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Loads the core with the first message to seal, if it fits. */

#include "lib.h"
#include "../core/build.h"
#include "../core/core.h"

#include <dlfcn.h>

static const struct mail_seal_core *loaded_core;

void mail_seal_interface_check(const void *interface, size_t size)
{
	const void *const *row = interface;

	for (size_t i = 0; i < size / sizeof(*row); i++)
		i_assert(row[i] != NULL);
}

/* A core of before there was a build in it has no such symbol. */
static const struct mail_seal_core *
core_find(void *handle, struct seal_error *error)
{
	const struct mail_seal_core *core =
		dlsym(handle, MAIL_SEAL_CORE_SYMBOL);

	if (core != NULL && strcmp(core->build, MAIL_SEAL_BUILD) == 0) {
		mail_seal_interface_check(core, sizeof(*core));
		return core;
	}
	seal_error_set(error, SEAL_ERROR_ENGINE, MAIL_SEAL_OTHER_BUILD": the "
		       "plugin in memory is "MAIL_SEAL_BUILD", the installed "
		       "sealing library %s",
		       core == NULL ? "is older" : core->build);
	return NULL;
}

const struct mail_seal_core *mail_seal_core_get(struct seal_error *error)
{
	void *handle;

	if (loaded_core != NULL)
		return loaded_core;
	/* It stays loaded: GLib's types can't be taken out of a process. */
	handle = dlopen(MAIL_SEAL_CORE_MODULE,
			RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle != NULL)
		loaded_core = core_find(handle, error);
	else {
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
