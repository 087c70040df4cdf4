/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "gpg-context.h"
#include "exec-protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An operation of gpg has three: status, input, output. */
#define GPG_MAX_FDS 8
/* These, and one for gpg --version */
#define GPG_MAX_PIPES 4

struct gpg_fd {
	struct gpg_context *context;
	gpgme_io_cb_t callback;
	void *data;
	int fd;
	bool for_reading;
	bool used;
};

struct gpg_context {
	gpgme_ctx_t gpgme;
	gpgme_protocol_t protocol;
	bool keep;

	struct gpg_fd fds[GPG_MAX_FDS];
	/* of a key listing */
	GPtrArray *keys;

	/* microseconds gpg may keep us waiting, all turns together */
	gint64 patience;

	bool running;
	bool ended;
	gpgme_error_t result;

	bool seen_end_encryption;
	bool seen_import_result;
	bool seen_exit_ok;
	bool seen_other_protocol;
};

static struct gpg_context *kept_context;

/*
 * GPGME's callbacks
 */

static gpgme_error_t
gpg_io_add(void *data, int fd, int for_reading, gpgme_io_cb_t callback,
	   void *callback_data, void **tag_r)
{
	struct gpg_context *context = data;
	int flags;

	for (unsigned int i = 0; i < GPG_MAX_FDS; i++) {
		struct gpg_fd *slot = &context->fds[i];

		if (slot->used)
			continue;
		slot->context = context;
		slot->callback = callback;
		slot->data = callback_data;
		slot->fd = fd;
		slot->for_reading = for_reading != 0;
		slot->used = true;
		*tag_r = slot;
		/* gpg may be waiting for us to read while we write */
		flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
			return gpgme_error_from_errno(errno);
		return 0;
	}
	return gpgme_error(GPG_ERR_TOO_LARGE);
}

static void gpg_io_remove(void *tag)
{
	struct gpg_fd *slot = tag;

	slot->used = false;
}

static void
gpg_io_event(void *data, gpgme_event_io_t type, void *event_data)
{
	struct gpg_context *context = data;
	const struct gpgme_io_event_done_data *done;

	switch (type) {
	case GPGME_EVENT_DONE:
		done = event_data;
		context->ended = true;
		context->result = done->err != 0 ? done->err : done->op_err;
		break;
	case GPGME_EVENT_NEXT_KEY:
		if (context->keys != NULL)
			g_ptr_array_add(context->keys, event_data);
		else
			gpgme_key_unref(event_data);
		break;
	default:
		break;
	}
}

static gpgme_error_t
gpg_status(void *data, const char *keyword, const char *arguments)
{
	struct gpg_context *context = data;

	if (strcmp(keyword, "END_ENCRYPTION") == 0)
		context->seen_end_encryption = true;
	else if (strcmp(keyword, "IMPORT_RES") == 0)
		context->seen_import_result = true;
	else if (strcmp(keyword, "SUCCESS") == 0 &&
		 strcmp(arguments, EXEC_PROTOCOL) == 0)
		context->seen_exit_ok = true;
	else if (strncmp(arguments, EXEC_NAME, strlen(EXEC_NAME)) == 0 &&
		 strncmp(arguments, EXEC_PROTOCOL" ",
			 strlen(EXEC_PROTOCOL" ")) != 0)
		context->seen_other_protocol = true;
	return 0;
}

/*
 * Contexts
 */

/* GPGME 1.18 to 1.24 don't close the pipes they have made when they can't make
   all (engine-gpg.c start()), so a process that is short of descriptors for a
   moment would be so for ever. */
static int gpg_check_descriptors(struct seal_error *error)
{
	int fds[2 * GPG_MAX_PIPES];
	unsigned int count = 0;
	int ret = 0;

	while (count < GPG_MAX_PIPES && ret == 0) {
		ret = pipe(&fds[2 * count]);
		if (ret == 0)
			count++;
		else {
			seal_error_set(error, SEAL_ERROR_ENGINE,
				       "can't run gpg: %s",
				       g_strerror(errno));
		}
	}
	for (unsigned int i = 0; i < 2 * count; i++)
		close(fds[i]);
	return ret;
}

/* GPGME asks every engine it finds for its version, without our helper and so
   with privileges. Let it find none but the helper: it looks in PATH, once
   (GPGME src/posix-util.c find_executable()). */
static int gpg_library_init(bool *first_r, struct seal_error *error)
{
	static bool initialized = false;
	gpgme_engine_info_t info;
	gpgme_error_t err;
	char *path, *helper_name, *helper_dir;

	*first_r = !initialized;
	if (initialized)
		return 0;
	helper_name = g_path_get_basename(MAIL_SEAL_HELPER);
	helper_dir = g_path_get_dirname(MAIL_SEAL_HELPER);
	path = g_strdup(getenv("PATH"));
	(void)gpgme_set_global_flag("disable-gpgconf", "1");
	(void)gpgme_set_global_flag("gpg-name", helper_name);
	g_setenv("PATH", helper_dir, TRUE);
	(void)gpgme_check_version(NULL);
	err = gpgme_get_engine_info(&info);
	if (path != NULL)
		g_setenv("PATH", path, TRUE);
	else
		g_unsetenv("PATH");
	g_free(path);
	g_free(helper_name);
	g_free(helper_dir);
	if (err != 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't set up GPGME: %s", gpgme_strerror(err));
		return -1;
	}
	initialized = true;
	return 0;
}

static bool gpg_has_version(gpgme_ctx_t gpgme)
{
	gpgme_engine_info_t info = gpgme_ctx_get_engine_info(gpgme);

	while (info != NULL && info->protocol != GPGME_PROTOCOL_OPENPGP)
		info = info->next;
	/* where gpg doesn't answer GPGME makes up 1.0.0 */
	return info != NULL && info->version != NULL &&
		strcmp(info->version, "1.0.0") != 0;
}

static void gpg_context_free(struct gpg_context *context)
{
	if (context->running && !context->ended)
		(void)gpgme_cancel(context->gpgme);
	if (context->gpgme != NULL)
		gpgme_release(context->gpgme);
	g_free(context);
}

static struct gpg_context *
gpg_context_alloc(gpgme_protocol_t protocol, struct seal_error *error)
{
	struct gpg_context *context = g_new0(struct gpg_context, 1);
	struct gpgme_io_cbs callbacks = {
		.add = gpg_io_add,
		.add_priv = context,
		.remove = gpg_io_remove,
		.event = gpg_io_event,
		.event_priv = context
	};
	gpgme_error_t err;

	err = gpgme_new(&context->gpgme);
	if (err == 0) {
		context->protocol = protocol;
		err = gpgme_set_protocol(context->gpgme, protocol);
	}
	if (err != 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't set up GPGME: %s", gpgme_strerror(err));
		gpg_context_free(context);
		return NULL;
	}
	gpgme_set_io_cbs(context->gpgme, &callbacks);
	return context;
}

static struct gpg_context *
gpg_context_new(const char *keyring_home, struct seal_error *error)
{
	struct gpg_context *context;
	gpgme_error_t err = 0;
	bool first;

	if (gpg_library_init(&first, error) < 0)
		return NULL;
	context = gpg_context_alloc(GPGME_PROTOCOL_OPENPGP, error);
	if (context == NULL)
		return NULL;
	context->keep = keyring_home == NULL;
	/* This asks for the version once more; so only where it says something
	   new: of another home, or when there was no gpg the first time. */
	if (keyring_home != NULL ||
	    (!first && !gpg_has_version(context->gpgme))) {
		err = gpgme_ctx_set_engine_info(context->gpgme,
			GPGME_PROTOCOL_OPENPGP, MAIL_SEAL_HELPER,
			keyring_home != NULL ? keyring_home :
			MAIL_SEAL_GNUPG_HOME);
	}
	if (err != 0 || !gpg_has_version(context->gpgme)) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't run "MAIL_SEAL_GPG" by "MAIL_SEAL_HELPER);
		gpg_context_free(context);
		return NULL;
	}
	gpgme_set_status_cb(context->gpgme, gpg_status, context);
	(void)gpgme_set_ctx_flag(context->gpgme, "full-status", "1");
	gpgme_set_offline(context->gpgme, 1);
	return context;
}

static void
gpg_context_begin(struct gpg_context *context, unsigned int timeout_secs)
{
	context->patience = (gint64)timeout_secs * G_USEC_PER_SEC;
	context->running = context->ended = false;
	context->result = 0;
	context->seen_end_encryption = context->seen_import_result =
		context->seen_exit_ok = context->seen_other_protocol = false;
}

struct gpg_context *
gpg_context_get(const char *keyring_home, unsigned int timeout_secs,
		struct seal_error *error)
{
	struct gpg_context *context;

	if (gpg_check_descriptors(error) < 0)
		return NULL;
	if (keyring_home == NULL && kept_context != NULL) {
		context = kept_context;
		kept_context = NULL;
	} else {
		context = gpg_context_new(keyring_home, error);
		if (context == NULL)
			return NULL;
	}
	gpg_context_begin(context, timeout_secs);
	return context;
}

struct gpg_context *
gpg_context_get_spawn(unsigned int timeout_secs, struct seal_error *error)
{
	struct gpg_context *context;
	bool first;

	if (gpg_check_descriptors(error) < 0 ||
	    gpg_library_init(&first, error) < 0)
		return NULL;
	context = gpg_context_alloc(GPGME_PROTOCOL_SPAWN, error);
	if (context != NULL)
		gpg_context_begin(context, timeout_secs);
	return context;
}

void gpg_context_put(struct gpg_context **_context)
{
	struct gpg_context *context = *_context;

	if (context == NULL)
		return;
	*_context = NULL;
	context->keys = NULL;
	if (context->keep && kept_context == NULL && context->ended &&
	    context->result == 0 && context->seen_exit_ok)
		kept_context = context;
	else
		gpg_context_free(context);
}

void gpg_context_deinit(void)
{
	if (kept_context != NULL)
		gpg_context_free(kept_context);
	kept_context = NULL;
}

gpgme_ctx_t gpg_context_gpgme(struct gpg_context *context)
{
	return context->gpgme;
}

void gpg_context_set_keys(struct gpg_context *context, GPtrArray *keys)
{
	context->keys = keys;
}

GPtrArray *gpg_key_array_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)gpgme_key_unref);
}

bool gpg_context_seen_end_encryption(const struct gpg_context *context)
{
	return context->seen_end_encryption;
}

bool gpg_context_seen_import_result(const struct gpg_context *context)
{
	return context->seen_import_result;
}

/*
 * Operations
 */

static int
gpg_context_failed(gpgme_error_t err, struct seal_error *error)
{
	switch (gpgme_err_code(err)) {
	case GPG_ERR_UNUSABLE_PUBKEY:
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "gpg refuses a certificate");
		break;
	default:
		seal_error_set(error, SEAL_ERROR_ENGINE, "gpg failed: %s",
			       gpgme_strerror(err));
		break;
	}
	return -1;
}

int gpg_context_started(struct gpg_context *context,
			gpgme_error_t start_error, struct seal_error *error)
{
	if (start_error != 0)
		return gpg_context_failed(start_error, error);
	context->running = true;
	return 0;
}

static unsigned int
gpg_context_pollfds(struct gpg_context *context, bool want_write,
		    struct pollfd *pollfds, struct gpg_fd **slots)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < GPG_MAX_FDS; i++) {
		struct gpg_fd *slot = &context->fds[i];

		if (!slot->used || (!slot->for_reading && !want_write))
			continue;
		pollfds[count].fd = slot->fd;
		pollfds[count].events = slot->for_reading ? POLLIN : POLLOUT;
		slots[count++] = slot;
	}
	return count;
}

int gpg_context_turn(struct gpg_context *context, bool want_write,
		     struct seal_error *error)
{
	struct pollfd pollfds[GPG_MAX_FDS];
	struct gpg_fd *slots[GPG_MAX_FDS];
	unsigned int count;
	gint64 start;
	int ret;

	if (context->ended)
		return 0;
	count = gpg_context_pollfds(context, want_write, pollfds, slots);
	start = g_get_monotonic_time();
	/* rounded up, so that it is 0 only when patience is */
	ret = poll(pollfds, count, (context->patience + 999) / 1000);
	context->patience -= g_get_monotonic_time() - start;
	if (ret < 0 && errno == EINTR && context->patience > 0)
		return 1;
	if (ret < 0 && errno != EINTR) {
		seal_error_set(error, SEAL_ERROR_ENGINE, "poll() failed: %s",
			       g_strerror(errno));
		return -1;
	}
	if (ret <= 0 || context->patience <= 0) {
		seal_error_set(error, SEAL_ERROR_TIMEOUT,
			       "gpg took too long and was ended");
		return -1;
	}
	for (unsigned int i = 0; i < count; i++) {
		/* a callback may have removed it */
		if (pollfds[i].revents != 0 && slots[i]->used &&
		    slots[i]->fd == pollfds[i].fd)
			(void)slots[i]->callback(slots[i]->data,
						 slots[i]->fd);
	}
	return context->ended ? 0 : 1;
}

int gpg_context_finish(struct gpg_context *context, struct seal_error *error)
{
	int ret;

	while ((ret = gpg_context_turn(context, true, error)) > 0) ;
	if (ret < 0)
		return -1;
	if (context->seen_other_protocol) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "mail_seal was upgraded, restart Dovecot: "
			       MAIL_SEAL_HELPER" is of another version");
		return -1;
	}
	if (context->result != 0)
		return gpg_context_failed(context->result, error);
	if (context->protocol == GPGME_PROTOCOL_OPENPGP &&
	    !context->seen_exit_ok) {
		if (access(MAIL_SEAL_HELPER, X_OK) < 0) {
			seal_error_set(error, SEAL_ERROR_ENGINE,
				       "can't run "MAIL_SEAL_HELPER": %s",
				       g_strerror(errno));
		}
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg ended before its work was done");
		return -1;
	}
	return 0;
}
