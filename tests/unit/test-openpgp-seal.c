/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "engine.h"
#include "format/check.h"
#include "test-lib.h"
#include "test-openpgp-seal.h"

#include <errno.h>
#include <sys/random.h>

/*
 * The kernel's random source, as the engine sees it
 */

ssize_t __real_getrandom(void *data, size_t size, unsigned int flags);
ssize_t __wrap_getrandom(void *data, size_t size, unsigned int flags);

enum random_mode random_mode;
unsigned int random_left;
GByteArray *random_given;

ssize_t __wrap_getrandom(void *data, size_t size, unsigned int flags)
{
	static bool signalled;

	if (random_mode == RANDOM_FAILS && random_left-- == 0) {
		errno = ENOSYS;
		return -1;
	}
	if (random_mode == RANDOM_SLOW) {
		signalled = !signalled;
		if (signalled) {
			errno = EINTR;
			return -1;
		}
		size = MIN(size, 1);
	}
	assert_int_equal(__real_getrandom(data, size, flags), size);
	if (random_given != NULL)
		g_byte_array_append(random_given, data, size);
	return size;
}

/*
 * Sealing
 */

static int
append(const void *data, size_t size, void *context,
       struct seal_error *error G_GNUC_UNUSED)
{
	g_byte_array_append(context, data, size);
	return 0;
}

static int
checked(const void *data, size_t size, void *context, struct seal_error *error)
{
	return check_push(context, data, size, error);
}

GByteArray *
seal_to(struct certificate *const *recipients, size_t count, const char *plain,
	size_t size, size_t step, struct seal_error *error)
{
	const struct check_params check_params = {
		.recipients = recipients, .recipient_count = count, .now = TEST_NOW
	};
	GByteArray *out = g_byte_array_new();
	struct check *check = check_new(&check_openpgp, &check_params, append,
					out);
	const struct engine_params params = {
		.recipients = recipients, .recipient_count = count, .now = TEST_NOW,
		.output = checked, .context = check
	};
	const struct engine *engine = &engine_openpgp_libcrypto;
	struct engine_job *job;
	int ret;

	if (random_given == NULL)
		random_given = g_byte_array_new();
	g_byte_array_set_size(random_given, 0);
	job = engine->start(&params, error);
	ret = job == NULL ? -1 : 0;
	for (size_t i = 0; ret == 0 && i < size; i += step) {
		ret = engine->write(job, plain + i, MIN(step, size - i),
				    error);
	}
	if (ret == 0)
		ret = engine->finish(job, error);
	if (ret == 0)
		ret = check_finish(check, error);
	if (job != NULL)
		engine->free(job);
	check_free(&check);
	if (ret == 0)
		return out;
	assert_int_not_equal(error->code, SEAL_ERROR_NONE);
	g_byte_array_unref(out);
	return NULL;
}
