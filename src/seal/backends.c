/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "backends.h"
#include "openssl/openpgp-engine.h"

#include <string.h>

/* A back end's name, what it can do, and the engine */
struct backend {
	const char *name;
	enum certificate_kind kind;
	/* Can it seal to this certificate? */
	bool (*can)(struct certificate *certificate,
		    const struct engine_params *params);
	const struct engine *engine;
	/* Are all parts of it as they must be? As backend_check(); NULL if that
	   shows only when a message is sealed. */
	int (*check)(struct certificate *certificate, time_t now,
		     struct seal_error *error);
};

static bool any(struct certificate *certificate G_GNUC_UNUSED,
		const struct engine_params *params G_GNUC_UNUSED)
{
	return true;
}

/* The first that can is taken. */
static const struct backend backends[] = {
	{ "libcrypto", CERTIFICATE_KIND_OPENPGP, openpgp_libcrypto_can,
	  &engine_openpgp_libcrypto, openpgp_libcrypto_check },
	{ "gpg", CERTIFICATE_KIND_OPENPGP, any, &engine_openpgp_gpg, NULL },
	{ "cms", CERTIFICATE_KIND_X509, any, &engine_smime, NULL }
};

static bool name_is(const char *name, const struct backend *backend)
{
	return name == NULL || strcmp(name, "auto") == 0 ||
		strcmp(name, backend->name) == 0;
}

static bool
backend_can(const struct backend *backend, const struct engine_params *params)
{
	for (size_t i = 0; i < params->recipient_count; i++) {
		if (params->recipients[i]->kind != backend->kind ||
		    !backend->can(params->recipients[i], params))
			return false;
	}
	return true;
}

static const struct backend *
find_backend(const struct engine_params *params, const char *name)
{
	/* the name is one for OpenPGP; others have only one engine */
	if (params->recipient_count > 0 &&
	    !backend_exists(params->recipients[0]->kind, name))
		name = NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
		if (name_is(name, &backends[i]) &&
		    backend_can(&backends[i], params))
			return &backends[i];
	}
	return NULL;
}

const struct engine *backend_choose(const struct engine_params *params,
				    const char *name)
{
	const struct backend *backend = find_backend(params, name);

	return backend == NULL ? NULL : backend->engine;
}

int backend_check(struct certificate *certificate, const char *name,
		  bool compress, time_t now, struct seal_error *error)
{
	const struct engine_params params = {
		.recipients = &certificate,
		.recipient_count = 1,
		.compress = compress,
		.now = now
	};
	const struct backend *backend = find_backend(&params, name);

	return backend == NULL || backend->check == NULL ? 0 :
		backend->check(certificate, now, error);
}

bool backend_exists(enum certificate_kind kind, const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
		if (backends[i].kind == kind && name_is(name, &backends[i]))
			return true;
	}
	return false;
}
